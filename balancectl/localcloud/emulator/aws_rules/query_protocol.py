"""Parses the flat fields of AWS's query protocol into nested parameters. Pure.

Source: "AWS query protocol" in the Smithy specification, read 2026-11: lists are
``Name.member.1``, or ``Name.1`` if flattened, maps ``Name.entry.1.key`` and ``.value``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def parse_query(shape: StructureShape, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of ``shape`` that ``fields`` carry.

    Raises:
        ValueError: when a number is malformed.
    """
    return _structure(shape, "", fields)


def _parse(shape: Shape, prefix: str, fields: Mapping[str, str]) -> Any:  # noqa: ANN401 -- any type
    """Return the value of the fields below ``prefix``; None if there are none."""
    if not any(name == prefix or name.startswith(f"{prefix}.") for name in fields):
        return None
    if isinstance(shape, StructureShape):
        return _structure(shape, f"{prefix}.", fields)
    if isinstance(shape, ListShape):
        return _list(shape, prefix, fields)
    if isinstance(shape, MapShape):
        return _map(shape, prefix, fields)
    return _scalar(shape, fields[prefix])


def _structure(shape: StructureShape, prefix: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the members that are present."""
    found = {}
    for name, member in shape.members.items():
        value = _parse(member, prefix + _wire_name(name, member), fields)
        if value is not None:
            found[name] = value
    return found


def _wire_name(name: str, member: Shape) -> str:
    """Return a member's name in the fields; a flattened list's is that of its members."""
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        return str(member.member.serialization.get("name", member.serialization.get("name", name)))
    return str(member.serialization.get("name", name))


def _list(shape: ListShape, prefix: str, fields: Mapping[str, str]) -> list[Any]:
    """Return a list's members in order."""
    if shape.serialization.get("flattened"):
        base = prefix
    else:
        base = f"{prefix}.{shape.member.serialization.get('name', 'member')}"
    return [_parse(shape.member, name, fields) for name in _numbered(base, fields)]


def _map(shape: MapShape, prefix: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return a map's entries."""
    base = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    return {
        fields[f"{name}.{key_name}"]: _parse(shape.value, f"{name}.{value_name}", fields)
        for name in _numbered(base, fields)
    }


def _numbered(base: str, fields: Mapping[str, str]) -> Iterator[str]:
    """Yield ``base.1``, ``base.2`` and so on, while there are such fields."""
    number = 1
    while any(
        name == f"{base}.{number}" or name.startswith(f"{base}.{number}.") for name in fields
    ):
        yield f"{base}.{number}"
        number += 1


def _scalar(shape: Shape, text: str) -> Any:  # noqa: ANN401 -- any type of the model
    """Return one value."""
    match shape.type_name:
        case "integer" | "long":
            return int(text)
        case "float" | "double":
            return float(text)
        case "boolean":
            return text.lower() == "true"
        case _:
            return text
