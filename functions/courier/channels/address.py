"""A channel's address: its service and credentials. Mistakes are reported immediately."""

from __future__ import annotations

from typing import Any, Final

from apprise import Apprise, AppriseAsset
from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins import url_to_dict
from apprise.plugins.base import NotifyBase

from courier.channels import quiet
from courier.channels.pagers import BY_ALIAS, PAGERS

#: Apprise retries within one call and counts an optional failure as a success: the queue, which
#: knows what is left to send, would lose either.
_REFUSED: Final = ("optional", "retry", "wait")


class AddressError(ValueError):
    """An address cannot be used. The text quotes nothing of it."""


class Address:
    """A parsed address, from which a new service is created for each post.

    Args:
        text: the address, which holds a token.

    Raises:
        AddressError: with a sentence that says what to correct.
    """

    def __init__(self, text: str) -> None:
        quiet.silence()
        quiet.remember(text)
        self._arguments: dict[str, Any] = url_to_dict(text.strip()) or {}
        if not self._arguments:
            raise AddressError(
                "it is not an address that Apprise knows: it begins like slack://, or is the"
                " webhook's own https:// address; docs/channels.md lists examples"
            )
        for name in _REFUSED:
            if name in self._arguments.get("qsd", {}):
                raise AddressError(f"{name}= is not allowed in it: the queue repeats failed posts")
        if self.service(asset()) is None:
            raise AddressError(
                f"it is not a complete address of {self.schema}, or the service needs software that"
                " the courier does not have; docs/channels.md lists examples"
            )

    def __repr__(self) -> str:
        return f"{self.schema}://..."

    @property
    def schema(self) -> str:
        """The service: ``slack``."""
        return str(self._arguments["schema"])

    @property
    def is_pager(self) -> bool:
        """Whether the service keeps incidents that an end has to close."""
        return self.schema in PAGERS

    def says(self, name: str) -> bool:
        """Whether the address sets an argument itself."""
        return name in self._arguments.get("qsd", {})

    def service(self, look: AppriseAsset, **arguments: Any) -> NotifyBase | None:  # noqa: ANN401 -- a plug-in's own
        """Return the service with further arguments; None if Apprise refuses them."""
        given = {**self._arguments, **arguments}
        if self.schema not in BY_ALIAS:
            return Apprise.instantiate(given, asset=look)
        try:
            return BY_ALIAS[self.schema](**given, asset=look)
        except (AppriseImproperlyConfigured, TypeError):
            return None


def asset(link: str = "") -> AppriseAsset:
    """Return the look of posts: our name, no foreign picture, no redirect followed."""
    return AppriseAsset(
        app_id="Balance Monitor",
        app_desc="Balance Monitor",
        app_url=link,
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        service_timeout=20,
    )
