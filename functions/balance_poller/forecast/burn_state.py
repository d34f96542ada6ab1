"""An account's consumption as the poller remembers it, in up to 600 bytes.

It is stored in the LATEST item, so that a poll need not query the history.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Self

from balance_poller.forecast import stored, stored_v1
from balance_poller.forecast.calibration import Calibration
from balance_poller.forecast.drain import Records
from balance_poller.forecast.stored import BurnStateError
from balance_poller.forecast.usage import Usage
from shared.records import TopUp

__all__ = ["BurnState", "BurnStateError", "Fall", "Rise"]

_VERSION: Final = 2
#: version, at, since, samples, level, records, rise (at, balance), fall (at, seconds, amount,
#: whether it is open), top-up (at, amount); a time of 0 is none. Big-endian.
_HEADER: Final = struct.Struct(">BIIBd3fIdIId?Id")


@dataclass(frozen=True, slots=True)
class Rise:
    """A balance above the previous one, not confirmed yet."""

    at: datetime
    balance: float


@dataclass(frozen=True, slots=True)
class Fall:
    """A fall many times larger than any before; it counts as consumption once confirmed."""

    at: datetime
    seconds: float
    """The time since the previous reading."""
    amount: float
    is_open: bool = True
    """Whether the next reading may confirm it."""


@dataclass(frozen=True, slots=True)
class BurnState:
    """Consumption of one account's wallet, in its own unit."""

    at: datetime
    """The last accepted observation."""
    since: datetime
    """The first one."""
    level: float
    """The balance then."""
    samples: int = 1
    """Observations so far, counted up to 255."""
    usage: Usage = field(default_factory=Usage)
    calibration: Calibration = field(default_factory=Calibration)
    records: Records = (0.0, 0.0, 0.0)
    rise: Rise | None = None
    fall: Fall | None = None
    last_top_up: TopUp | None = None

    def to_item(self) -> bytes:
        """Return the state as DynamoDB stores it: binary, up to 600 bytes."""
        rise, fall, top_up = self.rise, self.fall, self.last_top_up
        at = stored.to_seconds(self.at)
        return b"".join(
            (
                _HEADER.pack(
                    _VERSION,
                    at,
                    stored.to_seconds(self.since),
                    self.samples,
                    self.level,
                    *self.records,
                    stored.to_seconds(rise.at) if rise else 0,
                    rise.balance if rise else 0.0,
                    stored.to_seconds(fall.at) if fall else 0,
                    round(fall.seconds) if fall else 0,
                    fall.amount if fall else 0.0,
                    fall is not None and fall.is_open,
                    stored.to_seconds(top_up.at) if top_up else 0,
                    float(top_up.amount) if top_up else 0.0,
                ),
                stored.pack_usage(self.usage),
                stored.pack_calibration(self.calibration, at),
            )
        )

    @classmethod
    def from_item(cls, packed: bytes) -> Self:
        """Read what :meth:`to_item` wrote, in this version or in version 1.

        Raises:
            BurnStateError: for anything else.
        """
        packed = bytes(packed)
        if packed[:1] == bytes((stored_v1.VERSION,)):
            old = stored_v1.unpack(packed)
            return cls(
                old.at,
                old.since,
                old.level,
                old.samples,
                old.usage,
                last_top_up=old.last_top_up,
                records=old.records,
            )
        if packed[:1] != bytes((_VERSION,)) or len(packed) != _SIZE:
            raise BurnStateError("not a burn state of version 1 or 2")
        return cls._from_version_2(packed)

    @classmethod
    def _from_version_2(cls, packed: bytes) -> Self:
        """Read what :meth:`to_item` wrote."""
        _, at, since, samples, level, *rest = _HEADER.unpack_from(packed)
        records, (rise_at, rise_balance) = tuple(rest[:3]), rest[3:5]
        fall_at, fall_seconds, fall_amount, is_open, top_up_at, top_up = rest[5:]
        usage_end = _HEADER.size + stored.USAGE_SIZE
        return cls(
            at=stored.to_time(at),
            since=stored.to_time(since),
            level=level,
            samples=samples,
            usage=stored.unpack_usage(packed[_HEADER.size : usage_end]),
            calibration=stored.unpack_calibration(packed[usage_end:], at),
            records=records,
            rise=Rise(stored.to_time(rise_at), rise_balance) if rise_at else None,
            fall=Fall(stored.to_time(fall_at), fall_seconds, fall_amount, is_open)
            if fall_at
            else None,
            last_top_up=TopUp(stored.to_time(top_up_at), Decimal(repr(top_up)))
            if top_up_at
            else None,
        )


_SIZE: Final = _HEADER.size + stored.USAGE_SIZE + stored.CALIBRATION_SIZE
