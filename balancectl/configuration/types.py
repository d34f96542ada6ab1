"""Parses Terraform's type constraints, and checks values against them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from balancectl.cli.formatting import join_names
from balancectl.configuration.hcl.lexer import Kind, Token, tokenize
from balancectl.configuration.hcl.nodes import Mapping, Node, Scalar, Sequence, is_null
from balancectl.configuration.problems import Path, Problem
from balancectl.configuration.unknown import unknown_field_hint
from shared.money import NumberError, parse_number

#: A number with other text around it. No other value is quoted, because it may be a key.
_NEARLY_A_NUMBER: Final = re.compile(r"\s*[$€£]?\s*(-?\d[\d.,]*)\s*[A-Za-z%€£$]{0,8}\s*", re.ASCII)
_THOUSANDS: Final = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_EXAMPLES: Final = {
    "number": "a number, such as 20",
    "bool": "true or false",
    "string": 'a string in quotation marks, such as "text"',
}
#: Fields for which the example of their type would not help.
_FIELD_EXAMPLES: Final = {
    "endpoint": 'one address in quotation marks, such as "team@example.com"; each further one is'
    " another subscriber",
    "provider": 'the name of one provider, such as "openrouter"',
}
_ENTRY_EXAMPLES: Final = {
    "accounts": '{ provider = "openrouter", warning = 20 }',
    "subscribers": '{ protocol = "email", endpoint = "team@example.com" }',
    "operations_subscribers": '{ protocol = "email", endpoint = "team@example.com" }',
}
#: Beyond what Terraform and JSON agree on; no setting comes near.
_LARGEST: Final = Decimal("1e300")


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


def type_problems(
    node: Node, type_: Type, path: Path, variables: Collection[str] = ()
) -> Iterator[Problem]:
    """Yield type mismatches, and unknown or missing fields.

    Args:
        node: The value.
        type_: What it must be.
        path: Where it stands.
        variables: The variables that a file may set: one of them is no field's name.
    """
    match type_, node:
        case Primitive("any"), _:
            return
        case _, Scalar(None) if len(path) == 1 or not isinstance(type_, ObjectOf):
            return  # null: the default; where there is none, it is missing
        case Primitive(), Scalar():
            yield from _primitive_problems(node, type_.name, path)
        case ListOf(), Sequence():
            for i, item in enumerate(node.items):
                place = (*path, f"[{i}]")
                if is_null(item):
                    yield Problem("null: remove it", place, item.line)
                yield from type_problems(item, type_.element, place, variables)
        case MapOf(), Mapping():
            for member in node.members:
                place = (*path, member.name)
                yield from type_problems(member.node, type_.element, place, variables)
        case ObjectOf(), Mapping():
            yield from _object_problems(node, type_, path, variables)
        case _:
            yield Problem(f"must be {_form(type_, path)}", path, node.line)


def _object_problems(
    node: Mapping, type_: ObjectOf, path: Path, variables: Collection[str]
) -> Iterator[Problem]:
    """Check an object against its fields."""
    for member in node.members:
        field = type_.fields.get(member.name)
        if field is None:
            hint = unknown_field_hint((*path, member.name), type_.fields, variables)
            yield Problem(f"unknown field; {hint}", (*path, member.name), member.line)
        else:
            place = (*path, member.name)
            yield from type_problems(member.node, field.type, place, variables)
    present = {m.name for m in node.members if not is_null(m.node)}
    missing = [n for n, field in type_.fields.items() if not field.is_optional and n not in present]
    if missing:
        remedy = "set it" if len(missing) == 1 else "set them"
        yield Problem(f"{join_names(missing)} missing: {remedy}", path, node.line)


def _primitive_problems(node: Scalar, name: str, path: Path) -> Iterator[Problem]:
    """Check a scalar against a primitive type, with Terraform's conversions."""
    value = node.value
    match name:
        case "number" if not _is_number(value):
            nearly = _NEARLY_A_NUMBER.fullmatch(value) if isinstance(value, str) else None
            remedy = f': write {_bare(nearly[1])}, not "{value}"' if nearly else ", such as 20"
            yield Problem(f"must be a number{remedy}", path, node.line)
        case "number" if abs(parse_number(value)) > _LARGEST:
            yield Problem("must be a number of less than 300 digits", path, node.line)
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


def _form(type_: Type, path: Path) -> str:
    """Return an example of how to write a value of a type at ``path``."""
    match type_:
        case Primitive():
            return _FIELD_EXAMPLES.get(path[-1], _EXAMPLES[type_.name])
        case ListOf():
            return 'a list in square brackets, such as ["a", "b"]'
        case MapOf():
            return "a map of names and values: { name = … }"
        case ObjectOf():
            example = f"{{ {next(iter(type_.fields))} = … }}"
            return f"an object: {_ENTRY_EXAMPLES.get(path[0], example)}"


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
