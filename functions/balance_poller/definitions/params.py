"""Parameters of a definition: their declaration, and their values for an account. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from balance_poller.definitions.field import NAME, Field, parse_pattern
from balance_poller.definitions.language.template import ConfigError, has_control_characters

if TYPE_CHECKING:
    from balance_poller.definitions.language.pattern import Pattern

MAX_VALUE: Final = 200


class Param(NamedTuple):
    """One parameter."""

    description: str
    default: str | None = None
    """None if every account must set it; empty leaves out the header or query entry."""
    one_of: tuple[str, ...] = ()
    pattern: Pattern | None = None

    def problem(self, value: str) -> str | None:
        """Return why ``value`` is invalid, without quoting it; None if it is valid."""
        if self.one_of:
            return None if value in self.one_of else f"must be one of {', '.join(self.one_of)}"
        if len(value) > MAX_VALUE or has_control_characters(value):
            return f"is longer than {MAX_VALUE} characters, or has a control character in it"
        if self.pattern is not None and not self.pattern.matches(value):
            return f"does not match {self.pattern.source}"
        return None


def resolve_params(specs: Mapping[str, Param], given: Mapping[str, str]) -> dict[str, str]:
    """Return a value for every parameter.

    Raises:
        ConfigError: naming the parameter that is unknown, missing or not allowed.
    """
    for name in given:
        if name not in specs:
            known = ", ".join(specs) or "none"
            raise ConfigError(f"params.{name}: there is no such parameter; known: {known}")
    values = {}
    for name, spec in specs.items():
        value = given.get(name, spec.default)
        if value is None:
            raise ConfigError(f"params.{name} is missing: {spec.description}")
        if value != spec.default and (problem := spec.problem(value)):
            raise ConfigError(f"params.{name} {problem}")
        values[name] = value
    return values


def parse_params(field: Field | None) -> dict[str, Param]:
    """Read a definition's ``params``."""
    if field is None:
        return {}
    return {name: _parse_param(member) for name, member in field.members(NAME, at_most=20).items()}


def _parse_param(field: Field) -> Param:
    """Read one parameter."""
    fields = field.fields(("description",), ("default", "one_of", "pattern"))
    param = Param(
        description=fields["description"].text() if "description" in fields else "",
        default=_parse_default(fields.get("default")),
        one_of=tuple(entry.text() for entry in fields["one_of"].items())
        if "one_of" in fields else (),
        pattern=parse_pattern(fields.get("pattern")),
    )  # fmt: skip
    if param.default and (problem := param.problem(param.default)):
        fields["default"].refuse(problem)
    return param


def _parse_default(field: Field | None) -> str | None:
    """Return the default, which may be empty."""
    if field is None or field.value == "":
        return None if field is None else ""
    return field.text()
