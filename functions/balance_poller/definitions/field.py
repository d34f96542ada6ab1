"""Reads the fields of a definition and collects every problem with its path. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from balance_poller.definitions.language.pattern import Pattern

#: The pattern of names of providers, wallets and parameters.
NAME: Final = r"[a-z][a-z0-9_]{0,39}"

#: JSON type names as a definition's author knows them.
_TYPES: Final = {dict: "an object", list: "a list", str: "text", bool: "true or false"}


class Problem(NamedTuple):
    """A problem in a definition, and its place."""

    path: str
    """Such as ``wallets.credits.remaining.subtract[1]``; empty for the definition as a whole."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Field(NamedTuple):
    """A value in a definition. A failed read adds a problem and returns a stand-in."""

    value: object
    path: str
    problems: list[Problem]

    def refuse(self, message: str) -> None:
        """Add a problem at this place."""
        self.problems.append(Problem(self.path, message))

    def fields(self, required: Collection[str], optional: Collection[str]) -> dict[str, Field]:
        """Return the members of an object; unknown and missing ones are problems."""
        if not isinstance(self.value, Mapping):
            self.refuse(f"expected an object, got {type_words(self.value)}")
            return {}
        found = self.members()
        for name in required:
            if name not in found:
                self.refuse(f"{name} is missing")
        for name, member in found.items():
            if name not in required and name not in optional:
                known = ", ".join(sorted([*required, *optional]))
                member.refuse(f"there is no such field; the fields here are {known}")
        return {name: found[name] for name in found if name in required or name in optional}

    def members(
        self, name_pattern: str | None = None, at_most: int = 100, *, with_nulls: bool = False
    ) -> dict[str, Field]:
        """Return the members of an object whose names the author chooses.

        Null members are left out: Terraform writes an unset attribute as null.
        """
        if not isinstance(self.value, Mapping):
            self.refuse(f"expected an object, got {type_words(self.value)}")
            return {}
        if len(self.value) > at_most:
            self.refuse(f"more than {at_most} entries")
        members = {}
        for name, value in self.value.items():
            if value is None and not with_nulls:
                continue
            field = Field(value, f"{self.path}.{name}" if self.path else str(name), self.problems)
            if name_pattern and not re.fullmatch(name_pattern, name):
                field.refuse(f"the name does not match {name_pattern}")
            members[name] = field
        return members

    def items(self, at_least: int = 1, at_most: int = 50) -> list[Field]:
        """Return the elements of a list."""
        if not isinstance(self.value, list | tuple):
            self.refuse(f"expected a list, got {type_words(self.value)}")
            return []
        if not at_least <= len(self.value) <= at_most:
            wanted = f"{at_least}" if at_least == at_most else f"{at_least} to {at_most}"
            self.refuse(f"expected {wanted} entries, got {len(self.value)}")
        return [Field(v, f"{self.path}[{i}]", self.problems) for i, v in enumerate(self.value)]

    def text(self, pattern: str | None = None, words: str = "", at_most: int = 2000) -> str:
        """Return a text that is not blank and matches ``pattern``, which ``words`` describe."""
        if not isinstance(self.value, str):
            self.refuse(f"expected text, got {type_words(self.value)}")
            return ""
        if not self.value.strip():
            self.refuse("the text is empty")
        elif len(self.value) > at_most:
            self.refuse(f"the text is longer than {at_most} characters")
        elif pattern and not re.fullmatch(pattern, self.value):
            self.refuse(f"expected {words}")
        return self.value

    def whole_number(self, at_least: int, at_most: int) -> int:
        """Return a whole number within bounds."""
        value = self.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(f"expected a whole number, got {type_words(value)}")
            return at_least
        if not at_least <= value <= at_most:
            self.refuse(f"expected {at_least} to {at_most}")
        return value

    def choice(self, choices: Collection[str]) -> str:
        """Return a text that is one of ``choices``."""
        if isinstance(self.value, str) and self.value in choices:
            return self.value
        self.refuse(f"expected one of {', '.join(choices)}")
        return next(iter(choices))

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.refuse(f"expected true or false, got {type_words(self.value)}")
        return bool(self.value)


def parse_pattern(field: Field | None, *, takes_groups: bool = False) -> Pattern | None:
    """Read an optional pattern."""
    if field is None:
        return None
    from balance_poller.definitions.language.pattern import (  # noqa: PLC0415 -- few definitions
        PatternError,
        compile_pattern,
    )

    try:
        return compile_pattern(field.text() or "x", takes_groups=takes_groups)
    except PatternError as exc:
        field.refuse(str(exc))
        return None


def type_words(value: object) -> str:
    """Name a value's JSON type; numbers are numbers."""
    if value is None:
        return "null"
    return next((words for kind, words in _TYPES.items() if isinstance(value, kind)), "a number")
