"""Checks parameters against a service model: required, enum, length, range and pattern. Pure.

botocore's own validator checks neither enums nor patterns, nor upper bounds. The wording is that
of AWS's services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

#: Java's pattern syntax in the models, with the closest Python equivalents.
_FROM_JAVA: Final = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{Print}": r"\x20-\x7e",
    r"\w-_": r"\w\-_",
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
}


def violations(shape: Shape | None, parameters: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``parameters``, one sentence each, as AWS words it."""
    if shape is None:
        return []
    return [f"Value {value} at '{path}' failed to satisfy constraint: {rule}"
            for path, value, rule in _check(shape, parameters, "")]  # fmt: skip


_Violation = tuple[str, str, str]
"""Where, the value as AWS shows it, and the rule."""


def _check(shape: Shape, value: Any, path: str) -> Iterator[_Violation]:  # noqa: ANN401 -- any type
    """Yield the violations of one value and of everything in it."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _check_structure(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, Sequence):
        yield from _check_size(shape, len(value), value, path, "length")
        for number, member in enumerate(value, 1):
            yield from _check(shape.member, member, f"{path}.{number}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        yield from _check_size(shape, len(value), value, path, "length")
        for key, member in value.items():
            yield from _check(shape.key, key, f"{path}.key")
            yield from _check(shape.value, member, f"{path}.{key}.member")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _check_string(shape, value, path)
    elif shape.type_name == "blob" and isinstance(value, bytes | str):
        return
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_size(shape, value, value, path, "value")


def _check_structure(
    shape: StructureShape, value: Mapping[str, Any], path: str
) -> Iterator[_Violation]:
    """Yield missing members, and the violations of present ones."""
    for name, member in shape.members.items():
        below = f"{path}.{_camel(name)}" if path else _camel(name)
        if value.get(name) is not None:
            yield from _check(member, value[name], below)
        elif name in shape.required_members and "idempotencyToken" not in member.metadata:
            yield below, "null", "Member must not be null"


def _check_string(shape: StringShape, value: str, path: str) -> Iterator[_Violation]:
    """Yield the violations of a text."""
    yield from _check_size(shape, len(value), value, path, "length")
    if shape.enum and value not in shape.enum:
        rule = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        yield path, _shown(shape, value), rule
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        rule = f"Member must satisfy regular expression pattern: {pattern}"
        yield path, _shown(shape, value), rule


def _check_size(
    shape: Shape, size: float, value: object, path: str, what: str
) -> Iterator[_Violation]:
    """Yield a violated lower or upper bound."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        rule = f"Member must have {what} greater than or equal to {low}"
        yield path, _shown(shape, value), rule
    if high is not None and size > high:
        rule = f"Member must have {what} less than or equal to {high}"
        yield path, _shown(shape, value), rule


def _shown(shape: Shape, value: object) -> str:
    """Return a value as AWS shows it; nothing of a long or sensitive one."""
    if shape.metadata.get("sensitive"):
        return "'***'"
    text = str(value)
    return f"'{text}'" if len(text) <= 100 else f"'{text[:100]}...'"


def _camel(name: str) -> str:
    """Return a member's name as errors show it: lower camel case."""
    return name[:1].lower() + name[1:]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a model's pattern, which is Java's, as Python's.

    Raises:
        re.error: for one that cannot be translated.
    """
    for java, python in _FROM_JAVA.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, re.DOTALL)
