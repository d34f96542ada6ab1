"""The parts of a burn state as bytes.

Amounts per hour are one byte each: 0 not seen, 1 nothing consumed, the others a logarithmic grid
below the largest. The grid is the same whatever the largest is, so packing again changes nothing.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from balance_poller.forecast.calibration import (
    HORIZONS,
    QUANTILES,
    SLOTS,
    Calibration,
    RunningTest,
)
from balance_poller.forecast.usage import RECENT_HOURS, Level, Usage
from balance_poller.forecast.week import WEEK_HOURS, Week

_UNSEEN: Final = 0
_NOTHING: Final = 1
_MAX_CODE: Final = 255
#: Steps of 4.7 % reach down to a hundred-thousandth of the largest.
STEP: Final = math.log(1e5) / (_MAX_CODE - _NOTHING - 1)

#: current hour's consumption, its seconds, largest of the week and of the last hours (on their
#: grids), number of the last hours, levels (consumed, hours, twice), smallest fall
_USAGE: Final = struct.Struct(">dHhhB4fd")
USUAL_SIZE: Final = RECENT_HOURS + 1
USAGE_SIZE: Final = _USAGE.size + WEEK_HOURS + WEEK_HOURS // 2 + RECENT_HOURS + USUAL_SIZE
#: age in minutes + 1 (0 = no test), amount left
_TEST: Final = struct.Struct(">Hf")
_TESTS: Final = len(HORIZONS) * SLOTS
#: sum of error sizes, number of errors, corrections
_ERRORS: Final = struct.Struct(f">ff{len(QUANTILES) * len(HORIZONS)}h")
CALIBRATION_SIZE: Final = _ERRORS.size + _TESTS * _TEST.size


class BurnStateError(ValueError):
    """Stored bytes are not a burn state."""


def pack_usage(usage: Usage) -> bytes:
    """Return ``usage`` as bytes."""
    means, counts = usage.week.means, usage.week.counts
    largest, week = encode(
        [mean if count else None for mean, count in zip(means, counts, strict=True)]
    )
    unseen = [None] * (RECENT_HOURS - len(usage.recent))
    largest_recent, recent = encode([*unseen, *usage.recent, *unseen, *usage.usual])
    pairs = zip(counts[::2], counts[1::2], strict=True)
    short, long = usage.levels
    header = _USAGE.pack(
        usage.hour_consumed,
        round(usage.hour_seconds),
        largest,
        largest_recent,
        len(usage.recent),
        short.consumed,
        short.hours,
        long.consumed,
        long.hours,
        usage.step,
    )
    return header + week + bytes([low | high << 4 for low, high in pairs]) + recent


def unpack_usage(packed: bytes) -> Usage:
    """Read what :func:`pack_usage` wrote, even without its last part, what was usual."""
    consumed, seconds, largest, largest_recent, known, *levels, step = _USAGE.unpack_from(packed)
    weeks_at = _USAGE.size + WEEK_HOURS
    recent_at = weeks_at + WEEK_HOURS // 2
    means = decode(largest, packed[_USAGE.size : weeks_at])
    pairs = packed[weeks_at:recent_at]
    last = decode(largest_recent, packed[recent_at:])
    recent, usual = last[:RECENT_HOURS], last[RECENT_HOURS:]
    return Usage(
        week=Week.of(
            tuple([mean or 0.0 for mean in means]),
            bytes([half for pair in pairs for half in (pair & 15, pair >> 4)]),
        ),
        recent=tuple(recent[RECENT_HOURS - known :]),
        usual=tuple(usual[RECENT_HOURS - known :]),
        hour_consumed=consumed,
        hour_seconds=seconds,
        levels=(Level(*levels[:2]), Level(*levels[2:])),
        step=step,
    )


def pack_calibration(calibration: Calibration, at: int) -> bytes:
    """Return ``calibration`` at a time (seconds since 1970) as bytes."""
    corrections = itertools.chain(*zip(*calibration.corrections, strict=True))
    packed = [_ERRORS.pack(calibration.error_sizes, calibration.errors, *corrections)]
    for tests in calibration.running:
        packed += [
            _TEST.pack(
                min(0xFFFF, round((at - test.started) / 60) + 1),
                test.goal - calibration.consumed,
            )
            for test in tests
        ]
        packed.append(bytes(_TEST.size * (SLOTS - len(tests))))
    return b"".join(packed)


def unpack_calibration(packed: bytes, at: int) -> Calibration:
    """Read what :func:`pack_calibration` wrote at that time."""
    sizes, errors, *corrections = _ERRORS.unpack_from(packed)
    width = len(HORIZONS)
    tests = list(_TEST.iter_unpack(packed[_ERRORS.size :]))
    running = tuple(
        tuple(
            RunningTest(at - (age - 1) * 60, left)
            for age, left in tests[first : first + SLOTS]
            if age
        )
        for first in range(0, _TESTS, SLOTS)
    )
    return Calibration(
        corrections=tuple(tuple(corrections[horizon::width]) for horizon in range(width)),
        error_sizes=sizes,
        errors=errors,
    ).with_tests(running)


def encode(amounts: Sequence[float | None]) -> tuple[int, bytes]:
    """Return the grid's number of the largest amount, and one byte per amount."""
    grid = [None if not amount else round(math.log(amount) / STEP) for amount in amounts]
    top = max((number for number in grid if number is not None), default=0)
    codes = bytearray()
    for amount, number in zip(amounts, grid, strict=True):
        if amount is None:
            codes.append(_UNSEEN)
        elif number is None:
            codes.append(_NOTHING)
        else:
            codes.append(max(_NOTHING + 1, _MAX_CODE - (top - number)))
    return top, bytes(codes)


def decode(top: int, codes: Iterable[int], step: float = STEP) -> list[float | None]:
    """Return the amounts that :func:`encode` wrote."""
    return [
        None
        if code == _UNSEEN
        else 0.0
        if code == _NOTHING
        else math.exp((top - _MAX_CODE + code) * step)
        for code in codes
    ]


def to_seconds(at: datetime) -> int:
    """Return a time as whole seconds since 1970."""
    return int(at.timestamp())


def to_time(seconds: int) -> datetime:
    """Return the time of :func:`to_seconds`."""
    return datetime.fromtimestamp(seconds, UTC)
