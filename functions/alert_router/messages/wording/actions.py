"""What a person can do about it, each on its line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from alert_router.incidents.incident import Step, Trouble
from alert_router.messages.notification import Notice
from alert_router.messages.wording.links import Links
from alert_router.messages.wording.phrases import is_over
from shared.outcome import Outcome

#: Outcomes that a new key may end.
_KEY_TROUBLE = frozenset(
    {Outcome.INVALID_KEY, Outcome.INSUFFICIENT_SCOPE, Outcome.BAD_CONFIG, Outcome.UNVERIFIED}
)


def actions(notice: Notice, links: Links) -> list[str]:
    """Return what to do about one subject; nothing but where to look when it is over."""
    over = is_over(notice)
    pairs = [
        ("Top up", "" if over else _top_up(notice)),
        ("Set the key", "" if over else _set_key(notice)),
        ("Check", "" if over else _check(notice)),
        ("Dashboard", links.dashboard_url),
        ("Alarm", "" if notice.step is Step.CLOSED else links.alarm(notice)),
        ("Runbook", "" if over else links.runbook(notice)),
        ("Silence", "" if over or notice.note else _silence(notice.account)),
    ]
    return _lines(pairs)


def actions_for_several(notices: Sequence[Notice], links: Links) -> list[str]:
    """Return what to do about several subjects at once."""
    first = notices[0]
    over = is_over(first)
    top_ups = dict.fromkeys((f"Top up {n.title}", _top_up(n)) for n in notices if not over)
    provider = first.provider if len({n.provider for n in notices}) == 1 else ""
    is_one_cause = all(
        n.troubles == {Trouble.STALE} and n.step is not Step.NOT_SET_UP for n in notices
    )
    pairs = [
        *top_ups,
        *((("Set the key", _set_key(n)) for n in notices) if not over else ()),
        ("Dashboard", links.dashboard_url),
        ("Runbook", "" if over else links.runbook(first)),
        ("Silence", _silence(f"provider:{provider}") if provider and is_one_cause else ""),
    ]
    return _lines(pairs)


def _lines(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the pairs that say something."""
    return [f"{label}: {text}" for label, text in pairs if text]


def _top_up(notice: Notice) -> str:
    """Return where to top up, where money is what is missing."""
    url = notice.latest.top_up_url if notice.latest else None
    needs = notice.troubles & {Trouble.LOW, Trouble.EXPIRY}
    blocked = notice.latest is not None and notice.latest.outcome is Outcome.ACCOUNT_BLOCKED
    return url if url and (needs or blocked) else ""


def _set_key(notice: Notice) -> str:
    """Return the command that gives the account a key, where that may be what is missing."""
    if notice.note is not None or Trouble.STALE not in notice.troubles:
        return ""
    outcome = notice.latest.outcome if notice.latest else Outcome.BAD_CONFIG
    asks = notice.step is Step.NOT_SET_UP or outcome in _KEY_TROUBLE
    return f"balancectl keys set {notice.account}" if asks else ""


def _check(notice: Notice) -> str:
    """Return what to look for when an account burns abnormally."""
    if Trouble.DRAIN not in notice.troubles:
        return ""
    return "who uses the key? If nobody knows, it may have leaked: revoke it at the provider"


def _silence(pattern: str) -> str:
    """Return the command that silences accounts."""
    return f'balancectl silence {pattern} --for 2h --reason "..."'
