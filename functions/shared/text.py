"""Make foreign texts safe to show: one line, nothing invisible. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

#: What a text may not contain: control characters, format characters (directions, zero width),
#: surrogates, private use, unassigned, and Unicode's own line and paragraph separators.
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def one_line(text: str, most: int = 1_000) -> str:
    """Return ``text`` on one line, in at most ``most`` visible characters and single spaces."""
    visible = "".join(character if is_visible(character) else " " for character in text)
    line = " ".join(visible.split())
    return line if len(line) <= most else f"{line[: most - 3].rstrip()}..."


def is_visible(character: str) -> bool:
    """Whether a character is displayed as itself and has no other effect."""
    return unicodedata.category(character) not in _REFUSED
