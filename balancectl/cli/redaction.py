"""Masks the keys that this process has read in all its output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from shared.redactor import redactor

_known: Final[set[str]] = set()


def remember(key: str | Mapping[str, str]) -> None:
    """Mask ``key``, or each of its parts, in all later output."""
    parts: Iterable[str] = [key] if isinstance(key, str) else key.values()
    new = {part for part in parts if part and part not in _known}
    if new:
        _known.update(new)
        redactor().add(new)


def clean(text: str) -> str:
    """Return ``text`` with all remembered keys masked."""
    if not _known:
        return text

    return redactor().clean(text)
