"""The project's named tuples are those of ``typing``, with annotations that nobody compiled."""

from __future__ import annotations

import pickle
import typing
from typing import TYPE_CHECKING, Any

import pytest

from shared import named_tuple

if TYPE_CHECKING:
    from decimal import Decimal as NotImported


class Ours(named_tuple.NamedTuple):
    """A place."""

    name: str
    size: int | NotImported = 3
    """Its size."""
    tags: tuple[str, ...] = ()

    @property
    def is_large(self) -> bool:
        """Whether it is large."""
        return self.size > 2

    @classmethod
    def small(cls, name: str) -> Ours:
        """Return a small one."""
        return cls(name, 1)

    def __str__(self) -> str:
        return f"<{self.name}>"


class Theirs(typing.NamedTuple):
    """A place."""

    name: str
    size: int | Any = 3
    tags: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "what",
    [
        lambda kind: kind._fields,
        lambda kind: kind._field_defaults,
        lambda kind: kind.__doc__,
        lambda kind: kind.__module__,
        lambda kind: kind.__mro__[1:],
        lambda kind: tuple(kind("a")),
        lambda kind: kind("a", tags=("b",))._asdict(),
        lambda kind: kind("a")._replace(size=4) == ("a", 4, ()),
        lambda kind: hash(kind("a")),
        lambda kind: repr(kind("a")).removeprefix(kind.__name__),
        lambda kind: isinstance(pickle.loads(pickle.dumps(kind("a"))), kind),  # noqa: S301 -- own
        lambda kind: hasattr(kind("a"), "__dict__"),
    ],
)
def test_named_tuple_is_as_that_of_typing(what: Any) -> None:
    assert what(Ours) == what(Theirs)


@pytest.mark.parametrize(
    "call",
    [
        lambda kind: kind(),
        lambda kind: kind("a", 1, (), 4),
        lambda kind: kind(nobody="a"),
        lambda kind: kind("a")._replace(nobody=1),
        lambda kind: setattr(kind("a"), "name", "b"),
    ],
)
def test_wrong_use_fails_as_with_that_of_typing(call: Any) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)) as theirs:
        call(Theirs)
    with pytest.raises(theirs.type):
        call(Ours)


def test_members_are_kept() -> None:
    assert Ours("a").is_large
    assert not Ours.small("a").is_large
    assert str(Ours("a")) == "<a>"


def test_annotations_stay_text() -> None:
    assert Ours.__annotations__["size"] == "int | NotImported"
