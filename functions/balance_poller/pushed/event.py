"""The event of an invocation through the alias ``push``: pushed balances. Pure.

Anyone who may invoke the alias can do nothing else: poll events are refused here. The function
itself takes any event, with any secret and any address, so nobody who only pushes should be
allowed to invoke it directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from balance_poller.event import AccountError, EventError, account_id, optional_text, read_number
from shared.names import PUSH_ALIAS
from shared.text import one_line
from shared.times import format_time, parse_time

#: The maximum number of balances in one invocation.
MAX_PUSHES: Final = 100
#: How far a clock may be ahead of Lambda's; a time up to that counts as now.
CLOCK_SKEW: Final = timedelta(minutes=1)
#: An older balance tells nothing about the account now.
OLDEST: Final = timedelta(days=31)
_LONGEST_CLAIM: Final = 200


class Push(NamedTuple):
    """A pushed balance."""

    account: str
    balance: Decimal
    at: datetime
    """The time of the balance; UTC, whole seconds."""
    unit: str | None = None
    """Its unit; None for the account's own."""
    by: str | None = None
    """Who claims to have pushed it: Lambda tells a function nothing about its caller."""


class RefusedPush(NamedTuple):
    """A balance that was refused."""

    account: str
    """The account's name, or "pushes[3]" for an entry without a usable one."""
    reason: str


class PushEvent(NamedTuple):
    """The balances that one invocation pushes."""

    received_at: datetime
    pushes: tuple[Push, ...]
    refused: tuple[RefusedPush, ...] = ()


def parse_push_event(event: object, now: datetime) -> PushEvent:
    """Read ``{"pushes": [{"account", "balance", "unit", "at"}, …], "by": …}``.

    A bad entry does not affect the others.

    Args:
        event: The invocation's event.
        now: The time of entries without one, UTC.

    Raises:
        EventError: when it is anything else, such as a poll event.
    """
    entries = event.get("pushes") if isinstance(event, Mapping) else None
    if (
        not isinstance(event, Mapping)
        or not isinstance(entries, Sequence)
        or isinstance(entries, str)
        or not set(event) <= {"pushes", "by"}
    ):
        raise EventError(f'the alias "{PUSH_ALIAS}" accepts only {{"pushes": […]}}')
    if not 0 < len(entries) <= MAX_PUSHES:
        raise EventError(f"the event must have 1 to {MAX_PUSHES} pushes")
    now = now.replace(microsecond=0)
    by = _claim(event.get("by"))
    pushes: dict[str, Push] = {}
    refused: list[RefusedPush] = []
    for index, entry in enumerate(entries):
        name = account_id(entry, "account")
        try:
            if name is None:
                raise AccountError("the account's name is missing or malformed")  # noqa: TRY301
            if name in pushes:
                raise AccountError("the event names the account twice")  # noqa: TRY301
            pushes[name] = _push(name, entry, by, now)
        except AccountError as exc:
            refused.append(RefusedPush(name or f"pushes[{index}]", str(exc)))
    return PushEvent(now, tuple(pushes.values()), tuple(refused))


def _push(name: str, entry: Mapping[str, object], by: str | None, now: datetime) -> Push:
    """Read one entry.

    Raises:
        AccountError: naming the field that is missing or wrong.
    """
    if unknown := sorted(set(map(str, entry)) - {"account", "balance", "unit", "at"}):
        raise AccountError(f"there is no field {', '.join(unknown)[:64]}")
    balance = read_number(entry, "balance")
    if balance is None:
        raise AccountError("the balance is missing")
    return Push(
        name, balance, _at(optional_text(entry, "at"), now), optional_text(entry, "unit"), by
    )


def _at(text: str | None, now: datetime) -> datetime:
    """Return the time of the balance, by default ``now``."""
    if text is None:
        return now
    try:
        at = parse_time(text).replace(microsecond=0)
    except ValueError:
        raise AccountError("at is not a time such as 2026-11-26T09:12:00Z") from None
    if at > now + CLOCK_SKEW:
        raise AccountError(f"at ({format_time(at)}) is in the future: it is {format_time(now)}")
    if at < now - OLDEST:
        raise AccountError(f"at ({format_time(at)}) is more than {OLDEST.days} days ago")
    return min(at, now)


def _claim(value: object) -> str | None:
    """Return who claims to push, as one short line."""
    return one_line(value, _LONGEST_CLAIM) or None if isinstance(value, str) else None
