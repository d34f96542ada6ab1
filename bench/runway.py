"""How well the runway is forecast, and how far its bounds and alarms can be trusted.

    python bench/runway.py [--seed N ...] [--trace FILE.csv ...] [--quick]

Each trace is polled every 15 minutes through ``observe``, and its state is packed after every poll.
For each group of traces, it prints the error and bias of several methods for balances that actually
last 1 to 96 hours; how often the product's bounds are kept, also after consumption has tripled, and
how sharp they are; the false alarms of the drain rules, and how fast they notice leaks; and how
many of those who ask for some hours' notice get it, with how many alerts. At the end come the
answers of a provider's cache, the time that a poll and a forecast take, and the goals missed.

With ``--trace`` it reads real usage instead: lines of "ISO time,consumption since the line before".
Traces and seeds on which constants were chosen are marked as such, and are no test.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))

from bench.forecasts import goals, tables
from bench.forecasts.alarms import measure_drain, measure_notice
from bench.forecasts.measures import Found, measure_after_change, measure_forecasts
from bench.forecasts.traces import TUNED_SEEDS, Trace, read_trace, synthetic


def main() -> int:
    """Print the tables and the goals; exit 1 when one is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--trace", type=Path, nargs="*", default=[], metavar="FILE.csv")
    parser.add_argument("--quick", action="store_true", help="forecasts and bounds, no alarms")
    options = parser.parse_args()
    traces = [read_trace(file) for file in options.trace] or [
        trace for seed in options.seed for trace in synthetic(seed)
    ]
    print(f"{len(traces)} traces" + ("" if options.trace else f", seeds {options.seed}"), end="")
    is_tuned_on = not options.trace and any(seed in TUNED_SEEDS for seed in options.seed)
    print(" (tuned on)" if is_tuned_on else "")
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(partial(measure, quick=options.quick), traces))
    for group in dict.fromkeys(one.group for one in found):
        members = [one for one in found if one.group == group]
        print(f"\n=== {group}: {', '.join(dict.fromkeys(one.trace for one in members))}")
        tables.print_errors(members)
        tables.print_coverage(members)
        if not options.quick:
            tables.print_drain(members)
            tables.print_notices(members)
    tables.print_traces(found, goals.JUDGED)
    tables.print_cached()
    tables.print_cost(traces[0])
    return goals.report(found)


def measure(trace: Trace, *, quick: bool) -> Found:
    """Measure everything on one trace."""
    found = Found(trace.name, trace.group)
    measure_forecasts(trace, trace.seed, found)
    measure_after_change(trace, trace.seed, found)
    if not quick:
        found = replace(
            found, alarms=measure_drain(trace, trace.seed), notices=measure_notice(trace)
        )
    return found


if __name__ == "__main__":
    raise SystemExit(main())
