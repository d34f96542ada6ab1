"""Checks a whole variables file: its structure first, then Terraform's rules on the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from balancectl.cli.errors import CliError
from balancectl.configuration.declarations import Declaration, read_declarations, with_known_types
from balancectl.configuration.hcl import nodes
from balancectl.configuration.hcl.parser import parse_variables
from balancectl.configuration.problems import Path, Problem, Severity
from balancectl.configuration.rules import CHECKOUT, MODULE, ROOT, rule_problems
from balancectl.configuration.structure import structure_problems
from balancectl.configuration.suggestions import names_of, suggest

#: How the rules' sentences name a value, and its path in the variable.
_SUBJECTS: Final = {
    "Account": "accounts",
    "Custom provider": "custom_providers",
    "Operations subscriber": "operations_subscribers",
    "Subscriber": "subscribers",
}
_SUBJECT: Final = re.compile(
    rf'(?P<kind>{"|".join(_SUBJECTS)})s?(?::| "(?P<name>[^"]+)"(?: of (?P<elsewhere>[a-z_]+) )?)'
)
_CUSTOM: Final = "custom_providers"
#: Stand-ins for faulty values, so that the rules can check the others.
_STAND_INS: Final[dict[str, dict[str, Any]]] = {
    "accounts": {"provider": "openrouter", "warning": 1},
    "subscribers": {"protocol": "email", "endpoint": "someone@example.com"},
    "operations_subscribers": {"protocol": "email", "endpoint": "someone@example.com"},
}


def check_file(text: str, source: str) -> list[Problem]:
    """Return everything that is wrong with a variables file, in the order of its lines.

    Raises:
        CliError: When the file is malformed, or Terraform cannot be run.
    """
    tree = parse_variables(text, source)
    declared = known_variables()
    found = list(structure_problems(tree, declared))
    faulty = {problem.path[:2] for problem in found}
    for _ in range(2):  # a refused variable prevents checks of everything that depends on it
        values = _without_faults(tree, declared, faulty)
        if values is None:
            break
        placed = [_placed(problem, tree) for problem in rule_problems(values)]
        new = [problem for problem in placed if problem.path[:2] not in faulty]
        found += new
        refused = {
            problem.path
            for problem in new
            if len(problem.path) == 1 and not declared[problem.path[0]].is_required
        }
        if not refused:
            break
        faulty |= refused
    if any(problem.severity is Severity.ERROR for problem in found):
        # Most warnings would be consequences; those that are not come back with the next check.
        found = [problem for problem in found if problem.severity is Severity.ERROR]
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.line or 0, problem.path))


def known_variables() -> dict[str, Declaration]:
    """Return the variables that a file may set.

    Raises:
        CliError: Outside of a checkout.
    """
    module = CHECKOUT / MODULE
    if not module.exists():
        raise CliError(
            "the rules are part of the Terraform module, which this installation does not have: "
            "run balancectl from a checkout"
        )
    inner = read_declarations(module / "modules" / "configuration")
    return with_known_types(read_declarations(module, CHECKOUT / ROOT), inner)


def _without_faults(
    tree: nodes.Mapping, declared: Mapping[str, Declaration], faulty: Iterable[Path]
) -> dict[str, Any] | None:
    """Return the values with stand-ins for faulty entries; None if a variable has none."""
    values = {k: v for k, v in nodes.plain(tree).items() if k in declared and v is not None}
    for variable, *entry in faulty:
        named = values.get(variable)
        if entry and isinstance(named, dict) and entry[0] in named:
            if variable in _STAND_INS:
                named[entry[0]] = _STAND_INS[variable]
            elif variable != _CUSTOM:
                del named[entry[0]]
        else:
            values.pop(variable, None)
    is_complete = all(name in values for name, each in declared.items() if each.is_required)
    return values if is_complete else None


def _placed(problem: Problem, tree: nodes.Mapping) -> Problem:
    """Return a rule's problem with its path and line, and a suggestion if a name is close."""
    path = problem.path
    if subject := _SUBJECT.match(problem.text):
        path = (_SUBJECTS[subject["kind"]], *filter(None, [subject["name"]]))
        if subject["elsewhere"]:
            path = (subject["elsewhere"],)
        entry = _node_at(tree, path)
        names = (
            [member.name for member in entry.members] if isinstance(entry, nodes.Mapping) else []
        )
        named = re.findall(r"[a-z_]+", problem.text[subject.end() :])
        path = (*path, *[name for name in named if name in names][:1])
    return replace(
        problem,
        text=suggest(problem.text, names_of(tree)),
        path=path,
        line=nodes.line_at(tree, path),
        names_itself=True,
    )


def _node_at(node: nodes.Node | None, path: Path) -> nodes.Node | None:
    """Return the value at ``path``."""
    for name in path:
        node = node.get(name) if isinstance(node, nodes.Mapping) else None
    return node
