"""Turn each new balance reading into consumption.

A fall is consumption; a rise is a top-up. Neither is accepted immediately if something else is as
likely: providers' caches return old balances, and credit expires.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from balance_poller.forecast.burn_profile import BurnProfile, Deviation, usual_in
from balance_poller.forecast.burn_state import BurnState, Fall, Rise
from balance_poller.forecast.calibration import HORIZONS, Calibration
from balance_poller.forecast.drain import Records, keep_records
from balance_poller.forecast.projection import Projection
from balance_poller.forecast.usage import DAY_HOURS, HOUR_SECONDS, Usage, hour_of_week
from balance_poller.forecast.week import WEEK_HOURS
from shared.records import TopUp

_MAX_SAMPLES: Final = 255
#: After a gap this long, past consumption no longer tells anything.
_LONGEST_GAP: Final = timedelta(hours=WEEK_HOURS)
_DAY: Final = timedelta(hours=DAY_HOURS)

#: A rise counts if a response this much later still shows it.
_CONFIRMED_AFTER: Final = timedelta(minutes=5)
#: Caches may be this old. A rise of no more than the consumption since then may be a cached
#: response, or several in a row, and counts only if it persists for as long.
_OLDEST_ANSWER: Final = timedelta(hours=3)
_OLDEST_ANSWER_HOURS: Final = 3
#: The same goes for rises up to these: rounding, and released reservations.
_NOISE_SHARE: Final = 0.01
_NOISE_AMOUNT: Final = 0.01

#: A fall this many times larger than any before is set aside until the next reading.
_HUGE: Final = 5.0
#: Consumption after it of at least this share of its rate confirms it.
_CONFIRMING_SHARE: Final = 0.1
#: A later rise to this near its start shows that it was an old response.
_STRAY_SHARE: Final = 0.1

#: No test ends in an hour in which less of the mean is expected: hardly a balance ends then.
_LEAST_AT_END: Final = 0.25


def observe(
    state: BurnState | None, at: datetime, remaining: Decimal, *, unseen: bool = False
) -> BurnState:
    """Return ``state`` with one more balance reading; a reading that is not newer is ignored.

    Args:
        state: The previous state; None before the first reading. After a gap of more than a week,
            everything but the last top-up and the calibration starts afresh.
        at: The time of the reading.
        remaining: The balance.
        unseen: Whether the difference from the previous reading is not consumption, or unknown:
            credit expired or was reset in between, or the key is another account's.
    """
    level = float(remaining)
    if state is None:
        return BurnState(at, at, level)
    if at <= state.at:
        return state
    if at - state.at > _LONGEST_GAP:
        return BurnState(
            at,
            at,
            level,
            calibration=state.calibration.without_tests(),
            last_top_up=state.last_top_up,
        )
    if unseen:
        return _advance(state, at, level, None)
    state = _without_stray_fall(state, level)
    if level > state.level:
        return _rise(state, at, level)
    return _fall(state, at, level)


def _without_stray_fall(state: BurnState, level: float) -> BurnState:
    """Undo a fall if the next reading is about where it began: it was an old response."""
    fall = state.fall
    if fall is None or not fall.is_open or level <= state.level:
        return state
    begun_at = state.level + fall.amount
    if level < begun_at - _STRAY_SHARE * fall.amount:
        return state
    return state._replace(level=begun_at, fall=None)


def _fall(state: BurnState, at: datetime, level: float) -> BurnState:
    """Return the state after a reading that is not above the previous one."""
    amount = state.level - level
    if _is_huge(state, at, amount):
        fall = Fall(at, (at - state.at).total_seconds(), amount)
        return _advance(state, at, level, None)._replace(fall=fall)
    if state.fall is not None and state.fall.is_open:
        state = _judge_fall(state, state.fall, amount / (at - state.at).total_seconds())
    return _advance(state, at, level, amount)


def _is_huge(state: BurnState, at: datetime, amount: float) -> bool:
    """Whether a fall is many times larger than any consumption before."""
    if amount <= _HUGE * state.records.amounts[0] or at - state.since < _DAY:
        return False
    before = max(
        state.records.amounts[0],
        state.usage.hour_consumed,
        state.fall.amount if state.fall else 0.0,
        *(seen or 0.0 for seen in state.usage.recent),
    )
    hours = max(1.0, (at - state.at).total_seconds() / HOUR_SECONDS)
    return amount > _HUGE * before * hours


def _judge_fall(state: BurnState, fall: Fall, rate: float) -> BurnState:
    """Count a fall that was set aside if consumption goes on at its rate, else drop it for good."""
    if rate < _CONFIRMING_SHARE * fall.amount / fall.seconds:
        return state._replace(fall=fall._replace(is_open=False))
    # The fall's hours are closed: the current one takes its rate and one hour's share.
    share = min(1.0, HOUR_SECONDS / fall.seconds)
    usage = state.usage.add(fall.amount * share, fall.seconds * share, state.usage.step)
    return state._replace(usage=usage, fall=None)


def _rise(state: BurnState, at: datetime, level: float) -> BurnState:
    """Return the state after a reading above the previous one; top-ups need confirmation."""
    limit = state.level + _doubtful_up_to(state)
    rise = state.rise
    if rise is None or rise.balance <= limit < level:
        return state._replace(rise=Rise(at, level))
    # Below the limit again, it may be an old response among new ones, or consumption since.
    is_doubtful = min(rise.balance, level) <= limit
    if at - rise.at < (_OLDEST_ANSWER if is_doubtful else _CONFIRMED_AFTER):
        return state
    return _top_up(state, rise, at, level)


def _doubtful_up_to(state: BurnState) -> float:
    """Return the largest rise that may be something other than a top-up."""
    noise = max(_NOISE_AMOUNT, _NOISE_SHARE * abs(state.level))
    return max(noise, state.usage.last(_OLDEST_ANSWER_HOURS))


def _top_up(state: BurnState, rise: Rise, at: datetime, level: float) -> BurnState:
    """Return the state after a rise was confirmed; consumption in between is unknown."""
    consumed = rise.balance - level
    moved = _advance(state, rise.at, rise.balance, None)
    moved = _advance(moved, at, level, consumed if consumed >= 0 else None)
    amount = Decimal(repr(max(rise.balance, level))) - Decimal(repr(state.level))
    if amount <= Decimal(repr(_NOISE_AMOUNT)):
        return moved
    return moved._replace(last_top_up=TopUp(rise.at, amount))


def _advance(state: BurnState, at: datetime, level: float, consumed: float | None) -> BurnState:
    """Advance the state to ``at``, giving each hour on the way its share of the consumption.

    None means that it is unknown.
    """
    usage, calibration, records = state.usage, state.calibration, state.records
    start, end = state.at.timestamp(), at.timestamp()
    step = usage.step_after(consumed or 0.0)
    per_second = (consumed or 0.0) / (end - start)
    while start < end:
        next_hour = (start // HOUR_SECONDS + 1) * HOUR_SECONDS
        stop = min(next_hour, end)
        if consumed is not None:
            amount = per_second * (stop - start)
            usage = usage.add(amount, stop - start, step)
            calibration = calibration.consume(start, stop, amount)
        if stop == next_hour:
            usage = usage.close_hour(start)
            if at - state.since < _DAY:
                usage = usage.expect(None)
            else:
                is_last = end - stop < HOUR_SECONDS
                usage, calibration, records = _begin_hour(
                    usage, calibration, records, stop, is_last=is_last
                )
        start = stop
    return BurnState(
        at,
        state.since,
        level,
        min(state.samples + 1, _MAX_SAMPLES),
        usage,
        calibration,
        records,
        None,
        state.fall,
        state.last_top_up,
    )


def _begin_hour(
    usage: Usage, calibration: Calibration, records: Records, at: float, *, is_last: bool
) -> tuple[Usage, Calibration, Records]:
    """Return what is known at a full hour; tests start only in the last hour of a gap."""
    hour = hour_of_week(at)
    due = [*calibration.due(at)] if is_last else []
    if due:
        profile = BurnProfile.of(usage)
        calibration = _start_tests(calibration, due, usage, profile, at)
        usual, mean = profile.per_hour[hour], profile.mean
    else:
        usual, mean = usual_in(usage, hour)
    usage = usage.expect(usual)
    return usage, calibration, keep_records(records, usage, mean)


def _start_tests(
    calibration: Calibration, due: Sequence[int], usage: Usage, profile: BurnProfile, at: float
) -> Calibration:
    """Return the calibration with the tests that are due at a full hour."""
    ahead = Projection(profile, Deviation.of(usage, profile, at), at)
    until = ahead.by_hour(HORIZONS[due[-1]])
    expected = {}
    for horizon in due:
        hours = HORIZONS[horizon]
        if until[hours] - until[hours - 1] >= _LEAST_AT_END * profile.mean:
            expected[horizon] = until[hours]
    return calibration.start(at, expected)
