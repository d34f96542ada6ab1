"""Makes text printable: what others wrote must not control the terminal. Pure.

Definitions, reasons of silences and answers of AWS come from others. An escape sequence among them
could rewrite the screen or the clipboard, and a direction mark could make a line read backwards.
"""

from __future__ import annotations

import re
from typing import Final

#: Control characters but for the line break, and format characters that change directions or hide:
#: C0, DEL and C1; soft hyphen; Arabic letter mark; zero-width and direction marks; separators;
#: embeddings, isolates and other invisible ones; byte order mark; tags (Unicode 15, category Cf).
_UNSAFE: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""Return ``text`` with every unsafe character shown as its escape: ``\x1b``, ``\u202e``."""
    return _UNSAFE.sub(lambda match: _escape(match.group()), text.replace("\r\n", "\n"))


def printable_json(text: str) -> str:
    """Return JSON text with unsafe characters as JSON's escapes; it stays the same document."""
    return _UNSAFE.sub(lambda match: _escape_json(match.group()), text)


def _escape(character: str) -> str:
    """Return a character's escape as Python writes it."""
    if character == "\t":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def _escape_json(character: str) -> str:
    """Return a character's escape in JSON, of one or two UTF-16 units."""
    digits = character.encode("utf-16-be").hex()
    return "".join(f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4))
