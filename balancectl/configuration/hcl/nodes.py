"""The values of a variables file as a tree that keeps lines and repeated names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Plain = str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null."""

    value: Plain
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """An object or map; several members may have the same name."""

    members: tuple[Member, ...]
    line: int

    def get(self, name: str) -> Node | None:
        """Return the value of ``name``: the last one, as in Terraform."""
        return next((m.node for m in reversed(self.members) if m.name == name), None)

    def line_of(self, name: str) -> int | None:
        """Return the line of the member ``name``."""
        return next((m.line for m in reversed(self.members) if m.name == name), None)


@dataclass(frozen=True, slots=True)
class Member:
    """A named value of a mapping."""

    name: str
    node: Node
    line: int


Node = Scalar | Sequence | Mapping


def is_null(node: Node | None) -> bool:
    """Whether a value is missing, or null."""
    return node is None or (isinstance(node, Scalar) and node.value is None)


def plain(node: Node) -> Any:  # noqa: ANN401 -- any JSON value
    """Return the tree as plain data."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {member.name: plain(member.node) for member in node.members}


def walk(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping]]:
    """Yield every mapping in the tree with its path, outermost first."""
    match node:
        case Sequence():
            for i, item in enumerate(node.items):
                yield from walk(item, (*path, f"[{i}]"))
        case Mapping():
            yield path, node
            for member in node.members:
                yield from walk(member.node, (*path, member.name))
        case Scalar():
            return


def line_at(node: Node, path: tuple[str, ...]) -> int | None:
    """Return the line of the value at ``path``, or of its closest ancestor with a name."""
    line = None
    for name in path:
        if not isinstance(node, Mapping) or (found := node.get(name)) is None:
            return line
        line, node = node.line_of(name), found
    return line
