"""The e-mail: a subject that alone is enough, and a body that says what to do. Pure."""

from __future__ import annotations

from alert_router.episode import Step, Trouble
from alert_router.message import clauses
from alert_router.message.limits import subject_line
from alert_router.message.links import Links
from alert_router.message.notice import Notice
from alert_router.message.spark import sparkline
from alert_router.message.words import amount, clock, full_time
from shared.names import Severity


def subject(notice: Notice) -> str:
    """Return the subject: how bad, whose, what, and by when."""
    return subject_line(f"{tag(notice)} {notice.name}: {summary(notice)}")


def tag(notice: Notice) -> str:
    """Return the word that a subject begins with."""
    match notice.step:
        case Step.RECOVERED:
            return "RESOLVED"
        case Step.CLOSED:
            return "CLOSED"
        case Step.IMPROVED:
            return "IMPROVED"
        case Step.NOT_SET_UP:
            return "NOT SET UP"
        case Step.REMINDER:
            return f"STILL {notice.severity.upper()}"
        case _:
            return notice.severity.upper()


def summary(notice: Notice) -> str:
    """Return the subject's second half, which is also the body's first sentence."""
    match notice.step:
        case Step.NOT_SET_UP:
            return _not_set_up(notice)
        case Step.CLOSED:
            return "no longer watched, its alarms are gone"
        case Step.RECOVERED:
            parts = (_now_left(notice), clauses.how_it_ended(notice))
            return ", ".join(filter(None, parts)) or "the alarm cleared"
        case Step.IMPROVED:
            return f"{clauses.left(notice)}, no longer critical"
        case Step.REMINDER:
            since = clauses.duration(notice)
            parts = (clauses.what(notice), f"for {since} now" if since else "")
            return ", ".join(filter(None, parts))
        case _:
            empties = clauses.empties(notice) if notice.leading is Trouble.LOW else ""
            return ", ".join(filter(None, (clauses.what(notice), empties)))


def body(notice: Notice, links: Links) -> str:
    """Return the mail's text."""
    rows = [(label, text) for label, text in _rows(notice) if text]
    width = max((len(label) for label, _ in rows), default=0)
    facts = "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)
    actions = "\n".join(f"  {line}" for line in _actions(notice, links))
    return "\n\n".join(
        filter(None, (_opening(notice), facts, actions and "What to do\n" + actions))
    )


def _opening(notice: Notice) -> str:
    """Return the first lines: whose it is and what it is."""
    first = f"{notice.name}: {summary(notice)}."
    if notice.is_reduced:
        first += "\nThe account's record could not be read, so this message says less than usual."
    return first


def _rows(notice: Notice) -> list[tuple[str, str]]:
    """Return the facts that the body lists."""
    if notice.note is not None:
        return _foreign_rows(notice)
    latest = notice.latest
    return [
        ("Account", f"{notice.account} ({notice.title})" if notice.title else notice.account),
        ("Left", _left(notice)),
        ("Threshold", _thresholds(notice)),
        ("Why", clauses.why_stale(notice) if Trouble.STALE in notice.troubles else ""),
        ("Since", full_time(notice.opened_at) if notice.opened_at else ""),
        ("Lasted" if notice.step is Step.RECOVERED else "For", _length(notice)),
        ("Since then", clauses.what_changed(notice)),
        ("Burn", clauses.burn(notice)),
        ("Empty", _empty(notice)),
        ("Expires", clauses.expiry(notice) if latest and latest.credit_expires_at else ""),
        ("Last top-up", _top_up(notice)),
        ("Last 24 h", sparkline(notice.history, notice.now)),
    ]


def _foreign_rows(notice: Notice) -> list[tuple[str, str]]:
    """Return what there is to say of somebody else's alarm."""
    note = notice.note
    if note is None:
        return []
    return [
        ("Alarm", note.alarm_name),
        ("Series", note.contributor),
        ("Says", note.description),
        ("Watches", note.watching),
        ("State", "it has no data" if not note.has_data else ""),
        ("CloudWatch", note.reason),
        ("Since", full_time(notice.opened_at) if notice.opened_at else ""),
        ("Lasted" if notice.step is Step.RECOVERED else "For", _length(notice)),
        ("Where", " ".join(filter(None, (note.aws_account, note.region)))),
    ]


def _actions(notice: Notice, links: Links) -> list[str]:
    """Return what a person can do now, each on its line."""
    latest = notice.latest
    top_up = latest.top_up_url if latest else None
    is_over = notice.step in (Step.RECOVERED, Step.CLOSED)
    needs_money = Trouble.LOW in notice.troubles or Trouble.EXPIRY in notice.troubles
    pairs = [
        ("Top up", top_up if top_up and needs_money and not is_over else ""),
        ("Set the key", _set_key(notice)),
        ("Dashboard", links.dashboard_url),
        ("Alarm", links.alarm(notice)),
        ("Runbook", "" if is_over else links.runbook(notice)),
        ("Silence", "" if is_over else _silence(notice)),
    ]
    return [f"{label}: {text}" for label, text in pairs if text]


def _set_key(notice: Notice) -> str:
    """Return the command that gives the account a key, where that may be what is missing."""
    asks = notice.step is Step.NOT_SET_UP or (
        notice.leading is Trouble.STALE and notice.step in (Step.OPENED, Step.REMINDER)
    )
    return f"balancectl keys set {notice.account}" if asks and notice.note is None else ""


def _silence(notice: Notice) -> str:
    """Return the command that silences the account."""
    if notice.note is not None:
        return ""
    return f'balancectl silence {notice.account} --for 2h --reason "..."'


def _not_set_up(notice: Notice) -> str:
    """Say that an account has never worked, and how its last attempt ended."""
    latest = notice.latest
    tried = latest.reason or latest.outcome.words if latest else "it was never polled"
    return f"no balance was ever read: {tried}"


def _now_left(notice: Notice) -> str:
    """Say what is left now that it is over, where the record knows."""
    if notice.balance is None:
        return ""
    return clauses.left(notice)


def _left(notice: Notice) -> str:
    """Return the balance with the time at which it was read."""
    if notice.balance is None or notice.balance_at is None:
        return ""
    return f"{amount(notice.balance, notice.unit)} at {clock(notice.balance_at, notice.now)}"


def _thresholds(notice: Notice) -> str:
    """Return the thresholds that are set."""
    if notice.latest is None:
        return ""
    limits = notice.latest.thresholds
    pairs = ((Severity.CRITICAL, limits.critical), (Severity.WARNING, limits.warning))
    texts = [
        f"{name} below {amount(value, notice.unit)}" for name, value in pairs if value is not None
    ]
    if limits.runway_critical_hours is not None:
        texts.append(f"critical below {limits.runway_critical_hours.normalize():f} h")
    if limits.runway_warning_hours is not None:
        texts.append(f"warning below {limits.runway_warning_hours.normalize():f} h")
    if limits.max_burn_per_day is not None:
        texts.append(f"at most {amount(limits.max_burn_per_day, notice.unit)} a day")
    if limits.drain_factor is not None:
        texts.append(f"at most {limits.drain_factor.normalize():f} times the normal burn")
    return ", ".join(texts)


def _length(notice: Notice) -> str:
    """Return how long it has lasted, where that is news."""
    return clauses.duration(notice) if notice.step not in (Step.OPENED, Step.NOT_SET_UP) else ""


def _empty(notice: Notice) -> str:
    """Return when it will be empty: "in about 9 h at the current rate, around 23:10 UTC"."""
    empties = clauses.empties(notice)
    latest = notice.latest
    if not empties or latest is None or latest.empty_at is None:
        return ""
    when = clock(latest.empty_at, notice.now)
    return f"{empties.removeprefix('empty ')} at the current rate, around {when}"


def _top_up(notice: Notice) -> str:
    """Return the last top-up that was seen."""
    top_up = notice.latest.last_top_up if notice.latest else None
    if top_up is None:
        return ""
    return f"{amount(top_up.amount, notice.unit)} at {clock(top_up.at, notice.now)}"
