"""Masks known keys in texts, in whatever form they appear."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final
from urllib.parse import quote, quote_plus

from shared.secret import Secret, reveal

MASK: Final = "[key]"

#: Shorter texts would mask ordinary words.
_SHORTEST: Final = 6
#: Keys are compared without regard to case, in ASCII only, so that no text changes its length.
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Redactor:
    """Knows keys, and finds them as they are, and as base64, hex, in URLs and in JSON.

    A second line of defence: no code path shows a key, but somebody may add one that does.
    """

    def __init__(self) -> None:
        #: The forms of keys by a hash of their first characters, longest first: a text is searched
        #: in one pass, however many keys are known.
        self._forms: dict[int, list[Secret]] = {}
        self._keys: dict[int, Secret] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no key is known."""
        return not self._forms

    def add(self, keys: Iterable[str | Secret]) -> None:
        """Learn keys to mask; a known key costs next to nothing."""
        for key in keys:
            text = reveal(key) if isinstance(key, Secret) else key
            if len(text) < _SHORTEST or hash(text) in self._keys:
                continue
            self._keys[hash(text)] = Secret(text.translate(_LOWER))
            for form in {form.translate(_LOWER) for form in _forms(text)}:
                known = self._forms.setdefault(hash(form[:_SHORTEST]), [])
                known.append(Secret(form))
                known.sort(key=lambda secret: len(reveal(secret)), reverse=True)

    def clean(self, text: str) -> str:
        """Return ``text`` with every known key masked."""
        if not self._forms:
            return text
        lowered = text.translate(_LOWER)
        parts: list[str] = []
        kept = at = 0
        while at <= len(text) - _SHORTEST:
            length = self._match(lowered, at)
            if not length:
                at += 1
                continue
            parts += (text[kept:at], MASK)
            kept = at = at + length
        return "".join(parts) + text[kept:] if parts else text

    def clean_code(self, code: str) -> str:
        """Return an error code, or the mask if it is part of a key that an answer echoed."""
        lowered = code.translate(_LOWER)
        is_part = len(code) >= _SHORTEST and any(
            lowered in reveal(key) for key in self._keys.values()
        )
        return MASK if is_part else self.clean(code)

    def _match(self, lowered: str, at: int) -> int:
        """Return the length of the longest key that begins there; 0 for none."""
        for form in self._forms.get(hash(lowered[at : at + _SHORTEST]), ()):
            if lowered.startswith(reveal(form), at):
                return len(reveal(form))
        return 0


@cache
def redactor() -> Redactor:
    """Return the process's one redactor."""
    return Redactor()


def _forms(key: str) -> Iterator[str]:
    """Yield the forms in which ``key`` may appear."""
    raw = key.encode("utf-8", "surrogatepass")
    quoted = repr(key)[1:-1]  # how an exception such as KeyError shows it
    yield from (
        key,
        quote(key, safe="", errors="surrogatepass"),
        quote_plus(key, errors="surrogatepass"),
        json.dumps(key)[1:-1],
        json.dumps(key, ensure_ascii=False)[1:-1],
        json.dumps(quoted, ensure_ascii=False)[1:-1],
        raw.hex(),
        "".join(f"%{byte:02x}" for byte in raw),
    )
    yield from (form for form in _base64_forms(raw) if len(form) >= _SHORTEST)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Yield the base64 characters that encode only ``raw``, at each possible offset.

    HTTP Basic encodes it after a user name, so it may begin at any of three offsets.
    """
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        own = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield own
        yield own.replace("+", "-").replace("/", "_")
