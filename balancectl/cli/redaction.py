"""Keys that this process has read, so that no output can show one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_known: Final[set[str]] = set()


def remember(key: str | Mapping[str, str]) -> None:
    """Mask ``key``, or every part of it, in whatever is printed from now on."""
    parts: Iterable[str] = [key] if isinstance(key, str) else key.values()
    new = {part for part in parts if part and part not in _known}
    if new:
        from shared.telemetry import redactor  # noqa: PLC0415 -- loads Powertools

        _known.update(new)
        redactor().add(new)


def clean(text: str) -> str:
    """Return ``text`` with every key that was remembered masked."""
    if not _known:
        return text
    from shared.telemetry import redactor  # noqa: PLC0415 -- loaded already

    return redactor().clean(text)
