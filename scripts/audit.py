"""Check every lock against the database of known vulnerabilities of Python packages.

    python scripts/audit.py

Exits with 0 when none is known, 1 when one is, and 2 when the database cannot be reached: an audit
that did not run must not look like one that found nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AUDIT = ROOT / ".venv-release" / "bin" / "pip-audit"
#: The locks of deployments and of operators' installations; those of checks and benchmarks end up
#: in neither.
LOCKS = ("balance_poller", "alert_router", "courier", "status_page", "dev")


def main() -> int:
    """Audit every lock and print what was found; see the module for the exit code."""
    return max(audit(ROOT / "requirements" / f"{name}.txt") for name in LOCKS)


def audit(lock: Path) -> int:
    """Print known vulnerabilities of the packages in ``lock``; return the exit code."""
    done = subprocess.run(
        [
            str(AUDIT), "--requirement", str(lock), "--require-hashes", "--disable-pip",
            "--format", "json", "--progress-spinner", "off",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"{lock.name}: not audited, the database is not reachable: {reason}", file=sys.stderr)
        return 2
    known = [
        f"{package['name']} {package['version']}: {found['id']}"
        + (f", fixed in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "")
        for package in packages
        for found in package.get("vulns", [])
    ]
    # A mirror that serves packages but not the database also looks like this.
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    print(
        f"{lock.name}: {len(packages) - len(skipped)} packages audited, "
        f"{len(known)} known vulnerabilities"
    )
    for line in known:
        print(f"  {line}")
    if skipped:
        print(
            f"{lock.name}: {len(skipped)} packages not audited, the database is not reachable or "
            f"does not know them: {', '.join(skipped[:3])}{', …' if len(skipped) > 3 else ''}",
            file=sys.stderr,
        )
        return 2
    return 1 if known else 0


if __name__ == "__main__":
    raise SystemExit(main())
