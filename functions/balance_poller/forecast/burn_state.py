"""What the poller remembers of an account's consumption: a week of hours in 210 bytes. Pure.

Packed, it travels in the LATEST item, so that a poll needs no query of the history.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Self

from shared.records import TopUp

#: Hours kept: a week, so that every hour of the day was seen seven times.
HOURS: Final = 168

_VERSION: Final = 1
#: version, at, since, samples, level, hour's consumption, hour's seconds, grid of the largest
#: hour, top-up at (0 = none), top-up amount. Big-endian, without padding.
_HEADER: Final = struct.Struct(">BIIBddHhId")

#: One byte an hour: 0 not seen, 1 nothing consumed, the others a logarithmic grid below the
#: largest hour. A step of 3.7 % reaches down to a ten-thousandth of the largest hour.
_UNSEEN: Final = 0
_NOTHING: Final = 1
_STEP: Final = math.log(1e4) / 253
_MAX_CODE: Final = 255


class BurnStateError(ValueError):
    """Stored bytes are not a burn state of this version."""


@dataclass(frozen=True, slots=True)
class BurnState:
    """Consumption of one account's wallet, in its own unit.

    Floats are exact enough here: what is forecast is uncertain by tens of percent, and no amount
    that a person reads comes from them.
    """

    at: datetime
    """The last observation."""
    since: datetime
    """The first one."""
    samples: int
    """Observations so far, counted up to 255."""
    level: float
    """The lowest balance since the last top-up; a bounce above it is a provider's cache."""
    hours: tuple[float | None, ...]
    """Consumption per hour of the 168 hours before the one of ``at``, oldest first; None where
    nothing was seen."""
    hour_consumed: float = 0.0
    """Consumption within the hour of ``at`` so far."""
    hour_seconds: float = 0.0
    """How much of that hour was observed."""
    last_top_up: TopUp | None = None

    def to_item(self) -> bytes:
        """Return the state as DynamoDB stores it: binary, under 600 bytes."""
        top, codes = _encode(self.hours)
        top_up = self.last_top_up
        header = _HEADER.pack(
            _VERSION,
            _seconds(self.at),
            _seconds(self.since),
            min(self.samples, 255),
            self.level,
            self.hour_consumed,
            min(3600, round(self.hour_seconds)),
            top,
            0 if top_up is None else _seconds(top_up.at),
            0.0 if top_up is None else float(top_up.amount),
        )
        return header + codes

    @classmethod
    def from_item(cls, packed: bytes) -> Self:
        """Read what :meth:`to_item` wrote.

        Raises:
            BurnStateError: for anything else.
        """
        packed = bytes(packed)
        if len(packed) != _HEADER.size + HOURS or packed[0] != _VERSION:
            raise BurnStateError("not a burn state of this version")
        fields = _HEADER.unpack(packed[: _HEADER.size])
        _, at, since, samples, level, consumed, seconds, top, top_up_at, top_up_amount = fields
        return cls(
            at=_time(at),
            since=_time(since),
            samples=samples,
            level=level,
            hours=_decode(top, packed[_HEADER.size :]),
            hour_consumed=consumed,
            hour_seconds=seconds,
            last_top_up=TopUp(_time(top_up_at), Decimal(repr(top_up_amount)))
            if top_up_at
            else None,
        )


def hour_of(at: datetime) -> datetime:
    """Return the start of the hour of ``at``."""
    return at.replace(minute=0, second=0, microsecond=0)


def _encode(hours: tuple[float | None, ...]) -> tuple[int, bytes]:
    """Return the grid number of the largest hour, and one byte per hour.

    The grid is the same whatever the largest hour is, so packing again changes nothing.
    """
    grid = [None if not amount else round(math.log(amount) / _STEP) for amount in hours]
    top = max((number for number in grid if number is not None), default=0)
    codes = bytearray()
    for amount, number in zip(hours, grid, strict=True):
        if amount is None:
            codes.append(_UNSEEN)
        elif number is None:
            codes.append(_NOTHING)
        else:
            codes.append(max(_NOTHING + 1, _MAX_CODE - (top - number)))
    return top, bytes(codes)


def _decode(top: int, codes: bytes) -> tuple[float | None, ...]:
    """Return the hours that :func:`_encode` wrote."""
    return tuple(
        None
        if code == _UNSEEN
        else 0.0
        if code == _NOTHING
        else math.exp((top - _MAX_CODE + code) * _STEP)
        for code in codes
    )


def _seconds(at: datetime) -> int:
    """Return a time as whole seconds since 1970."""
    return int(at.timestamp())


def _time(seconds: int) -> datetime:
    """Return the time of :func:`_seconds`."""
    return datetime.fromtimestamp(seconds, UTC)
