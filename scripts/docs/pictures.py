"""Write the README's pictures from the programs' real output.

    python scripts/docs/pictures.py [--check]

The messages are the golden ones, which the tests compare with what the router renders; the table is
printed by the view of `balancectl status`. Text stays text: the pictures can be searched and read
aloud.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import escape
from io import StringIO
from pathlib import Path

from balancectl.deployment.accounts import DEFAULT_STALE_AFTER, DeployedAccount, Stack
from balancectl.deployment.target import Target
from balancectl.views.status import print_status
from shared.outcome import Outcome
from shared.records import LastGood, Latest, Thresholds
from status_page.health import assess

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
GOLDEN = ROOT / "tests" / "golden" / "people" / "critical.txt"
NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)

_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
_CHARACTER = 8.43
_LINE = 20
_MARGIN = 22
#: Browsers collapse ordinary spaces, and with them the columns of a table.
_WIDE = "\u00a0\u00a0"
#: Words of the table's last column, and their colours.
_COLOURS = {"critical": "#ff7b72", "warning": "#e3b341", "failing": "#ff7b72", "ok": "#7ee787"}


def main() -> int:
    """Write the pictures, or with --check report those that are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check: bool = parser.parse_args().check
    stale = 0
    for name, text in pictures().items():
        file = PICTURES / name
        if not check:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            print(f"{file.relative_to(ROOT)} is not current; run `make docs`", file=sys.stderr)
            stale = 1
    return stale


def pictures() -> dict[str, str]:
    """Return the pictures by file name."""
    subject, sms, mail = golden_message()
    header = ["From:    AWS Notifications <no-reply@sns.amazonaws.com>", f"Subject: {subject}", ""]
    wrapped = [line for each in mail for line in textwrap.wrap(each, 92) or [""]]
    return {
        "mail.svg": svg([*header, *wrapped], "#ffffff", "#1f2328", "E-mail"),
        "sms.svg": svg(textwrap.wrap(sms, 34), "#e9e9eb", "#000000", "SMS", corner=18),
        "status.svg": svg(
            ["$ balancectl status", *status_lines()], "#0d1117", "#e6edf3", "balancectl status"
        ),
    }


def golden_message() -> tuple[str, str, list[str]]:
    """Return subject, SMS and e-mail of a critical alert, as the router renders them."""
    _, subject, sms, mail = GOLDEN.read_text(encoding="utf-8").split("=== ")
    return subject.splitlines()[1], sms.splitlines()[1], mail.splitlines()[1:]


def status_lines() -> list[str]:
    """Return the output of `balancectl status` for four accounts."""
    latest = {record.account: record for record in _records()}
    accounts = {name: DeployedAccount(name, {"id": name}, 0) for name in latest}
    health = {name: assess(record, NOW, DEFAULT_STALE_AFTER) for name, record in latest.items()}
    names = sorted(latest, key=lambda name: (health[name].condition, name))
    printed = StringIO()
    with redirect_stdout(printed):
        print_status(Target(region="eu-west-1"), Stack((), accounts), names, latest, health, NOW)
    return printed.getvalue().splitlines()


def _records() -> list[Latest]:
    """Return the records of four accounts, one for each state that matters."""
    return [
        _record("openrouter-main", "OpenRouter", "3.20", (5, 20), hours=9),
        _record("firecrawl-crawl", "Firecrawl", "4200", (1000, 5000), unit="credits", hours=31),
        _record("browser-use", "Browser Use", "84.10", (2, 10), hours=240),
        _record(
            "deepseek",
            "DeepSeek",
            "12.75",
            (2, 10),
            outcome=Outcome.INVALID_KEY,
            reason="the key was rejected (HTTP 401)",
        ),
    ]


def _record(  # noqa: PLR0913 -- the table's columns
    account: str,
    title: str,
    balance: str,
    limits: tuple[int, int],
    *,
    unit: str = "USD",
    hours: int | None = None,
    outcome: Outcome = Outcome.OK,
    reason: str | None = None,
) -> Latest:
    """Return one account's record, as the poller writes it."""
    read_at = NOW - (timedelta(minutes=3) if outcome is Outcome.OK else timedelta(hours=3))
    good = LastGood(
        balance=Decimal(balance),
        balance_at=read_at,
        unit=unit,
        empty_at=None if hours is None else NOW + timedelta(hours=hours),
        at_least_hours=None if hours is None else Decimal(hours) * 2 / 3,
    )
    return Latest(
        account=account,
        provider=account,
        provider_title=title,
        polled_at=NOW - timedelta(minutes=3),
        outcome=outcome,
        reason=reason,
        failing_since=None if outcome is Outcome.OK else read_at,
        thresholds=Thresholds(critical=Decimal(limits[0]), warning=Decimal(limits[1])),
        good=good,
    )


def svg(lines: list[str], ground: str, colour: str, title: str, corner: int = 8) -> str:
    """Return lines of text as an SVG of the size they need."""
    width = round(max(map(len, lines)) * _CHARACTER) + 2 * _MARGIN
    height = len(lines) * _LINE + 2 * _MARGIN - 6
    texts = "\n".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + 12 + n * _LINE}" fill="{_colour(line, colour)}">'
        f"{escape(line).replace('  ', _WIDE)}</text>"
        for n, line in enumerate(lines)
        if line
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' role="img" aria-label="{escape(title)}">\n'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="{corner}"'
        f' fill="{ground}" stroke="#d0d7de"/>\n'
        f'<g font-family="{_FONT}" font-size="14">\n{texts}\n</g>\n</svg>\n'
    )


def _colour(line: str, usual: str) -> str:
    """Return a line's colour, which is that of the state in it."""
    if usual != "#e6edf3":
        return usual
    found = (colour for state, colour in _COLOURS.items() if f"  {state}" in line)
    return next(found, usual)


if __name__ == "__main__":
    # The table's plain form does not depend on the terminal.
    os.environ["COLUMNS"] = "140"
    raise SystemExit(main())
