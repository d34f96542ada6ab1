"""Parses Terraform's type constraints, and checks values against them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from balancectl.cli.formatting import did_you_mean, join_names
from balancectl.configuration.lexer import Kind, Token, tokenize
from balancectl.configuration.nodes import Mapping, Node, Scalar, Sequence
from balancectl.configuration.problems import Path, Problem
from shared.money import NumberError, parse_number

#: A number with other text around it. No other value is quoted, because it may be a key.
_NEARLY_A_NUMBER: Final = re.compile(r"\s*[$€£]?\s*(-?\d[\d.,]*)\s*[A-Za-z%€£$]{0,8}\s*", re.ASCII)
_THOUSANDS: Final = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_EXAMPLES: Final = {
    "number": "a number, such as 20",
    "bool": "true or false",
    "string": 'a string in quotation marks, such as "text"',
}


@dataclass(frozen=True, slots=True)
class Primitive:
    """``string``, ``number``, ``bool`` or ``any``."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """``list(…)`` or ``set(…)``."""

    element: Type


@dataclass(frozen=True, slots=True)
class MapOf:
    """``map(…)``."""

    element: Type


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute of an object type."""

    type: Type
    is_optional: bool


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """``object({…})``."""

    fields: dict[str, Field]


Type = Primitive | ListOf | MapOf | ObjectOf


def parse_type(text: str) -> Type:
    """Return the type described by a constraint."""
    return _Constraint(tokenize(text, "type constraint")).type()


def type_problems(node: Node, type_: Type, path: Path) -> Iterator[Problem]:
    """Yield type mismatches, and unknown or missing fields."""
    match type_, node:
        case Primitive("any"), _:
            return
        case _, Scalar(None):
            return  # null: the default, or refused by name
        case Primitive(), Scalar():
            yield from _primitive_problems(node, type_.name, path)
        case ListOf(), Sequence():
            for i, item in enumerate(node.items):
                yield from type_problems(item, type_.element, (*path, f"[{i}]"))
        case MapOf(), Mapping():
            for member in node.members:
                yield from type_problems(member.node, type_.element, (*path, member.name))
        case ObjectOf(), Mapping():
            yield from _object_problems(node, type_, path)
        case _:
            yield Problem(f"must be {_form(type_)}", path, node.line)


def _object_problems(node: Mapping, type_: ObjectOf, path: Path) -> Iterator[Problem]:
    """Check an object against its fields."""
    for member in node.members:
        field = type_.fields.get(member.name)
        if field is None:
            hint = did_you_mean(member.name, type_.fields)
            yield Problem(f"unknown field; {hint}", (*path, member.name), member.line)
        else:
            yield from type_problems(member.node, field.type, (*path, member.name))
    present = {member.name for member in node.members}
    missing = [n for n, field in type_.fields.items() if not field.is_optional and n not in present]
    if missing:
        yield Problem(f"{join_names(missing)} missing: set it", path, node.line)


def _primitive_problems(node: Scalar, name: str, path: Path) -> Iterator[Problem]:
    """Check a scalar against a primitive type, with Terraform's conversions."""
    value = node.value
    match name:
        case "number" if not _is_number(value):
            nearly = _NEARLY_A_NUMBER.fullmatch(value) if isinstance(value, str) else None
            remedy = f'write {_bare(nearly[1])}, not "{value}"' if nearly else _EXAMPLES[name]
            yield Problem(f"must be a number: {remedy}", path, node.line)
        case "bool" if not (isinstance(value, bool) or value in {"true", "false"}):
            yield Problem(f"must be {_EXAMPLES[name]}", path, node.line)


def _bare(digits: str) -> str:
    """Return a number without separators and with a decimal point."""
    if _THOUSANDS.fullmatch(digits):
        return digits.replace(",", "")
    return digits.replace(",", ".").rstrip(".")


def _is_number(value: object) -> bool:
    """Whether Terraform converts ``value`` to a number."""
    try:
        parse_number(value)
    except NumberError:
        return False
    return True


def _form(type_: Type) -> str:
    """Return an example of how to write a value of a type."""
    match type_:
        case Primitive():
            return _EXAMPLES[type_.name]
        case ListOf():
            return 'a list in square brackets, such as ["a", "b"]'
        case MapOf():
            return "a map of names and values: { name = … }"
        case ObjectOf():
            return f"an object: {{ {next(iter(type_.fields))} = … }}"


class _Constraint:
    """Parses the tokens of a type constraint."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = [token for token in tokens if token.kind is not Kind.NEWLINE]
        self._at = 0

    def type(self) -> Type:
        """Parse a type."""
        name = self._next()
        if name not in {"list", "set", "map", "object"}:
            return Primitive(name)
        self._next()  # (
        if name == "object":
            found: Type = ObjectOf(self._fields())
        else:
            found = MapOf(self.type()) if name == "map" else ListOf(self.type())
        self._next()  # )
        return found

    def _fields(self) -> dict[str, Field]:
        """Parse the attributes of an object type."""
        fields: dict[str, Field] = {}
        self._next()  # {
        while (name := self._next()) != "}":
            if name == ",":
                continue
            self._next()  # =
            is_optional = self._tokens[self._at].text == "optional"
            if is_optional:
                self._at += 2
            fields[name] = Field(self.type(), is_optional)
            if is_optional:
                self._skip_default()
        return fields

    def _skip_default(self) -> None:
        """Skip the default of an optional attribute, and the closing parenthesis."""
        depth = 1
        while depth:
            depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(self._next(), 0)

    def _next(self) -> str:
        """Return the next token's text."""
        token = self._tokens[self._at]
        self._at += 1
        return token.text
