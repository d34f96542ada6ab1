"""The compiled ``request`` of a definition: where key, parameters and fixed texts go. Pure."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from balance_poller.definitions.language.template import Template

#: Sent unless the definition sets them; some balance endpoints are behind caches.
DEFAULT_HEADERS: Final = {
    "Accept": "application/json",
    "Cache-Control": "no-cache",
    "User-Agent": "balance-monitor",
}
BODY_HEADERS: Final = {"Content-Type": "application/json"}
_LOOPBACK: Final = r"localhost|127(\.\d{1,3}){3}|::1"


class RequestSpec(NamedTuple):
    """A definition's ``request``, compiled."""

    method: Template
    scheme: str
    """Empty for a self-hosted service, as is ``host``."""
    host: Template
    """Host and port; may contain only parameters with ``one_of``."""
    path: Template
    query: tuple[tuple[str, Template], ...]
    headers: tuple[tuple[str, Template], ...]
    """Includes the defaults that the definition does not replace."""
    basic: tuple[Template, Template] | None
    json: Any
    """JSON with templates instead of texts; None for no body."""
    secret_fields: tuple[str, ...] = ()
    """The fields of a multi-part secret; empty when it is a single key."""

    @property
    def is_self_hosted(self) -> bool:
        """Whether the definition names no host."""
        return not self.scheme


def is_loopback(host: str) -> bool:
    """Return whether ``host`` names this machine, without a lookup."""
    return bool(re.fullmatch(_LOOPBACK, host.lower()))
