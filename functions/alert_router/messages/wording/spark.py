"""A day of balances in one line. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

_BARS: Final = "▁▂▃▄▅▆▇█"
_BUCKETS: Final = 24
_BUCKET: Final = timedelta(hours=1)
_GAP: Final = " "


def sparkline(history: Mapping[datetime, Decimal], until: datetime) -> str:
    """Return the last balance of each of the 24 hours before ``until`` as bars, oldest first.

    The lowest bar is the lower of zero and the smallest balance, so that a full bar that shrinks
    to half means half. An hour without a balance is a gap; fewer than two hours with one are
    nothing to draw.
    """
    start = until - _BUCKETS * _BUCKET
    last: dict[int, Decimal] = {}
    for at in sorted(history):
        if start < at <= until:
            last[min(int((at - start) / _BUCKET), _BUCKETS - 1)] = history[at]
    if len(last) < 2:
        return ""
    low, high = min(Decimal(0), *last.values()), max(Decimal(0), *last.values())
    span = high - low
    return "".join(
        _bar((last[bucket] - low) / span if span else Decimal(0)) if bucket in last else _GAP
        for bucket in range(_BUCKETS)
    )


def _bar(part: Decimal) -> str:
    """Return the bar of a part of the whole, 0 to 1."""
    return _BARS[min(int(part * len(_BARS)), len(_BARS) - 1)]
