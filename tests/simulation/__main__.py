"""Run the simulation by hand: ``python -m tests.simulation --days 60 --seeds 20``.

Prints one line for each run, and every violation. Exits with status 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys

from tests.simulation.chance import CALM, ROUGH
from tests.simulation.oracle import judge
from tests.simulation.simulation import Simulation


def main() -> int:
    """Run one simulation for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many runs (default 1)")
    parser.add_argument("--days", type=float, default=21, help="simulated days (default 21)")
    parser.add_argument("--accounts", type=int, default=24, help="accounts (default 24)")
    parser.add_argument("--calm", action="store_true", help="inject no faults")
    parser.add_argument("--messages", action="store_true", help="print what people received")
    options = parser.parse_args()
    violations = 0
    for seed in range(options.seed, options.seed + options.seeds):
        rates = CALM if options.calm else ROUGH
        simulation = Simulation(seed, rates, days=options.days, accounts=options.accounts)
        truth = simulation.run()
        verdict = judge(truth, simulation.end)
        violations += len(verdict.violations)
        sys.stdout.write(
            f"seed {seed}: {len(truth.alarms)} transitions, {len(truth.messages)} messages, "
            f"{sum(simulation.chance.counts.values())} faults, "
            f"{sum(verdict.checked.values())} checks, {len(verdict.violations)} violations\n"
        )
        sys.stdout.writelines(f"  {violation}\n" for violation in verdict.violations)
        if options.messages:
            sys.stdout.writelines(f"  {m.at:%d %H:%M:%S} {m.subject}\n" for m in truth.messages)
    return 1 if violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
