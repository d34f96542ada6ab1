"""Turns a poll's reading and the previous record into records and data points. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zlib import crc32

from balance_poller.event import Account
from balance_poller.exchange.reading import Reading
from balance_poller.forecast import (
    MAX_HOURS,
    NORMAL_SENSITIVITY,
    BurnState,
    BurnStateError,
    forecast,
    observe,
)
from balance_poller.recording.account_metrics import NEVER, DataPoint, values
from balance_poller.recording.day import count_failure, count_success
from balance_poller.recording.held_runway import hold
from balance_poller.recording.unseen import is_unseen
from shared.outcome import Outcome
from shared.records import Attempt, DayTotals, LastGood, Latest, Wallet
from shared.version import VERSION


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """The provider's texts in LATEST, so that messages need no definition."""

    title: str
    top_up_url: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The results of one poll of one account, to be written."""

    attempt: Attempt
    latest: Latest
    points: tuple[DataPoint, ...] = ()
    finished_day: DayTotals | None = None
    """The totals of an earlier day, if this poll is the first one after it."""


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
    attempt = Attempt(
        account=account.id,
        at=at,
        provider=account.provider,
        outcome=reading.outcome,
        reason=reading.reason,
        wallet=reading.wallet,
        balance=reading.balance,
        others=reading.others,
    )
    known_day = previous.day if previous else None
    finished_day = known_day if known_day and known_day.day < at.date() else None
    latest = Latest(
        account=account.id,
        provider=account.provider,
        provider_title=facts.title,
        polled_at=at,
        outcome=reading.outcome,
        reason=reading.reason,
        top_up_url=account.top_up_url or facts.top_up_url,
        thresholds=account.thresholds,
        version=VERSION,
        good=previous.good if previous and _is_same(previous, account) else LastGood(),
    )
    if reading.outcome is Outcome.OK and reading.balance is not None:
        good = LastGood(
            balance=reading.balance.remaining,
            balance_at=at,
            unit=reading.balance.unit,
            wallet=reading.wallet,
            others=reading.others,
            resets_at=reading.balance.resets_at,
            credit_expires_at=reading.balance.expires_at,
            source_hash=_source_hash(account),
            key_id=reading.key_id,
        )
        latest = replace(latest, day=known_day)
        made = _after_success(attempt, latest, good, reading, reading.balance)
        return replace(made, finished_day=finished_day)
    failing_since = (previous.failing_since if previous else None) or at
    retry_at = reading.retry_at and min(reading.retry_at, at + account.stale_after)
    latest = replace(
        latest,
        failing_since=failing_since,
        retry_at=retry_at,
        day=count_failure(known_day, at),
    )
    return Recorded(attempt, latest, finished_day=finished_day)


def _is_same(previous: Latest, account: Account) -> bool:
    """Return whether the last good poll was of the provider and wallet watched now."""
    return previous.provider == account.provider and account.wallet in (
        None,
        previous.good.wallet,
    )


def _source_hash(account: Account) -> str:
    """Return a digest of what identifies the balance."""
    source = (account.secret, account.base_url, sorted(account.params.items()))
    return f"{crc32(repr(source).encode()):08x}"


def _after_success(
    attempt: Attempt, latest: Latest, good: LastGood, reading: Reading, wallet: Wallet
) -> Recorded:
    """Return the records of an ``ok`` poll, with its forecast.

    Args:
        attempt: The poll.
        latest: The record, with the previous good values.
        good: The new good values, without the forecast.
        reading: What the poll found.
        wallet: The balance in it.
    """
    at = latest.polled_at
    before = _burn_state(latest.good, good)
    unseen = is_unseen(latest.good, wallet, at, good.key_id)
    state = observe(before, at, wallet.remaining, unseen=unseen)
    ahead = forecast(
        state,
        at,
        wallet.remaining,
        reading.burn_per_hour,
        drain_sensitivity=float(latest.thresholds.drain_sensitivity or NORMAL_SENSITIVITY),
    )
    runway = hold(
        NEVER if ahead.at_least_hours is None else ahead.at_least_hours,
        latest.thresholds,
        latest.good.runway_level,
        is_topped_up=before is not None and before.last_top_up != state.last_top_up,
    )
    points = tuple(
        DataPoint(latest.account, latest.provider, metric, value, at)
        for metric, value in values(wallet, ahead, latest.thresholds, at, runway)
    )
    good = replace(
        good,
        runway_hours=_tenths(ahead.runway_hours),
        at_least_hours=_tenths(ahead.at_least_hours),
        at_least_95_hours=_tenths(ahead.at_least_95_hours),
        at_most_hours=_tenths(ahead.at_most_hours),
        runway_level=runway.level and runway.level.value,
        empty_at=ahead.empty_at,
        burn_per_day=ahead.burn_per_day,
        burn_basis=ahead.basis.value,
        last_top_up=state.last_top_up,
        burn=state.to_item(),
    )
    known = latest.good if before is not None else LastGood()
    day = count_success(latest.day, known, good, at, unseen=unseen)
    return Recorded(attempt, replace(latest, good=good, day=day), points)


def _tenths(hours: float | None) -> Decimal | None:
    """Return hours rounded down to tenths, so that a bound stays a bound."""
    return None if hours is None else Decimal(math.floor(min(hours, MAX_HOURS) * 10)) / 10


def _burn_state(before: LastGood, now: LastGood) -> BurnState | None:
    """Return the burn state of the same wallet and source; None if there is no readable one."""
    if before.burn is None or before.source_hash not in (None, now.source_hash):
        return None
    if (before.wallet, before.unit) != (now.wallet, now.unit):
        return None
    try:
        return BurnState.from_item(before.burn)
    except BurnStateError:
        return None
