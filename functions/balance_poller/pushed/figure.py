"""Read the last pushed balance as a poll would, and check new ones. Pure."""

from __future__ import annotations

from datetime import datetime

from balance_poller.event import Account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.pushed.event import Push
from shared.names import PUSHED
from shared.outcome import Outcome
from shared.records import LastGood, Latest, Wallet
from shared.times import format_time


def repeat(account: Account, latest: Latest | None, at: datetime) -> Reading:
    """Return the last pushed balance as the reading of a poll at ``at``.

    This keeps alarms going between pushes until the balance is too old; then the poll reads
    nothing. CloudWatch could not tell, because an alarm looks back one day at most.
    """
    good = _pushed(latest)
    if good.balance is None or good.balance_at is None or good.unit != account.unit:
        return Reading(Outcome.NOT_PUSHED, "no balance has been pushed yet")
    if at - good.balance_at > account.stale_after:
        return Reading(Outcome.NOT_PUSHED, "no new balance was pushed in time")
    return Reading(
        Outcome.OK,
        balance=Wallet(good.balance, good.unit or ""),
        observed_at=good.balance_at,
        pushed_by=good.pushed_by,
    )


def take(push: Push, latest: Latest | None) -> Reading | str:
    """Return the push as a reading, or why it is refused.

    The account is known only by its record, which the poller keeps: a push event proves nothing.
    """
    good = _pushed(latest)
    if good.unit is None:
        return (
            "no pushed account of this name has been polled yet: declare it with"
            f' provider = "{PUSHED}", deploy, and run balancectl poll {push.account}'
        )
    if push.unit is not None and push.unit.casefold() != good.unit.casefold():
        return f"the account's unit is {good.unit}, not {push.unit[:24]}"
    if good.balance_at is not None and push.at <= good.balance_at:
        return f"its last balance is from {format_time(good.balance_at)}: this one is not newer"
    balance = Wallet(push.balance, good.unit)
    return Reading(Outcome.OK, balance=balance, observed_at=push.at, pushed_by=push.by)


def is_recorded(push: Push, latest: Latest | None) -> bool:
    """Return whether a push is already recorded: Lambda may deliver an event twice."""
    good = _pushed(latest)
    return (good.balance, good.balance_at) == (push.balance, push.at)


def account_of(latest: Latest) -> Account:
    """Return a pushed account as described by its record."""
    return Account(
        id=latest.account,
        provider=PUSHED,
        secret="",
        thresholds=latest.thresholds,
        top_up_url=latest.top_up_url,
        unit=latest.good.unit,
    )


def _pushed(latest: Latest | None) -> LastGood:
    """Return the last push; None if the record is not a pushed account's."""
    return latest.good if latest is not None and latest.provider == PUSHED else LastGood()
