"""A definition's ``text`` and ``headers``: sources of figures other than a JSON body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from balance_poller.definitions.field import Field, parse_pattern

if TYPE_CHECKING:
    from balance_poller.definitions.language.pattern import Pattern

_HEADER_NAME: Final = r"[a-z][a-z0-9-]{0,59}"
#: These carry sessions, never figures.
_REFUSED: Final = ("set-cookie", "www-authenticate")


class AnswerSpec(NamedTuple):
    """How an answer is turned into the document that expressions apply to."""

    text: Pattern | None = None
    """If set, the answer is not JSON, and the document is an object of the pattern's groups."""
    headers: tuple[str, ...] = ()
    """Names in lower case. If any, the document is an object of ``headers`` and ``body``."""


def parse_answer_spec(top: Mapping[str, Field]) -> AnswerSpec:
    """Read ``text`` and ``headers``."""
    text = parse_pattern(top.get("text"), takes_groups=True)
    if text is not None and not text.groups:
        top["text"].refuse("expected a group, (?P<name>…), around the part that expressions select")
    entries = top["headers"].items(at_most=10) if "headers" in top else []
    for entry in entries:
        name = entry.text(_HEADER_NAME, "a header's name in lower case")
        if name in _REFUSED:
            entry.refuse("this header is not for figures")
    return AnswerSpec(text, tuple(str(entry.value) for entry in entries))
