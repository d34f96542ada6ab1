"""Print the measurements."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from balance_poller.forecast import BurnState, forecast, observe
from bench.forecasts.account import START, new_account
from bench.forecasts.alarms import DETECTED_WITHIN, LEAKS, RULES, Notice
from bench.forecasts.measures import HORIZONS, KNOWN_HOURS, PRODUCT, UNPACKED, Case, Found
from bench.forecasts.methods import SIMPLE
from bench.forecasts.traces import STEP, Trace


def print_errors(found: Sequence[Found]) -> None:
    """Print each method's error and bias."""
    row("median |ln(forecast/actual)| (bias)", [f"{hours} h" for hours in HORIZONS])
    for name in [*SIMPLE, PRODUCT, UNPACKED]:
        cells = []
        for hours in HORIZONS:
            bias = statistics.median(e for one in found for e in one.errors[name][hours])
            cells.append(f"{median_error(found, name, hours):.3f} ({bias:+.2f})")
        row(name, cells)


def print_coverage(found: Sequence[Found]) -> None:
    """Print how often bounds are kept, by horizon and by the account's age."""
    print()
    row("bounds, after a week", [f"{hours} h" for hours in HORIZONS])
    cases = [case for one in found for case in one.cases]
    known = [case for case in cases if case.age_hours >= KNOWN_HOURS]
    row("at least, 90 %", _by_horizon(known, _is_kept))
    row("at least, 95 %", _by_horizon(known, lambda case: case.ratio >= case.at_least_95))
    row(
        "at most, 90 %",
        _by_horizon(known, lambda case: case.at_most is None or case.ratio <= case.at_most),
    )
    row("bound / forecast, median", [_sharpness(known, hours) for hours in HORIZONS])
    for first, last in ((0, 24), (24, 48), (48, KNOWN_HOURS)):
        young = [case for case in cases if first <= case.age_hours < last]
        row(f"90 %, {first} to {last} h old", _by_horizon(young, _is_kept))
    changed = [case for one in found for case in one.cases_after_change]
    for first, last in ((0, 12), (12, 48), (48, KNOWN_HOURS)):
        since = [case for case in changed if first <= case.age_hours < last]
        row(f"90 %, {first} to {last} h after x3", _by_horizon(since, _is_kept))


def print_drain(found: Sequence[Found]) -> None:
    """Print false alarms and detection of each rule."""
    print()
    titles = [f"{times}x in {hours} h" for times in LEAKS for hours in DETECTED_WITHIN]
    row("abnormal drain", ["false/month", *titles])
    alarms = [one.alarms for one in found if one.alarms is not None]
    days = sum(one.watched_days for one in alarms)
    for rule in RULES:
        cells = [f"{sum(one.false[rule] for one in alarms) / days * 30:.2f}"]
        for times in LEAKS:
            noticed = [hours for one in alarms for hours in one.detected[rule, times]]
            cells += [
                f"{sum(n is not None and n <= within for n in noticed) / len(noticed):.0%}"
                for within in DETECTED_WITHIN
            ]
        row(rule, cells)


def print_notices(found: Sequence[Found]) -> None:
    """Print how often people get the notice they asked for, and how many alerts a drain takes."""
    print()
    row("drains from full to empty", ["drains", "in time", "hours, median", "alerts a drain"])
    notices = [notice for one in found for notice in one.notices]
    for method in dict.fromkeys(notice.method for notice in notices):
        own = [notice for notice in notices if notice.method == method]
        for hours in dict.fromkeys(notice.asked_hours for notice in own):
            asked = [notice for notice in own if notice.asked_hours == hours]
            row(f"{method}: {hours} h", _notices(asked))
        row(f"{method}: all", _notices(own))


def _notices(notices: Sequence[Notice]) -> list[str]:
    """Return the cells of some notices."""
    return [
        str(len(notices)),
        f"{sum(notice.is_kept for notice in notices) / len(notices):.0%}",
        f"{statistics.median(notice.hours for notice in notices):.1f}",
        f"{sum(notice.alerts for notice in notices) / len(notices):.2f}",
    ]


def print_traces(found: Sequence[Found], judged: Sequence[int]) -> None:
    """Print the product's errors beside those of version 0.1 for each kind of account."""
    print()
    row("by account: 0.1 / product", [f"{hours} h" for hours in judged])
    for trace in dict.fromkeys(one.trace for one in found):
        own = [one for one in found if one.trace == trace]
        cells = [
            " / ".join(f"{median_error(own, name, hours):.3f}" for name in ("version 0.1", PRODUCT))
            for hours in judged
        ]
        row(trace, cells)


def print_cached() -> None:
    """Print how a provider's outdated answers affect a forecast: one unit an hour, 12 left."""
    print()
    row("old answers of a cache", ["hours (12)", "a day (24)", "top-ups (0)"])
    for use in ("steady", "bursty"):
        for minutes in (30, 120):
            for in_a_row in (1, 2):
                state, top_ups = _poll_cached(use, minutes // 5, in_a_row)
                ahead = forecast(state, state.at, Decimal(12))
                row(
                    f"{use}, {minutes} minutes old, {in_a_row} of 5",
                    [f"{ahead.runway_hours:.1f}", f"{ahead.burn_per_day}", str(top_ups)],
                )


def _poll_cached(use: str, back: int, in_a_row: int) -> tuple[BurnState, int]:
    """Poll every five minutes for a week; the last answers of every five are outdated."""
    chance = random.Random(1)
    state: BurnState | None = None
    levels, top_ups, last = [1000.0], 0, None
    polls = 7 * 24 * 12
    for n in range(polls + 1):
        is_old = n % 5 > 4 - in_a_row and back < n < polls
        shown = levels[-1 - back] if is_old else levels[-1]
        state = observe(state, START + n * timedelta(minutes=5), Decimal(repr(shown)))
        top_ups, last = top_ups + (state.last_top_up != last), state.last_top_up
        is_burst = use == "bursty"
        amount = chance.random() < 0.1 and 10 / 12 if is_burst else 1 / 12
        levels.append(levels[-1] - amount)
    if state is None:
        raise ValueError("nothing was polled")
    return state, top_ups


def print_cost(trace: Trace) -> None:
    """Print how long a poll, packing and a forecast take, at two rhythms.

    The rarer polls are, the more of them end an hour, which takes far longer than the others.
    """
    print()
    row("microseconds of CPU", ["poll", "packing", "forecast"])
    for a_step in (3, 1):
        minutes = STEP // a_step // timedelta(minutes=1)
        row(f"polled every {minutes} minutes", [f"{each:.0f}" for each in _cost(trace, a_step)])


def _cost(trace: Trace, a_step: int) -> list[float]:
    """Return the mean of each of the three when polled so often ``a_step`` of the trace."""
    account = new_account(trace)
    state: BurnState | None = None
    seconds = [0.0] * 3
    for amount in trace.use:
        for _ in range(a_step):
            shown = Decimal(repr(account.shown))
            times = [time.process_time()]
            state = observe(state, account.at, shown)
            times.append(time.process_time())
            BurnState.from_item(state.to_item())
            times.append(time.process_time())
            forecast(state, account.at, shown)
            times.append(time.process_time())
            took = [end - begin for begin, end in itertools.pairwise(times)]
            seconds = [before + more for before, more in zip(seconds, took, strict=True)]
            account.consume(amount / a_step, 1 / a_step)
    return [each / (len(trace.use) * a_step) * 1e6 for each in seconds]


def median_error(found: Iterable[Found], method: str, hours: int) -> float:
    """Return a method's median error."""
    return statistics.median(abs(e) for one in found for e in one.errors[method][hours])


def _is_kept(case: Case) -> bool:
    """Whether the 90 % bound was kept."""
    return case.ratio >= case.at_least


def _by_horizon(cases: Sequence[Case], is_kept: Callable[[Case], bool]) -> list[str]:
    """Return the share of cases that keep a bound, for each horizon."""
    cells = []
    for hours in HORIZONS:
        kept = [is_kept(case) for case in cases if case.horizon == hours]
        cells.append(f"{sum(kept) / len(kept):.2f}" if kept else "-")
    return cells


def _sharpness(cases: Sequence[Case], hours: int) -> str:
    """Return the median of bound over forecast."""
    found = [case.at_least for case in cases if case.horizon == hours]
    return f"{statistics.median(found):.2f}" if found else "-"


def row(title: str, cells: Sequence[str]) -> None:
    """Print one line of a table."""
    print(f"{title:36}" + "".join(f"{cell:>15}" for cell in cells))
