"""Queues the requests by host, and decides when a host counts as down. Pure: no clock."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from balance_poller.fetching.request_group import RequestGroup

#: After this many failures in a row, or three that outlast one attempt, a host counts as down.
_DOWN_AFTER: Final = 20
_DOWN_SLOWLY_AFTER: Final = 3


class Job:
    """A group's place in its host's queue: new ones first, then retries."""

    __slots__ = ("attempts", "group", "not_before", "order")

    def __init__(self, not_before: float, order: int, group: RequestGroup) -> None:
        self.not_before = not_before
        self.order = order
        self.group = group
        self.attempts = 0

    def __lt__(self, other: Job) -> bool:
        return (self.not_before, self.order) < (other.not_before, other.order)


class Host:
    """The queue of one host, and its consecutive failures."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.failures = 0
        self.failing_since = 0.0

    def pop(self) -> Job:
        """Remove and return the job that is due first."""
        return heapq.heappop(self.jobs)

    def retry(self, job: Job, not_before: float) -> None:
        """Queue ``job`` again, for ``not_before``."""
        job.not_before = not_before
        heapq.heappush(self.jobs, job)

    def note(self, *, is_answering: bool, at: float) -> None:
        """Count consecutive failures."""
        if is_answering:
            self.failures = 0
            return
        if not self.failures:
            self.failing_since = at
        self.failures += 1

    def is_down(self, at: float, timeout_seconds: float) -> bool:
        """Return whether the host gets no more requests in this run."""
        return self.failures >= _DOWN_AFTER or (
            self.failures >= _DOWN_SLOWLY_AFTER and at - self.failing_since >= timeout_seconds
        )


def group_by_host(groups: Iterable[RequestGroup], chance: Callable[[], float]) -> list[Host]:
    """Sort groups by their host, in a different order at every run.

    In a fixed order, accounts that always fail could make their host count as down before the
    same other accounts were requested, run after run.
    """
    hosts: dict[str, Host] = {}
    order = itertools.count()
    for group in sorted(groups, key=lambda _: chance()):
        host = hosts.setdefault(urlsplit(group.request.url).netloc, Host())
        host.jobs.append(Job(0.0, next(order), group))
    return list(hosts.values())


def share_of(jobs: int, all_jobs: int, max_in_flight: int) -> int:
    """Return how many concurrent requests a host gets: in proportion, and at least one."""
    return min(jobs, max(1, max_in_flight * jobs // all_jobs))
