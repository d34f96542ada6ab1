"""Shows accounts as a widget: their records always, their past only for a longer time range."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.records import Latest, latest_or_none
from status_page.account import AccountView, view, view_without_record
from status_page.chart import AHEAD, BEHIND, Window
from status_page.health import Condition, Health
from status_page.page import Look, page, render_widget
from status_page.series import Past, Point
from status_page.widget.event import WidgetEvent
from status_page.widget.today import past_of_today

#: Up to this range, a record's own data make the line. Dashboards open with three hours.
_SHORT: Final = timedelta(days=1)
#: Longer forecasts are of no use.
_SHORT_AHEAD: Final = timedelta(days=6)
_LONGEST: Final = timedelta(days=90)

Points = Mapping[str, Sequence[Point]]


class PastError(Exception):
    """The past cannot be read now."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a widget reads."""

    records: Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]
    """Returns the accounts' ``LATEST`` items."""
    points: Callable[[Mapping[str, str], Window, int], Points]
    """Returns balances of accounts, of which it gets the providers, by steps of some hours.

    Raises PastError."""


def show(event: WidgetEvent, sources: Sources, now: datetime) -> str:
    """Return the widget's HTML."""
    items = sources.records(list(event.accounts))
    known = {account: latest_or_none(item) for account, item in items.items()}
    readable = {account: latest for account, latest in known.items() if latest is not None}
    window = window_of(event.start, now)
    past, note = _past(readable, window, sources)
    views = [
        _unreadable(account)
        if account in known and account not in readable
        else _view(account, readable.get(account), past.get(account, Past()), window, stale_after)
        for account, stale_after in event.accounts.items()
    ]
    look = Look(event.is_dark, event.is_narrow, window, words_of(window), note)
    return render_widget(page("Balances", now, views, readable.values()), look)


def window_of(start: datetime | None, now: datetime) -> Window:
    """Return the charts' time: from where the dashboard's range begins, in whole days."""
    behind = timedelta() if start is None else now - start
    if behind <= _SHORT:
        return Window(now, _SHORT, _SHORT_AHEAD)
    days = timedelta(days=math.ceil(min(behind, _LONGEST) / timedelta(days=1)))
    return Window(now, days, days * (AHEAD / BEHIND))


def words_of(window: Window) -> str:
    """Return what the charts show."""
    behind, ahead = window.behind.days, max(1, round(window.ahead / timedelta(days=1)))
    first = "Today" if window.behind <= _SHORT else f"Last {behind} days"
    return f"{first} and {ahead} {'day' if ahead == 1 else 'days'} ahead"


def _past(
    latest: Mapping[str, Latest], window: Window, sources: Sources
) -> tuple[dict[str, Past], str]:
    """Return each account's past, and what is missing of it."""
    today = {account: past_of_today(each) for account, each in latest.items()}
    if window.behind <= _SHORT or not latest:
        return today, ""
    providers = {account: each.provider for account, each in latest.items()}
    step_hours = math.ceil(window.behind / BEHIND)
    try:
        points = sources.points(providers, window, step_hours)
    except PastError:
        return today, "CloudWatch is not responding, so the lines begin today."
    return {
        account: Past(points.get(account, ()), own.top_ups) for account, own in today.items()
    }, ""


def _view(
    account: str, latest: Latest | None, past: Past, window: Window, stale_after: timedelta
) -> AccountView:
    """Return an account's view; a record with a wrong value is unreadable."""
    try:
        return view(account, latest, past, window, stale_after)
    except Exception:  # noqa: BLE001 -- whatever is in it, it costs itself alone
        return _unreadable(account)


def _unreadable(account: str) -> AccountView:
    """Return the view of an account whose record cannot be read."""
    return view_without_record(account, Health(Condition.FAILING, "its record cannot be read"))
