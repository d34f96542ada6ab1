"""API keys as values that nothing shows, stores or sends by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

_SHOWN: Final = "<key>"


class Secret:
    """A key, or one part of a key. Only :func:`reveal` returns its text.

    It has no order and no length, and it cannot be hashed, pickled or written as JSON.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return _SHOWN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # noqa: PLC0415 -- keys are hardly ever compared, and it loads OpenSSL

        return hmac.compare_digest(
            self._text.encode("utf-8", "surrogatepass"),
            other._text.encode("utf-8", "surrogatepass"),
        )

    __hash__ = None  # type: ignore[assignment]  # equal keys need not be found

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


AccountKey = Secret | Mapping[str, Secret]
"""A key, or the named parts of one such as an id and a token."""

PlainKey = str | Mapping[str, str]
"""A key as its owner gives it, on its way into a secret."""


def seal(key: PlainKey) -> AccountKey:
    """Return ``key`` as secrets."""
    if isinstance(key, str):
        return Secret(key)
    return {name: Secret(part) for name, part in key.items()}


def secrets_of(key: AccountKey) -> Iterator[Secret]:
    """Yield every secret of ``key``."""
    yield from (key,) if isinstance(key, Secret) else key.values()


def reveal(secret: Secret) -> str:
    """Return the text: for building a request, and for knowing what to mask. Nothing else."""
    return secret._text  # noqa: SLF001 -- this is the one way in
