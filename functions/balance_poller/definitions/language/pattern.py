r"""Patterns of a definition: a small part of regular expressions, matched in linear time.

A pattern is a sequence of characters and character classes, each with at most one repetition, and
must match a whole text: no alternatives, no anchors, and groups only to name a part of a text.
Python's ``re`` tries all ways in which repetitions can share a text out (``(a+)+b``, but
``a?a?a?aaa`` as well), which can take hours; here each part passes over the text once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate
from typing import Final, NamedTuple

MAX_PATTERN: Final = 500
#: No text that is matched is longer, which also bounds ``+`` and ``*``.
MAX_TEXT: Final = 4096
_MOST_TIMES: Final = 200

#: The same as in provider.schema.json and in infra/terraform/modules/configuration.
_ESCAPE: Final = r"\\[dw!-/:-@\[-`{-~]"
_ONE: Final = rf"\.|{_ESCAPE}|[^\\^$.|?*+()\[\]{{}}]|\[\^?(?:{_ESCAPE}|[^\\\[\]^])+\]"
_MANY: Final = r"[?*+]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\}"
PATTERN: Final = re.compile(f"(?:(?:{_ONE})(?:{_MANY})?)+")
#: With named groups around parts of it.
TEXT_PATTERN: Final = re.compile(
    rf"(?:(?:{_ONE})(?:{_MANY})?|\(\?P<[a-z][a-z0-9_]*>(?:(?:{_ONE})(?:{_MANY})?)+\))+"
)
_TOKEN: Final = re.compile(
    rf"\(\?P<(?P<opens>[a-z][a-z0-9_]*)>|(?P<closes>\))|(?P<one>{_ONE})(?P<many>{_MANY})?"
)


class PatternError(ValueError):
    """A pattern cannot be used; the text says why."""


class _Part(NamedTuple):
    """A character or class, how often it may occur, and its group."""

    is_one: Callable[[str], object]
    at_least: int
    at_most: int
    group: str | None = None


class Pattern(NamedTuple):
    """A compiled pattern."""

    source: str
    parts: tuple[_Part, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of its groups, in order."""
        return tuple(dict.fromkeys(part.group for part in self.parts if part.group))

    def matches(self, text: str) -> bool:
        """Return whether the whole of ``text`` matches; False for one that is too long."""
        return self.find_groups(text) is not None

    def find_groups(self, text: str) -> dict[str, str] | None:
        """Return what each group matches, earlier parts greedily; None for no match."""
        if len(text) > MAX_TEXT:
            return None
        # For each part, the places from which it and all after it match the rest of the text.
        starts = [[False] * len(text) + [True]]
        for part in reversed(self.parts):
            starts.append(_places_before(part, starts[-1], text))
        starts.reverse()
        return self._walk(text, starts) if starts[0][0] else None

    def _walk(self, text: str, starts: list[list[bool]]) -> dict[str, str]:
        """Return what each group matches, given from where each part can go on to the end."""
        found = dict.fromkeys(self.groups, "")
        begin = 0
        for part, can_go_on in zip(self.parts, starts[1:], strict=True):
            end = begin
            while end < len(text) and end - begin < part.at_most and part.is_one(text[end]):
                end += 1
            while not can_go_on[end]:
                end -= 1
            if part.group:
                found[part.group] += text[begin:end]
            begin = end
        return found


def compile_pattern(source: str, *, takes_groups: bool = False) -> Pattern:
    """Compile ``source``.

    Raises:
        PatternError: when it is longer than 500 characters, or anything but a sequence of
            characters and classes with a repetition each (and named groups where it takes them).
    """
    if len(source) > MAX_PATTERN:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters")
    if not (TEXT_PATTERN if takes_groups else PATTERN).fullmatch(source):
        groups = "no groups but (?P<name>…) around a part" if takes_groups else "no groups"
        raise PatternError(
            "a pattern is a sequence of characters and classes such as [a-z0-9], each with at most"
            f" one of ? * + {{2}} {{2,8}}, and matches the whole: {groups}, no alternatives, no"
            r" anchors; \ before a punctuation mark takes it as it is"
        )
    parts: list[_Part] = []
    names: list[str] = []
    group = None
    for token in _TOKEN.finditer(source):
        if token["opens"] or token["closes"]:
            group = token["opens"]
            names += [group] if group else []
        else:
            parts.append(_part(token, group))
    if len(set(names)) < len(names):
        raise PatternError("two groups have the same name")
    return Pattern(source, tuple(parts))


def _part(token: re.Match[str], group: str | None) -> _Part:
    """Return one part of a pattern."""
    try:
        is_one = re.compile(token["one"], re.ASCII).fullmatch
    except re.error as exc:
        raise PatternError(f"{token['one']} is no character class: {exc}") from None
    at_least, at_most = _repetition(token["many"] or "{1}")
    if at_least > at_most or (at_most != MAX_TEXT and at_most > _MOST_TIMES):
        raise PatternError(f"{token[0]} repeats more than {_MOST_TIMES} times, or never")
    return _Part(is_one, at_least, at_most, group)


def _repetition(many: str) -> tuple[int, int]:
    """Return how often a part must and may occur."""
    if many in "?*+":
        return (1 if many == "+" else 0), (1 if many == "?" else MAX_TEXT)
    at_least, has_range, at_most = many[1:-1].partition(",")
    if not has_range:
        return int(at_least), int(at_least)
    return int(at_least), int(at_most or MAX_TEXT)


def _places_before(part: _Part, after: list[bool], text: str) -> list[bool]:
    """Return from where ``part`` can reach one of the places ``after`` it."""
    sums = [0, *accumulate(after)]
    places = [False] * len(after)
    run = 0
    for start in range(len(text), -1, -1):
        run = run + 1 if start < len(text) and part.is_one(text[start]) else 0
        longest = min(run, part.at_most)
        if longest >= part.at_least:
            places[start] = sums[start + longest + 1] > sums[start + part.at_least]
    return places
