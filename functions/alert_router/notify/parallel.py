"""Does the same for many subjects, side by side where they are many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")

#: Fewer are done one after the other in less time than threads take to start.
_FEW: Final = 32

#: A write takes some 5 ms, nearly all of it waiting; boto3's connection pool holds ten.
_THREADS: Final = 8


def one_by_one(function: Callable[[Given], Found], items: Iterable[Given]) -> list[Found]:
    """Return what ``function`` makes of each item."""
    return [function(item) for item in items]


def spread(function: Callable[[Given], Found], items: Iterable[Given]) -> list[Found]:
    """Return what ``function`` makes of each item, in order; it has to bear threads.

    A provider that fails for a thousand accounts makes two thousand writes, which have to fit
    into one invocation.
    """
    known = list(items)
    if len(known) < _FEW:
        return one_by_one(function, known)
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- rare: cold starts count

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(function, known))
