"""Finds problems that Terraform does not report, or reports without their place. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from balance_poller.definitions.definition import check_definition
from balancectl.configuration.declarations import Declaration
from balancectl.configuration.hcl import nodes
from balancectl.configuration.hcl.parser import repeated_names
from balancectl.configuration.problems import Problem
from balancectl.configuration.types import MapOf, ObjectOf, type_problems
from balancectl.configuration.unknown import unknown_variable_hint

_CUSTOM: Final = "custom_providers"
#: Maps whose names people choose; two that differ only in case are a mistake.
_NAMED: Final = ("accounts", _CUSTOM, "subscribers", "operations_subscribers")


def structure_problems(
    tree: nodes.Mapping, declared: Mapping[str, Declaration]
) -> Iterator[Problem]:
    """Yield repeated and unknown names, wrong types, and invalid definitions."""
    for path, line, first in repeated_names(tree):
        text = f"already set in line {first}: Terraform would silently drop one; remove it"
        yield Problem(text, path, line)
    for name, declaration in declared.items():
        if declaration.is_required and nodes.is_null(tree.get(name)):
            yield Problem("missing: set this variable", (name,), tree.line_of(name))
    for member in tree.members:
        if member.name not in declared:
            hint = unknown_variable_hint(member.name, declared, _account_fields(declared))
            yield Problem(f"unknown variable; {hint}", (member.name,), member.line)
        else:
            type_ = declared[member.name].type
            yield from type_problems(member.node, type_, (member.name,), declared)
    yield from _similar_names(tree)
    yield from _definition_problems(tree)


def _account_fields(declared: Mapping[str, Declaration]) -> Collection[str]:
    """Return the names of an account's fields."""
    match declared["accounts"].type:
        case MapOf(ObjectOf(fields)):
            return fields
        case _:
            return ()


def _similar_names(tree: nodes.Mapping) -> Iterator[Problem]:
    """Yield names that differ only in case."""
    for variable in _NAMED:
        named = tree.get(variable)
        if not isinstance(named, nodes.Mapping):
            continue
        first: dict[str, nodes.Member] = {}
        for member in named.members:
            other = first.setdefault(member.name.casefold(), member)
            if other.name != member.name:
                text = f"differs from {other.name} (line {other.line}) only in case: rename one"
                yield Problem(text, (variable, member.name), member.line)


def _definition_problems(tree: nodes.Mapping) -> Iterator[Problem]:
    """Check custom definitions against the schema."""
    custom = tree.get(_CUSTOM)
    if not isinstance(custom, nodes.Mapping):
        return
    for member in custom.members:
        for problem in check_definition(nodes.plain(member.node)):
            where, colon, text = problem.partition(": ")
            path = tuple(where.split(".")) if colon else ()
            line = nodes.line_at(member.node, path) or member.line
            yield Problem(text or problem, (_CUSTOM, member.name, *path), line)
