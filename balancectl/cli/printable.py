"""Makes text printable: what others wrote must not control the terminal. Pure.

Definitions, reasons of silences and answers of AWS come from others. An escape sequence among them
could rewrite the screen or the clipboard, and a direction mark could make a line read backwards.
"""

from __future__ import annotations

from shared.text import is_visible


def printable(text: str) -> str:
    r"""Return ``text`` with everything invisible shown as its escape: ``\x1b``, ``\u202e``."""
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    return "\n".join(_escaped(line) for line in lines)


def printable_json(text: str) -> str:
    """Return JSON text with everything invisible as JSON's escapes; it stays the same document."""
    return "\n".join(
        "".join(c if is_visible(c) else _json_escape(c) for c in line) for line in text.split("\n")
    )


def _escaped(line: str) -> str:
    """Return a line with its invisible characters escaped as Python does."""
    return "".join(
        c if is_visible(c) else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in line
    )


def _json_escape(character: str) -> str:
    """Return a character's escape in JSON, of one or two UTF-16 units."""
    digits = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4))
