"""The names and types of the Terraform module's variables, read from its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from balancectl.configuration.types import Primitive, Type, parse_type

_VARIABLE: Final = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_TYPE: Final = re.compile(r"^  type\s*=\s*((?:.*\n)(?:(?:    .*|  [)}\]].*)?\n)*)", re.MULTILINE)
_DEFAULT: Final = re.compile(r"^  default\s*=", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared variable."""

    type: Type
    is_required: bool


def read_declarations(*folders: Path) -> dict[str, Declaration]:
    """Return the variables of Terraform folders by name; later folders add only new names."""
    found: dict[str, Declaration] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.tf")):
            for name, body in _VARIABLE.findall(file.read_text(encoding="utf-8")):
                found.setdefault(name, _declaration(body))
    return found


def with_known_types(
    declared: Mapping[str, Declaration], typed: Mapping[str, Declaration]
) -> dict[str, Declaration]:
    """Return ``declared``, taking types from ``typed`` where it has ``any``."""
    return {
        name: Declaration(typed[name].type, each.is_required)
        if each.type == Primitive("any") and name in typed
        else each
        for name, each in declared.items()
    }


def _declaration(body: str) -> Declaration:
    """Return the declaration of a variable block; ``terraform fmt`` has indented it."""
    type_ = _TYPE.search(body)
    return Declaration(
        type=parse_type(type_[1]) if type_ else Primitive("any"),
        is_required=_DEFAULT.search(body) is None,
    )
