"""A report as e-mail: short lines, sections that are left out when empty. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from alert_router.messages.formats.limits import subject_line
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.units import amount, at_least, lasted, plural
from alert_router.reports.report import AccountIncident, Facts, Report, UnitTotal, last_good
from alert_router.reports.usage import Usage
from shared.records import Latest
from shared.text import one_line

#: Longer ones would push everything else off a phone's screen.
_MOST_REASON: Final = 120
_MOST_LISTED: Final = 20


def subject(report: Report) -> str:
    """Return the subject: what was spent, and what needs attention."""
    open_ones = [one for one in report.incidents if one.incident.ended_at is None]
    parts = [
        *(f"{amount(total.spent, total.unit)} spent" for total in report.totals),
        f"{plural(len(open_ones), 'incident')} open" if open_ones else "",
        f"{plural(len(report.unread), 'account')} not read" if report.unread else "",
    ]
    said = ", ".join(filter(None, parts)) or "all is well"
    return subject_line(f"Weekly report: {said}")


def body(report: Report, links: Links) -> str:
    """Return the e-mail's text."""
    first, last = report.period.start, report.period.last
    sections = [
        [f"Week of {_day(first)} to {_day(last)} {last.year} (UTC)", _about(report)],
        _section("Spent", (line for total in report.totals for line in _total(total, report))),
        _section("Biggest changes", (_mover(usage) for usage in report.movers)),
        _section("Next to run dry", (_dry(latest, report) for latest in report.driest)),
        _section("Incidents", (_incident(one, report.period.due) for one in report.incidents)),
        _section("No balance for two days", (_unread(facts) for facts in report.unread)),
        _section("Expires within 30 days", (_expiring(latest) for latest in report.expiring)),
        _section(
            "Entered by hand over 30 days ago", (_anchor(facts, links) for facts in report.anchors)
        ),
        [] if not report.is_empty else ["Nothing was spent, and nothing needs attention."],
        [f"Dashboard: {links.dashboard_url}"] if links.dashboard_url else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _section(title: str, entries: Iterable[str]) -> list[str]:
    """Return a section's first lines; none without entries."""
    found = list(entries)
    more = [f"and {len(found) - _MOST_LISTED:,} more"] if len(found) > _MOST_LISTED else []
    return [title.upper(), *found[:_MOST_LISTED], *more] if found else []


def _about(report: Report) -> str:
    """Return the number of accounts that the report covers."""
    return f"Your report on {plural(len(report.accounts), 'account')}."


def _total(total: UnitTotal, report: Report) -> Iterator[str]:
    """Yield what was spent in one unit, and what the month comes to."""
    partly = ", as far as known" if total.is_partial else ""
    yield f"{amount(total.spent, total.unit)}{partly}, {_compared(total.spent, total.before)}"
    period = report.period
    month = f"{period.month:%B}: {amount(total.month, total.unit)}"
    if period.days_left == 0:
        yield month
    else:
        end = amount(_rounded(total.projected), total.unit).replace(".00 ", " ")
        yield f"{month} so far, about {end} by {_day(period.month_end)}"


def _compared(spent: Decimal, before: Decimal) -> str:
    """Return how a week compares with the week before."""
    if spent == before:
        return "as much as the week before"
    if before == 0:
        return "nothing the week before"
    percent = abs(spent - before) / before * 100
    word = "more" if spent > before else "less"
    if percent >= 1000:
        return f"{spent / before:,.0f} times the week before"
    shown = f"{percent:.0f} %" if percent >= 1 else "slightly"
    return f"{shown} {word} than the week before"


def _mover(usage: Usage) -> str:
    """Return one account's change."""
    change, word = abs(usage.change), "more" if usage.change > 0 else "less"
    return (
        f"{usage.account}: {amount(usage.spent, usage.unit)}, {amount(change, usage.unit)} {word}"
    )


def _dry(latest: Latest, report: Report) -> str:
    """Return what is left of one account, and how long it lasts."""
    good, now = latest.good, report.period.due
    between = good.empty_between
    left = f"{amount(good.balance, _unit(latest))} left" if good.balance is not None else "low"
    if between is None:
        return f"{latest.account}: {left}"
    first, last = between
    if first <= now:
        return f"{latest.account}: {left}, may be empty already"
    when = f"{_day(first)} or later" if last is None else _between(first, last)
    return f"{latest.account}: {left}, at least {at_least(first - now)}, empty {when}"


def _between(first: datetime, last: datetime) -> str:
    """Return "12:00 to 19:00 UTC on 23 Nov", or two days."""
    if first.date() == last.date():
        return f"{first:%H:%M} to {last:%H:%M} UTC on {_day(first)}"
    return f"{_day(first)} to {_day(last)}"


def _incident(one: AccountIncident, now: datetime) -> str:
    """Return one incident with its length."""
    began, ended = one.incident.began_at, one.incident.ended_at
    what = ", ".join([one.incident.severity.value, *sorted(one.incident.problems)])
    length = lasted((ended or now) - began)
    return f"{one.account}: {what}, {f'for {length}' if ended else f'open for {length}'}"


def _unread(facts: Facts) -> str:
    """Return since when an account was not read, and why."""
    at, latest = last_good(facts.latest), facts.latest
    if not facts.is_readable:
        return f"{facts.account}: its record cannot be read"
    since = "never read" if at is None else f"none since {_day(at)}"
    reason = one_line(latest.reason, _MOST_REASON) if latest and latest.reason else ""
    return f"{facts.account}: {since}{f': {reason}' if reason else ''}"


def _expiring(latest: Latest) -> str:
    """Return when an account's credit or key expires."""
    at = latest.good.credit_expires_at
    return f"{latest.account}: credit or key, on {_day(at)}" if at else latest.account


def _anchor(facts: Facts, links: Links) -> str:
    """Return when a ledger's balance was last entered, and the command that renews it."""
    at = facts.anchor_at
    when = f" on {_day(at)}" if at else ""
    return f"{facts.account}:{when}; {links.command(f'ledger set {facts.account}')}"


def _unit(latest: Latest) -> str:
    """Return an account's unit on one line."""
    return one_line(latest.good.unit or "", 40)


def _day(at: date) -> str:
    """Return "23 Nov"."""
    return f"{at.day} {at:%b}"


def _rounded(value: Decimal) -> Decimal:
    """Return a projection without false precision: 272 instead of 271.83."""
    return value if value == 0 or abs(value) < 10 else value.quantize(Decimal(1))
