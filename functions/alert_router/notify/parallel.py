"""Map a function over items, in a thread pool for 32 items or more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")

#: With fewer items, starting threads takes longer than the work.
_FEW: Final = 32

#: A write takes about 5 ms, nearly all of it waiting; botocore's connection pool holds ten.
_THREADS: Final = 8


def map_in_order(function: Callable[[Given], Found], items: Iterable[Given]) -> list[Found]:
    """Apply ``function`` to each item, one after the other."""
    return [function(item) for item in items]


def map_concurrently(function: Callable[[Given], Found], items: Iterable[Given]) -> list[Found]:
    """Apply ``function`` to each item, in order; it must be thread-safe.

    A provider that fails for a thousand accounts causes two thousand writes, which have to fit into
    one invocation.
    """
    known = list(items)
    if len(known) < _FEW:
        return map_in_order(function, known)
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- rare: cold starts count

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(function, known))
