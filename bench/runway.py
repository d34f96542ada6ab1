"""How well the runway is forecast, and how far its bounds and the drain alarm can be trusted.

    python bench/runway.py [--seed N] [--trace FILE.csv ...] [--quick]

Each trace is polled every 15 minutes through ``observe``, and its state is packed after every poll.
Printed are, by group of traces: the error and bias of several methods for balances that truly last
3 to 96 hours; how often the product's bounds are kept, and how sharp they are; false alarms of the
drain rules and how fast they notice leaks; and how many of those who ask for some hours' notice
get it, with how many messages. With ``--trace`` real use is read instead: lines of "ISO
time,consumption since the line before". Traces and seeds on which constants were chosen are
printed as such, never as a test.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))

from bench.runway_measures import (
    DETECTED_WITHIN,
    HORIZONS,
    LEAKS,
    PRODUCT,
    Case,
    Found,
    measure_drain,
    measure_forecasts,
    measure_notice,
)
from bench.runway_methods import SIMPLE
from bench.runway_traces import TUNED_SEEDS, Trace, read_trace, synthetic

GOAL = 0.25
JUDGED = (6, 24, 96)


def main() -> int:
    """Print the tables; exit 1 when the product's own method misses the goal on regular use."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--trace", type=Path, nargs="*", default=[], metavar="FILE.csv")
    parser.add_argument("--quick", action="store_true", help="forecasts only, no leaks")
    options = parser.parse_args()
    traces = [read_trace(file) for file in options.trace] or synthetic(options.seed)
    print(f"{len(traces)} traces, seed {options.seed}", end="")
    print(" (tuned on)" if options.seed in TUNED_SEEDS and not options.trace else "")
    with ProcessPoolExecutor() as pool:
        found = list(
            pool.map(measure, traces, [options.seed] * len(traces), [options.quick] * len(traces))
        )
    for group in dict.fromkeys(one.group for one in found):
        members = [one for one in found if one.group == group]
        print(f"\n=== {group}: {', '.join(one.trace for one in members)}")
        print_errors(members)
        print_coverage(members)
        if not options.quick:
            print_drain(members)
            print_notices(members)
    print_traces(found)
    judged = [one for one in found if one.group != "irregular"]
    ours = [_median(judged, PRODUCT, hours) for hours in JUDGED]
    print(f"\ngoal: at most {GOAL} at {JUDGED} hours; {PRODUCT}: ", end="")
    print(", ".join(f"{error:.3f}" for error in ours))
    return int(max(ours) > GOAL)


def measure(trace: Trace, seed: int, quick: bool) -> Found:
    """Measure everything on one trace."""
    found = Found(trace.name, trace.group)
    measure_forecasts(trace, seed, found)
    if not quick:
        measure_drain(trace, seed, found)
        measure_notice(trace, found)
    return found


def print_errors(found: Sequence[Found]) -> None:
    """Print each method's error and bias."""
    row("median |ln(forecast/actual)| (bias)", [f"{hours} h" for hours in HORIZONS])
    for name in [*SIMPLE, PRODUCT]:
        cells = []
        for hours in HORIZONS:
            bias = statistics.median(e for one in found for e in one.errors[name][hours])
            cells.append(f"{_median(found, name, hours):.3f} ({bias:+.2f})")
        row(name, cells)


def print_coverage(found: Sequence[Found]) -> None:
    """Print how often bounds are kept, by what is forecast, and by the account's age."""
    print()
    row("bounds, after a week", [f"{hours} h" for hours in HORIZONS])
    cases = [case for one in found for case in one.cases]
    known = [case for case in cases if case.age_hours >= 168]
    row("at least, 90 %", _by_horizon(known, lambda case: case.ratio >= case.at_least))
    row("at least, 95 %", _by_horizon(known, lambda case: case.ratio >= case.at_least_95))
    row(
        "at most, 90 %",
        _by_horizon(known, lambda case: case.at_most is None or case.ratio <= case.at_most),
    )
    row("bound / forecast, median", [_sharpness(known, hours) for hours in HORIZONS])
    for first, last in ((0, 24), (24, 48), (48, 168)):
        young = [case for case in cases if first <= case.age_hours < last]
        cells = _by_horizon(young, lambda case: case.ratio >= case.at_least)
        row(f"90 %, {first} to {last} h old", cells)


def print_drain(found: Sequence[Found]) -> None:
    """Print false alarms and detection of each rule."""
    print()
    titles = [f"{times}x in {hours} h" for times in LEAKS for hours in DETECTED_WITHIN]
    row("abnormal drain", ["false/month", *titles])
    days = sum(one.watched_days for one in found)
    for rule in dict.fromkeys(rule for one in found for rule, _ in one.detected):
        alarms = sum(one.false_alarms.get(rule, 0) for one in found)
        cells = [f"{alarms / days * 30:.2f}"]
        for times in LEAKS:
            noticed = [hours for one in found for hours in one.detected[rule, times]]
            cells += [
                f"{sum(n is not None and n <= within for n in noticed) / len(noticed):.0%}"
                for within in DETECTED_WITHIN
            ]
        row(rule, cells)


def print_notices(found: Sequence[Found]) -> None:
    """Print who gets the hours asked for, and how many alerts a drain takes."""
    print()
    row("drains from full to empty", ["drains", "in time", "alerts a drain"])
    notices = [notice for one in found for notice in one.notices]
    for hours in dict.fromkeys(notice.asked_hours for notice in notices):
        asked = [notice for notice in notices if notice.asked_hours == hours]
        kept = sum(notice.is_kept for notice in asked) / len(asked)
        alerts = sum(notice.alerts for notice in asked) / len(asked)
        row(f"{hours} h asked for", [str(len(asked)), f"{kept:.0%}", f"{alerts:.2f}"])


def print_traces(found: Sequence[Found]) -> None:
    """Print the product beside version 0.1 on each trace."""
    print()
    row("by trace: 0.1 / product", [f"{hours} h" for hours in JUDGED])
    for one in found:
        cells = [
            " / ".join(f"{_median([one], name, hours):.3f}" for name in ("version 0.1", PRODUCT))
            for hours in JUDGED
        ]
        row(one.trace, cells)


def _median(found: Iterable[Found], method: str, hours: int) -> float:
    """Return a method's median error."""
    return statistics.median(abs(e) for one in found for e in one.errors[method][hours])


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


if __name__ == "__main__":
    raise SystemExit(main())
