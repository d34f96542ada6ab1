"""What a mail lists about its subject, label and text. Pure."""

from __future__ import annotations

from alert_router.incidents.incident import Step, Trouble
from alert_router.messages.notification import Notice
from alert_router.messages.wording import phrases as clauses
from alert_router.messages.wording.spark import sparkline
from alert_router.messages.wording.units import amount, clock, full_time
from shared.names import Severity

Rows = list[tuple[str, str]]


def facts(notice: Notice) -> Rows:
    """Return what there is to say, without what is not known."""
    if notice.note is not None:
        rows = _foreign(notice)
    elif notice.step is Step.CLOSED:
        rows = [*_whose(notice), *_when(notice)]
    else:
        rows = [*_whose(notice), *_limits(notice), *_when(notice), *_future(notice)]
    return [(label, text) for label, text in rows if text]


def _whose(notice: Notice) -> Rows:
    """Say whose balance it is and what is left of it."""
    provider = notice.title or ("" if notice.provider == "-" else notice.provider)
    return [
        ("Account", f"{notice.account} ({provider})" if provider else notice.account),
        ("Left", _left(notice)),
        ("Also", _other_wallets(notice)),
    ]


def _limits(notice: Notice) -> Rows:
    """Say what is watched, and why nothing is seen."""
    is_stale = Trouble.STALE in notice.troubles
    return [
        ("Thresholds", _thresholds(notice)),
        ("Why", clauses.why_stale(notice) if is_stale else ""),
    ]


def _when(notice: Notice) -> Rows:
    """Say when it began, how long it lasts, and how it moved."""
    is_news = notice.step in (Step.OPENED, Step.NOT_SET_UP)
    length = "" if is_news else clauses.duration(notice)
    return [
        ("Since", full_time(notice.opened_at) if notice.opened_at else ""),
        ("Lasted" if clauses.is_over(notice) else "Open for", length),
        ("Change", clauses.what_changed(notice)),
    ]


def _future(notice: Notice) -> Rows:
    """Say how fast it goes, when it ends, and how it came to this."""
    latest = notice.latest
    top_up = latest.good.last_top_up if latest else None
    resets = latest.good.resets_at if latest else None
    return [
        ("Burn", clauses.burn(notice)),
        ("Empty", _empty(notice)),
        (
            "Expires",
            clauses.expiry(notice) if latest and latest.good.credit_expires_at else "",
        ),
        ("Resets", clock(resets, notice.now) if resets else ""),
        (
            "Last top-up",
            f"{amount(top_up.amount, notice.unit)} at {clock(top_up.at, notice.now)}"
            if top_up
            else "",
        ),
        ("Last 24 h", sparkline(notice.history, notice.now)),
    ]


def _foreign(notice: Notice) -> Rows:
    """Return what there is to say of somebody else's alarm."""
    note = notice.note
    if note is None:
        return []
    return [
        ("Alarm", note.alarm_name),
        ("Series", note.contributor),
        ("Says", note.description),
        ("Watches", note.watching),
        ("State", "" if note.has_data else "it has no data"),
        ("CloudWatch", note.reason),
        *_when(notice),
        ("Where", " ".join(filter(None, (note.aws_account, note.region)))),
    ]


def _left(notice: Notice) -> str:
    """Return the balance with the time at which it was read."""
    if notice.balance is None or notice.balance_at is None:
        return ""
    return f"{amount(notice.balance, notice.unit)} at {clock(notice.balance_at, notice.now)}"


def _other_wallets(notice: Notice) -> str:
    """Return what is in the account's other wallets, which no alarm watches."""
    others = notice.latest.good.others if notice.latest else {}
    return ", ".join(
        f"{name} {amount(wallet.remaining, wallet.unit)}" for name, wallet in sorted(others.items())
    )


def _thresholds(notice: Notice) -> str:
    """Return the thresholds that are set, or the one that an alarm told."""
    if notice.latest is None:
        known = notice.threshold
        return f"below {amount(known, notice.unit)}" if known is not None else ""
    limits, unit = notice.latest.thresholds, notice.unit
    texts = [
        *_below(Severity.CRITICAL, limits.critical and amount(limits.critical, unit)),
        *_below(Severity.WARNING, limits.warning and amount(limits.warning, unit)),
        *_below(Severity.CRITICAL, _hours(limits.runway_critical_hours)),
        *_below(Severity.WARNING, _hours(limits.runway_warning_hours)),
    ]
    if limits.max_burn_per_day is not None:
        texts.append(f"at most {amount(limits.max_burn_per_day, unit)} a day")
    if limits.drain_factor is not None:
        texts.append(f"at most {clauses.plain(limits.drain_factor)} times the normal burn")
    if limits.expiry_warning_days is not None:
        texts.append(f"{clauses.plain(limits.expiry_warning_days)} days before credit expires")
    return ", ".join(texts)


def _below(severity: Severity, text: object) -> list[str]:
    """Return one threshold, where it is set."""
    return [f"{severity} below {text}"] if text is not None else []


def _hours(value: object) -> str | None:
    """Return a number of hours, where it is set."""
    return None if value is None else f"{value} h"


def _empty(notice: Notice) -> str:
    """Return when it will be empty: "in about 9 h at the current rate, around 23:10 UTC"."""
    empties = clauses.empties(notice)
    latest = notice.latest
    if not empties or latest is None or latest.good.empty_at is None:
        return ""
    when = clock(latest.good.empty_at, notice.now)
    return f"{empties.removeprefix('empty ')} at the current rate, around {when}"
