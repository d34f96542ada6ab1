"""Recognises a key that was written into a definition, where everybody can read it. Pure."""

from __future__ import annotations

import re
from typing import Final

#: Headers that carry a credential and nothing else.
_HEADER: Final = re.compile(
    r"(?:proxy-)?authorization|cookie|(?:[a-z0-9]+-)*(?:api-?key|(?:auth|access)-?token|password"
    r"|secret(?:-key)?)",
    re.IGNORECASE,
)
#: Entries of a query or body that usually carry one.
_ENTRY: Final = re.compile(r".{0,40}(?:key|token|secret|password)", re.IGNORECASE)
#: How keys begin, as their services document; and web tokens.
_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|fc|bu|xai|gsk|tvly|pplx|ghp|glpat|key)[-_][A-Za-z0-9_-]{12,}"
    r"|AIza[A-Za-z0-9_-]{30,}|AKIA[A-Z0-9]{16}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
)
_LONG_WORD: Final = re.compile(r"[A-Za-z0-9]{24,}")
_FEWEST_DIGITS: Final = 3


def is_key_in_header(name: str, text: str, *, has_placeholder: bool) -> bool:
    """Whether a header's literal text looks like a key.

    Args:
        name: The header.
        text: Its value without the placeholders.
        has_placeholder: Whether it had one, which then is the credential.
    """
    if not has_placeholder and text and _HEADER.fullmatch(name):
        return True
    return _has_known_key(text) or _has_random_word(text)


def is_key_in_entry(name: str, text: str) -> bool:
    """Whether the literal text of a query's or body's entry looks like a key.

    A long random word may be an identifier, so it counts only where the name says what it is.
    """
    return _has_known_key(text) or (bool(_ENTRY.fullmatch(name)) and _has_random_word(text))


def _has_known_key(text: str) -> bool:
    """Whether a text has a key of a known form."""
    return _KEY.search(text) is not None


def _has_random_word(text: str) -> bool:
    """Whether a text has a long word that is hexadecimal, or of small letters, capitals, digits."""
    return any(
        sum(character.isdigit() for character in word) >= _FEWEST_DIGITS
        and (
            word.lower() != word != word.upper() or not set(word.lower()) - set("0123456789abcdef")
        )
        for word in _LONG_WORD.findall(text)
    )
