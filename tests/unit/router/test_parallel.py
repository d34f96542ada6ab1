"""Many items are handled concurrently, and results are in order."""

from __future__ import annotations

import threading

import pytest

from alert_router.notify.parallel import map_concurrently


@pytest.mark.parametrize("count", [0, 1, 31, 32, 500])
def test_spread_when_there_are_few_or_many_then_each_is_done_in_order(count: int) -> None:
    assert map_concurrently(lambda number: number * 2, range(count)) == [
        n * 2 for n in range(count)
    ]


@pytest.mark.parametrize(("count", "is_spread"), [(31, False), (32, True)])
def test_spread_when_there_are_few_then_no_thread_is_started(count: int, is_spread: bool) -> None:
    threads = set(map_concurrently(lambda _: threading.current_thread(), range(count)))

    assert (threads == {threading.main_thread()}) is not is_spread


def test_spread_when_there_are_many_then_threads_share_them() -> None:
    """Eight of them, each of which waits for seven others."""
    barrier = threading.Barrier(8, timeout=10)

    def work(_: int) -> int:
        barrier.wait()
        return threading.get_ident()

    assert len(set(map_concurrently(work, range(32)))) == 8


def test_spread_when_one_fails_then_the_failure_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        map_concurrently(lambda number: 1 // number, range(100))
