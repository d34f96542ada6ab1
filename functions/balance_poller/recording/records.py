"""Turns a poll's reading and the previous record into records and data points. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from balance_poller.event import Account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.recording.account_metrics import DataPoint
from balance_poller.recording.day import count_failure
from balance_poller.recording.success import after_success
from shared.outcome import Outcome
from shared.records import Attempt, DayTotals, LastGood, Latest, Wallet
from shared.version import VERSION


class ProviderFacts(NamedTuple):
    """The provider's texts in LATEST, so that messages need no definition."""

    title: str
    top_up_url: str | None = None


class Recorded(NamedTuple):
    """The results of one poll of one account, to be written."""

    attempt: Attempt
    latest: Latest
    points: tuple[DataPoint, ...] = ()
    finished_day: DayTotals | None = None
    """The totals of an earlier day, if this poll is the first one after it."""
    is_repeat: bool = False
    """Whether the balance is one that is recorded already: a pushed one, between two pushes."""


def record(
    account: Account,
    facts: ProviderFacts,
    reading: Reading,
    previous: Latest | None,
    at: datetime,
) -> Recorded:
    """Return the records of a poll.

    LATEST keeps the last balance, its burn and its forecast across failures, and drops them when
    the account watches another wallet or provider. When its address or a parameter changes, the
    burn starts again, since the difference in balance is not consumption.

    Args:
        account: The account as the event describes it.
        facts: The provider's texts for LATEST.
        reading: What the poll found.
        previous: The account's previous record.
        at: The run's scheduled time.
    """
    observed_at = reading.observed_at or at
    attempt = _attempt(account, reading, observed_at)
    latest = _latest(account, facts, reading, previous, at)
    finished_day = latest.day if latest.day and latest.day.day < at.date() else None
    if reading.outcome is Outcome.OK and reading.balance is not None:
        good = _last_good(account, reading, reading.balance, observed_at)._replace(
            tops_up_itself=reading.tops_up_itself,
            top_up_due_since=_top_up_due_since(latest, reading, reading.balance, at),
        )
        made = after_success(attempt, latest, good, reading, reading.balance)
        is_repeat = reading.observed_at is not None and latest.good.balance_at == observed_at
        return Recorded(*made, finished_day=finished_day, is_repeat=is_repeat)
    latest = latest._replace(
        failing_since=(previous.failing_since if previous else None) or at,
        retry_at=reading.retry_at and min(reading.retry_at, at + account.stale_after),
        day=count_failure(latest.day, at),
    )
    return Recorded(attempt, latest, finished_day=finished_day)


def _latest(
    account: Account,
    facts: ProviderFacts,
    reading: Reading,
    previous: Latest | None,
    at: datetime,
) -> Latest:
    """Return the record with the poll's outcome, and the good values known before it."""
    known = previous.good if previous and _is_same(previous, account) else None
    return Latest(
        account=account.id,
        provider=account.provider,
        provider_title=facts.title,
        polled_at=at,
        outcome=reading.outcome,
        reason=reading.reason,
        top_up_url=account.top_up_url or facts.top_up_url,
        thresholds=account.thresholds,
        day=previous.day if previous else None,
        version=VERSION,
        good=known or LastGood(unit=account.unit),
    )


def _attempt(account: Account, reading: Reading, at: datetime) -> Attempt:
    """Return the history item of a poll."""
    return Attempt(
        account=account.id,
        at=at,
        provider=account.provider,
        outcome=reading.outcome,
        reason=reading.reason,
        wallet=reading.wallet,
        balance=reading.balance,
        others=reading.others,
        pushed_by=reading.pushed_by,
    )


def _last_good(account: Account, reading: Reading, wallet: Wallet, at: datetime) -> LastGood:
    """Return the good values of an ``ok`` poll, without its forecast."""
    return LastGood(
        balance=wallet.remaining,
        balance_at=at,
        unit=wallet.unit,
        wallet=reading.wallet,
        others=reading.others,
        resets_at=wallet.resets_at,
        credit_expires_at=wallet.expires_at,
        source_hash=_source_hash(account),
        key_id=reading.key_id,
        pushed_by=reading.pushed_by,
        meter=reading.meter,
    )


def _is_same(previous: Latest, account: Account) -> bool:
    """Return whether the last good poll was of the provider, wallet and unit watched now."""
    return (
        previous.provider == account.provider
        and account.wallet in (None, previous.good.wallet)
        and account.unit in (None, previous.good.unit)
    )


def _source_hash(account: Account) -> str:
    """Return a digest of what identifies the balance."""
    source = (account.secret, account.base_url, sorted(account.params.items()))
    return f"{crc32(repr(source).encode()):08x}"


def _top_up_due_since(
    latest: Latest, reading: Reading, balance: Wallet, at: datetime
) -> datetime | None:
    """Return since when an account that tops up automatically has been below its lowest threshold.

    Providers do not say at which balance they top up, so the owner's threshold stands for it.
    """
    limits = latest.thresholds
    lowest = limits.warning if limits.critical is None else limits.critical
    if not reading.tops_up_itself or lowest is None or balance.remaining >= lowest:
        return None
    return latest.good.top_up_due_since or at
