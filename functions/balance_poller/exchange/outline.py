"""Outlines an answer for the author of a definition: names and types, never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from balance_poller.definitions.language.expression import json_type
from balance_poller.exchange.answer.response import Response

#: A member's ordinary name. A name that echoes something, such as a key, has more digits.
_NAME: Final = re.compile(r"[A-Za-z_$@][A-Za-z_.$@ -]{0,31}[0-9]{0,2}")
_MOST_NAMES: Final = 12
_MOST_CHARACTERS: Final = 60


def outline(value: object, depth: int = 2) -> str:
    """Return the type of ``value``, with the contents of an object or list.

    Such as ``an object with data (an object with balance (text), plan (text))``.
    """
    if isinstance(value, Mapping) and value and depth:
        shown = list(value.items())[:_MOST_NAMES]
        parts = [f"{_shown_name(name)} ({outline(part, depth - 1)})" for name, part in shown]
        rest = len(value) - len(shown)
        return "an object with " + ", ".join(parts) + (f" and {rest} more" if rest else "")
    if isinstance(value, list) and value and depth:
        return f"a list of {len(value)}, the first {outline(value[0], depth)}"
    return "an empty object" if value == {} else json_type(value)


def outline_text(response: Response) -> str:
    """Return the shape of an answer that is not JSON: letters as ``a``, digits as 9."""
    text = response.body[: 4 * _MOST_CHARACTERS].decode("utf-8", "replace").strip()
    masked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))
    shown = re.sub(r"[^\x20-\x7e]+", " ", masked)[:_MOST_CHARACTERS]
    kind = response.content_type.partition(";")[0].strip() or "no content type"
    size = len(response.body)
    return f"{kind}, {size} bytes" + (f', written like "{shown}"' if shown else "")


def _shown_name(name: object) -> str:
    """Return a member's name, or an ellipsis if it may be more than a name."""
    text = str(name)
    return text if _NAME.fullmatch(text) else "…"
