"""One account on the page: texts and charts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from shared.money import format_amount, format_number
from shared.records import Latest
from shared.text import one_line
from shared.times import format_duration
from status_page.chart import Chart, Window, draw
from status_page.health import Condition, Health, assess, least_left
from status_page.series import Past

#: Longer ones would push the rest of a row out of sight.
_MAX_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its text."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account's texts and chart on the page."""

    id: str
    provider: str
    condition: Condition
    reason: str
    """Why it is in that condition; empty if all is well."""
    number: str
    """The balance without its unit; empty until one has been read."""
    unit: str
    lasts: str
    """Such as "at least 31 h"."""
    empty: str
    """Such as "Fri 15:00 to Sat 04:00"."""
    facts: Sequence[Fact]
    top_up_url: str
    chart: Chart | None
    """None while there is nothing to draw."""
    summary: str
    """The chart as text, for screen readers."""

    @property
    def style(self) -> str:
        """The condition as a CSS class, without spaces."""
        return self.condition.name.lower().replace("_", "-")


def view(
    account: str,
    latest: Latest | None,
    past: Past,
    window: Window,
    stale_after: timedelta,
) -> AccountView:
    """Return the view of ``account``; ``latest`` is None before its first poll."""
    now = window.now
    health = assess(latest, now, stale_after)
    if latest is None:
        return view_without_record(account, health)
    good = latest.good
    unit = one_line(good.unit or "", 40)
    is_drawn = good.balance is not None or bool(past.points)
    return AccountView(
        id=account,
        provider=one_line(latest.provider_title, _MAX_TEXT),
        condition=health.condition,
        reason=one_line(health.detail, _MAX_TEXT),
        number="" if good.balance is None else format_number(good.balance, unit),
        unit=unit,
        lasts=_lasts(latest, now),
        empty=_empty(latest, now),
        facts=list(_facts(latest, unit, now)),
        top_up_url=latest.top_up_url or "",
        chart=draw(latest, past, window) if is_drawn else None,
        summary=_summary(latest, past, unit),
    )


def view_without_record(account: str, health: Health) -> AccountView:
    """Return the view of an account of which nothing but its health is known."""
    return AccountView(
        account, "", health.condition, health.detail, "", "", "", "", (), "", None, ""
    )


def _lasts(latest: Latest, now: datetime) -> str:
    """Return how long the balance lasts at least, or why that is unknown."""
    least = least_left(latest, now)
    if least is None:
        return "not yet known" if latest.good.empty_at is None else _likely(latest, now)
    return f"at least {format_duration(least)}" if least else "perhaps empty already"


def _likely(latest: Latest, now: datetime) -> str:
    """Return how long the balance will most likely last."""
    left = (latest.good.empty_at or now) - now
    return f"about {format_duration(left)}" if left > timedelta() else "empty by now"


def _empty(latest: Latest, now: datetime) -> str:
    """Return the range in which it will become empty."""
    between = latest.good.empty_between
    if between is None:
        return ""
    first, last = between
    first = max(first, now)
    return f"{_clock(first, now)} or later" if last is None else _between(first, last, now)


def _between(first: datetime, last: datetime, now: datetime) -> str:
    """Return two times with a dash, without repeating the day."""
    begin, end = _clock(first, now), _clock(last, now)
    if begin == end:
        return f"about {begin}"
    return f"{begin} to {end.removeprefix(begin.rpartition(' ')[0]).strip()}"


def _clock(at: datetime, now: datetime) -> str:
    """Return a time with its hour in the next days, as a date after that."""
    if at.date() == now.date():
        return f"today {at:%H:%M}"
    if at - now < timedelta(days=6):
        return f"{at:%a %H:%M}"
    year = "" if at - now < timedelta(days=300) else f" {at.year}"
    return f"{at.day} {at:%b}{year}"


def _facts(latest: Latest, unit: str, now: datetime) -> list[Fact]:
    """Return the facts that do not fit the row."""
    good = latest.good
    limits = {"warning": latest.thresholds.warning, "critical": latest.thresholds.critical}
    thresholds = ", ".join(
        f"{name} {format_number(limit, unit)}"
        for name, limit in limits.items()
        if limit is not None
    )
    burn = "" if good.burn_per_day is None else f"{format_amount(good.burn_per_day, unit)} a day"
    top_up = good.last_top_up
    texts = {
        "Burn": burn or (good.burn_basis or "not yet known"),
        "Empty": _empty(latest, now),
        "Most likely": _likely(latest, now) if good.empty_at else "",
        "Thresholds": thresholds,
        "Last top-up": top_up and f"{format_amount(top_up.amount, unit)}, {_day(top_up.at)}",
        "Balance resets": good.resets_at and _clock(good.resets_at, now),
        "Credit expires": good.credit_expires_at and _clock(good.credit_expires_at, now),
        "Read": good.balance_at and f"{format_duration(now - good.balance_at)} ago",
    }
    wallets = {
        f"Wallet {name}": format_amount(wallet.remaining, wallet.unit)
        for name, wallet in good.others.items()
    }
    return [
        Fact(one_line(label, 80), one_line(text, _MAX_TEXT))
        for label, text in (texts | wallets).items()
        if text
    ]


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %H:%M}"


def _summary(latest: Latest, past: Past, unit: str) -> str:
    """Return the chart as text."""
    if not past.points:
        return "No balances of the last 14 days are known."
    amounts = [Decimal(str(point.balance)) for point in past.points]
    low, high = (format_amount(amount, unit) for amount in (min(amounts), max(amounts)))
    top_ups = len(past.top_ups)
    told = {0: "no top-up", 1: "one top-up"}.get(top_ups, f"{top_ups} top-ups")
    first = format_amount(amounts[0], unit)
    last = format_amount(latest.good.balance or amounts[-1], unit)
    return f"Balance of the last 14 days: from {first} to {last}, between {low} and {high}, {told}."
