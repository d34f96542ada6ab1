"""Keeps what was read for some minutes: dashboards refresh as often as every ten seconds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

#: A dashboard has one widget in one range; others come and go.
_MOST: Final = 8

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by what they were read for, each for the same time."""

    def __init__(self, time: timedelta) -> None:
        self._time = time
        self._values: dict[Hashable, tuple[datetime, T]] = {}

    def get(self, key: Hashable, now: datetime, read: Callable[[], T]) -> T:
        """Return the value kept for ``key``, or read it; an error is not kept."""
        at, value = self._values.get(key, (None, None))
        if at is not None and value is not None and at <= now < at + self._time:
            return value
        found = read()
        self._values.pop(key, None)
        self._values[key] = now, found
        while len(self._values) > _MOST:
            del self._values[next(iter(self._values))]
        return found
