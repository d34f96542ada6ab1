r"""Patterns of a definition: a small part of regular expressions, matched in linear time.

A pattern is a sequence of characters and character classes, each with at most one repetition, and
must match a whole value: no groups, no alternatives, no anchors. Python's ``re`` tries all ways in
which repetitions can share a value out (``(a+)+b``, but ``a?a?a?aaa`` as well), which can take
hours; here each part extends the places that were reached so far, once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

MAX_PATTERN: Final = 500
#: No value that is matched is longer, which bounds ``+`` and ``*``, too.
MAX_VALUE: Final = 200

#: The same as in provider.schema.json and in infra/terraform/modules/configuration.
_ESCAPE: Final = r"\\[dw!-/:-@\[-`{-~]"
_PART: Final = re.compile(
    rf"(?P<one>\.|{_ESCAPE}|[^\\^$.|?*+()\[\]{{}}]|\[\^?(?:{_ESCAPE}|[^\\\[\]^])+\])"
    r"(?P<many>[?*+]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})?"
)
PATTERN: Final = re.compile(f"(?:{re.sub(r'[?]P<[a-z]+>', '?:', _PART.pattern)})+")


class PatternError(ValueError):
    """A pattern cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A character or class, and how often it may come."""

    is_one: Callable[[str], object] = field(compare=False)
    at_least: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    source: str
    parts: tuple[_Part, ...]

    def matches(self, value: str) -> bool:
        """Return whether the whole of ``value`` matches; False for one that is too long."""
        if len(value) > MAX_VALUE:
            return False
        reached = [True] + [False] * len(value)
        for part in self.parts:
            reached = _extended(part, reached, value)
        return reached[-1]


def compile_pattern(source: str) -> Pattern:
    """Compile ``source``.

    Raises:
        PatternError: when it is longer than 500 characters, or anything but a sequence of
            characters and classes with a repetition each.
    """
    if len(source) > MAX_PATTERN:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters")
    if not PATTERN.fullmatch(source):
        raise PatternError(
            "a pattern is a sequence of characters and classes such as [a-z0-9], each with at most"
            " one of ? * + {2} {2,8}, and matches the whole value: no groups, no alternatives, no"
            r" anchors; \ before a punctuation mark takes it as it is"
        )
    return Pattern(source, tuple(_part(match) for match in _PART.finditer(source)))


def _part(match: re.Match[str]) -> _Part:
    """Return one part of a pattern."""
    try:
        is_one = re.compile(match["one"], re.ASCII).fullmatch
    except re.error as exc:
        raise PatternError(f"{match['one']} is no character class: {exc}") from None
    at_least, at_most = _repetition(match["many"] or "{1}")
    if at_least > at_most or at_least > MAX_VALUE:
        raise PatternError(f"{match[0]} can never match a value of at most {MAX_VALUE} characters")
    return _Part(is_one, at_least, at_most)


def _repetition(many: str) -> tuple[int, int]:
    """Return how often a part must and may come."""
    if many in "?*+":
        return (1 if many == "+" else 0), (1 if many == "?" else MAX_VALUE)
    at_least, has_range, at_most = many[1:-1].partition(",")
    if not has_range:
        return int(at_least), int(at_least)
    return int(at_least), int(at_most or MAX_VALUE)


def _extended(part: _Part, reached: list[bool], value: str) -> list[bool]:
    """Return where ``part`` may end in ``value``, from where the parts before it may end."""
    # Every place reached opens a range of ends, from at_least to at_most further on, as far as
    # characters match: the ranges are added up at their borders.
    borders = [0] * (len(value) + 2)
    run = 0
    for start in range(len(value), -1, -1):
        run = run + 1 if start < len(value) and part.is_one(value[start]) else 0
        longest = min(run, part.at_most)
        if reached[start] and longest >= part.at_least:
            borders[start + part.at_least] += 1
            borders[start + longest + 1] -= 1
    return [count > 0 for count in accumulate(borders[:-1])]
