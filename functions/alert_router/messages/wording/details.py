"""The details of an incident in an e-mail: label and text. Pure."""

from __future__ import annotations

from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.incidents.notification import Notification
from alert_router.messages.wording import phrases
from alert_router.messages.wording.units import amount, clock, full_time, quoted, sparkline
from shared.names import Severity

Rows = list[tuple[str, str]]


def details(notification: Notification) -> Rows:
    """Return the rows with a known text."""
    if notification.foreign_alarm is not None:
        rows = _foreign(notification)
    elif notification.reason is NotificationReason.CLOSED:
        rows = [*_whose(notification), *_when(notification)]
    else:
        rows = [
            *_whose(notification),
            *_limits(notification),
            *_when(notification),
            *_future(notification),
        ]
    return [(label, text) for label, text in rows if text]


def _whose(notification: Notification) -> Rows:
    """Return the account and its balance."""
    provider = notification.title or ("" if notification.provider == "-" else notification.provider)
    return [
        ("Account", f"{notification.account} ({provider})" if provider else notification.account),
        ("Balance", _balance(notification)),
        ("Other wallets", _other_wallets(notification)),
    ]


def _limits(notification: Notification) -> Rows:
    """Return the thresholds, and why no balance arrives."""
    is_stale = Problem.STALE in notification.problems
    return [
        ("Thresholds", _thresholds(notification)),
        ("Why", phrases.why_stale(notification) if is_stale else ""),
    ]


def _when(notification: Notification) -> Rows:
    """Return when it began, how long it has lasted, and how the balance has changed."""
    is_news = notification.reason in (NotificationReason.OPENED, NotificationReason.NOT_SET_UP)
    length = "" if is_news else phrases.duration(notification)
    return [
        ("Since", full_time(notification.opened_at) if notification.opened_at else ""),
        ("Lasted" if phrases.is_over(notification) else "Open for", length),
        ("Change", phrases.balance_change(notification)),
    ]


def _future(notification: Notification) -> Rows:
    """Return the burn, the forecast and the recent history."""
    latest = notification.latest
    top_up = latest.good.last_top_up if latest else None
    resets = latest.good.resets_at if latest else None
    return [
        ("Burn", phrases.burn(notification)),
        ("Spent most", _spent_most(notification)),
        ("Empty", _empty(notification)),
        (
            "Expires",
            phrases.expiry(notification) if latest and latest.good.credit_expires_at else "",
        ),
        ("Resets", clock(resets, notification.now) if resets else ""),
        (
            "Last top-up",
            f"{amount(top_up.amount, notification.unit)} at {clock(top_up.at, notification.now)}"
            if top_up
            else "",
        ),
        ("Auto top-up", phrases.auto_top_up(notification)),
        ("Last 24 h", _history(notification)),
    ]


def _spent_most(notification: Notification) -> str:
    """Return the keys that consumed most: their names are foreign."""
    breakdown = notification.breakdown
    if breakdown is None:
        return ""
    shares = [
        f"{quoted(share.name) or 'unnamed'} {amount(share.amount, breakdown.unit)}"
        for share in breakdown.shares
    ]
    return f"{', '.join(shares)}, {breakdown.over}" if shares else ""


def _history(notification: Notification) -> str:
    """Return a day of balances as bars, with the first and the last value."""
    bars = sparkline(notification.history, notification.now)
    if not bars:
        return ""
    day = {at: notification.history[at] for at in sorted(notification.history)}
    first, *_, last = day.values()
    unit = notification.unit
    return f"{bars.strip()} balance, from {amount(first, unit)} to {amount(last, unit)}"


def _foreign(notification: Notification) -> Rows:
    """Return the rows about a foreign alarm."""
    foreign_alarm = notification.foreign_alarm
    if foreign_alarm is None:
        return []
    return [
        ("Alarm", foreign_alarm.alarm_name),
        ("Series", notification.series),
        ("Description", quoted(foreign_alarm.description)),
        ("Metric", foreign_alarm.watching),
        ("State", "" if foreign_alarm.has_data else "it has no data"),
        ("CloudWatch", quoted(foreign_alarm.reason)),
        *_when(notification),
        ("AWS account", " ".join(filter(None, (foreign_alarm.aws_account, foreign_alarm.region)))),
    ]


def _balance(notification: Notification) -> str:
    """Return the balance with the time at which it was read."""
    if notification.balance is None or notification.balance_at is None:
        return ""
    read_at = clock(notification.balance_at, notification.now)
    meter = notification.latest.good.meter if notification.latest else None
    reported = ""
    if meter is not None and meter.cost_at is not None:
        reported = f", cost reported up to {clock(meter.cost_at, notification.now)}"
    return f"{amount(notification.balance, notification.unit)} at {read_at}{reported}"


def _other_wallets(notification: Notification) -> str:
    """Return the balances of the other wallets, which no alarm watches."""
    others = notification.latest.good.others if notification.latest else {}
    return ", ".join(
        f"{name} {amount(wallet.remaining, wallet.unit)}" for name, wallet in sorted(others.items())
    )


def _thresholds(notification: Notification) -> str:
    """Return the thresholds that are set, or the alarm's."""
    if notification.latest is None:
        known = notification.threshold
        return f"below {amount(known, notification.unit)}" if known is not None else ""
    limits, unit = notification.latest.thresholds, notification.unit
    texts = [
        *_below(Severity.CRITICAL, limits.critical and amount(limits.critical, unit)),
        *_below(Severity.WARNING, limits.warning and amount(limits.warning, unit)),
        *_below(Severity.CRITICAL, _hours(limits.runway_critical_hours)),
        *_below(Severity.WARNING, _hours(limits.runway_warning_hours)),
    ]
    if limits.max_burn_per_day is not None:
        texts.append(f"at most {amount(limits.max_burn_per_day, unit)} a day")
    if limits.drain_sensitivity is not None:
        times = phrases.plain(limits.drain_sensitivity)
        texts.append(f"at most {times} times the most consumed before, relative to the usual")
    if limits.expiry_warning_days is not None:
        texts.append(f"{phrases.plain(limits.expiry_warning_days)} days before credit expires")
    return ", ".join(texts)


def _below(severity: Severity, text: object) -> list[str]:
    """Return one threshold, if it is set."""
    return [f"{severity} below {text}"] if text is not None else []


def _hours(value: object) -> str | None:
    """Return a number of hours, if it is set."""
    return None if value is None else f"{value} h"


def _empty(notification: Notification) -> str:
    """Return when it will be empty: "in about 9 h at the current rate, around 23:10 UTC"."""
    empties = phrases.empties(notification)
    latest = notification.latest
    if not empties or latest is None or latest.good.empty_at is None:
        return ""
    between = latest.good.empty_between
    if between is None:
        when = f"around {clock(latest.good.empty_at, notification.now)}"
    elif between[1] is None:
        when = f"{clock(between[0], notification.now)} or later"
    else:
        first, last = (clock(at, notification.now) for at in between if at is not None)
        when = f"between {first} and {last}"
    return f"{empties.removeprefix('empty ')}, {when}"
