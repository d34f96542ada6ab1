"""An account's consumption as the poller remembers it, in up to 600 bytes.

It is stored in the LATEST item, so that a poll need not query the history.
"""

from __future__ import annotations

import struct
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple, Self

from balance_poller.forecast import stored, stored_v1
from balance_poller.forecast.burn_profile import assume_usual
from balance_poller.forecast.calibration import Calibration
from balance_poller.forecast.drain import Records
from balance_poller.forecast.stored import BurnStateError
from balance_poller.forecast.usage import Usage
from shared.records import TopUp

__all__ = ["BurnState", "BurnStateError", "Fall", "Rise"]

_VERSION: Final = 3
#: What was written between the releases 0.1 and 0.2: version 3 without what was usual, and ratios.
_WITHOUT_USUAL: Final = 2
#: version, at, since, samples, level, amounts of the records, rise (at, balance), fall (at,
#: seconds, amount, whether it is open), top-up (at, amount); a time of 0 is none. Big-endian.
_HEADER: Final = struct.Struct(">BIIBd3fIdIId?Id")
#: ratios of the records
_RATIOS: Final = struct.Struct(">3f")


class Rise(NamedTuple):
    """A balance above the previous one, not confirmed yet."""

    at: datetime
    balance: float


class Fall(NamedTuple):
    """A fall many times larger than any before; it counts as consumption once confirmed."""

    at: datetime
    seconds: float
    """The time since the previous reading."""
    amount: float
    is_open: bool = True
    """Whether the next reading may confirm it."""


class BurnState(NamedTuple):
    """Consumption of one account's wallet, in its own unit."""

    at: datetime
    """The last accepted observation."""
    since: datetime
    """The first one."""
    level: float
    """The balance at that time."""
    samples: int = 1
    """Observations so far, counted up to 255."""
    usage: Usage = Usage()
    calibration: Calibration = Calibration()
    records: Records = Records()
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
                    *self.records.amounts,
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
                _RATIOS.pack(*self.records.ratios),
            )
        )

    @classmethod
    def from_item(cls, packed: bytes) -> BurnState:
        """Read what :meth:`to_item` wrote, in this version or an older one.

        Raises:
            BurnStateError: for anything else.
        """
        packed = bytes(packed)
        if packed[:1] == bytes((stored_v1.VERSION,)):
            old = stored_v1.unpack(packed)
            state = cls(
                old.at,
                old.since,
                old.level,
                old.samples,
                old.usage,
                last_top_up=old.last_top_up,
                records=Records(old.amounts),
            )
            return _with_usual(state)
        if packed[:1] == bytes((_VERSION,)) and len(packed) == _SIZE:
            return cls._unpack(packed, stored.USAGE_SIZE)
        if packed[:1] == bytes((_WITHOUT_USUAL,)) and len(packed) == _SIZE_WITHOUT_USUAL:
            ratios = _RATIOS.pack(*Records().ratios)
            usage_size = stored.USAGE_SIZE - stored.USUAL_SIZE
            return _with_usual(cls._unpack(packed + ratios, usage_size))
        raise BurnStateError("not a burn state of version 1, 2 or 3")

    @classmethod
    def _unpack(cls, packed: bytes, usage_size: int) -> Self:
        """Read a state whose usage takes ``usage_size``."""
        _, at, since, samples, level, *rest = _HEADER.unpack_from(packed)
        amounts, (rise_at, rise_balance) = (rest[0], rest[1], rest[2]), rest[3:5]
        fall_at, fall_seconds, fall_amount, is_open, top_up_at, top_up = rest[5:]
        usage_end = _HEADER.size + usage_size
        calibration_end = usage_end + stored.CALIBRATION_SIZE
        return cls(
            at=stored.to_time(at),
            since=stored.to_time(since),
            level=level,
            samples=samples,
            usage=stored.unpack_usage(packed[_HEADER.size : usage_end]),
            calibration=stored.unpack_calibration(packed[usage_end:calibration_end], at),
            records=Records(amounts, _RATIOS.unpack_from(packed, calibration_end)),
            rise=Rise(stored.to_time(rise_at), rise_balance) if rise_at else None,
            fall=Fall(stored.to_time(fall_at), fall_seconds, fall_amount, is_open)
            if fall_at
            else None,
            last_top_up=TopUp(stored.to_time(top_up_at), Decimal(repr(top_up)))
            if top_up_at
            else None,
        )


_SIZE: Final = _HEADER.size + stored.USAGE_SIZE + stored.CALIBRATION_SIZE + _RATIOS.size
_SIZE_WITHOUT_USUAL: Final = _SIZE - stored.USUAL_SIZE - _RATIOS.size


def _with_usual(state: BurnState) -> BurnState:
    """Return a state that did not say what was usual, nor how far records were above it."""
    usage = assume_usual(state.usage, state.at.timestamp())
    return state._replace(usage=usage, records=Records.of_amounts(state.records.amounts, usage))
