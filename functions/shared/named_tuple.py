"""``NamedTuple`` as in ``typing``, of which it makes each class at a third of the cost.

``typing`` compiles the annotation of every field when a class is made: in Lambda, at every cold
start. Here they stay the text that they are. To type checkers both are the same.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 -- exports it
else:

    class _NamedTupleMeta(type):
        """Makes a named tuple of a class's annotations, and adds all else in the class to it."""

        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members["__annotations__"]
            defaults = [members.pop(field) for field in fields if field in members]
            module = members["__module__"]
            made = namedtuple(name, fields, defaults=defaults, module=module)  # noqa: PYI024 -- the point
            for member, value in members.items():
                setattr(made, member, value)
            return made

    class NamedTuple(metaclass=_NamedTupleMeta):
        """The base of named tuples."""
