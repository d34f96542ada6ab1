"""From one poll's reading and what was known before to the records and data points. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zlib import crc32

from balance_poller.event import Account
from balance_poller.exchange.reading import Reading
from balance_poller.forecast.runway import BurnState, BurnStateError, forecast, observe
from balance_poller.recording.account_metrics import DataPoint, values
from shared.outcome import Outcome
from shared.records import Attempt, Latest, Wallet


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What LATEST says of the account's provider, so that messages need no definition."""

    title: str
    top_up_url: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one poll of one account leaves behind."""

    attempt: Attempt
    latest: Latest
    points: tuple[DataPoint, ...] = ()


def record(
    account: Account,
    facts: ProviderFacts,
    reading: Reading,
    previous: Latest | None,
    at: datetime,
) -> Recorded:
    """Return the records of a poll at ``at`` (the run's scheduled time).

    LATEST keeps the last balance, its burn and its forecast across failures; it forgets them when
    the account now watches another wallet or provider. Of another key, address or parameter the
    first balance is no consumption either: the burn begins anew.
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
    known = previous if _is_same(previous, account) else None
    latest = Latest(
        account=account.id,
        provider=account.provider,
        provider_title=facts.title,
        polled_at=at,
        outcome=reading.outcome,
        reason=reading.reason,
        top_up_url=account.top_up_url or facts.top_up_url,
        thresholds=account.thresholds,
    )
    if reading.outcome is Outcome.OK and reading.balance is not None:
        latest = replace(latest, asked=_asked(account))
        return _after_success(attempt, latest, reading, reading.balance, known)
    return Recorded(attempt, _after_failure(latest, known, previous, at))


def _is_same(previous: Latest | None, account: Account) -> bool:
    """Whether what was recorded before is of what the account watches now."""
    return (
        previous is not None
        and previous.provider == account.provider
        and account.wallet in (None, previous.wallet)
    )


def _asked(account: Account) -> str:
    """Return a digest of what decides whose balance is answered."""
    said = (account.secret, account.base_url, sorted(account.params.items()))
    return f"{crc32(repr(said).encode()):08x}"


def _after_failure(
    latest: Latest, known: Latest | None, previous: Latest | None, at: datetime
) -> Latest:
    """Return LATEST after a poll that was not ``ok``: the last balance stands."""
    failing_since = (previous.failing_since if previous else None) or at
    if known is None:
        return replace(latest, failing_since=failing_since)
    return replace(
        latest,
        failing_since=failing_since,
        balance=known.balance,
        balance_at=known.balance_at,
        unit=known.unit,
        wallet=known.wallet,
        others=known.others,
        resets_at=known.resets_at,
        credit_expires_at=known.credit_expires_at,
        runway_hours=known.runway_hours,
        empty_at=known.empty_at,
        burn_per_day=known.burn_per_day,
        burn_basis=known.burn_basis,
        last_top_up=known.last_top_up,
        burn=known.burn,
        asked=known.asked,
    )


def _after_success(
    attempt: Attempt, latest: Latest, reading: Reading, wallet: Wallet, known: Latest | None
) -> Recorded:
    """Return the records of an ``ok`` poll, with what it says about the burn."""
    at = latest.polled_at
    before = known if known and known.asked in (None, latest.asked) else None
    state = observe(_burn_state(before, reading, wallet), at, wallet.remaining)
    ahead = forecast(state, at, wallet.remaining, reading.burn_per_hour)
    points = tuple(
        DataPoint(latest.account, latest.provider, metric, value, at)
        for metric, value in values(wallet, ahead, latest.thresholds, at)
    )
    latest = replace(
        latest,
        balance=wallet.remaining,
        balance_at=at,
        unit=wallet.unit,
        wallet=reading.wallet,
        others=reading.others,
        resets_at=wallet.resets_at,
        credit_expires_at=wallet.expires_at,
        runway_hours=ahead.runway_rounded,
        empty_at=ahead.empty_at,
        burn_per_day=ahead.burn_per_day,
        burn_basis=ahead.basis.value,
        last_top_up=state.last_top_up,
        burn=state.to_item(),
    )
    return Recorded(attempt, latest, points)


def _burn_state(known: Latest | None, reading: Reading, wallet: Wallet) -> BurnState | None:
    """Return what is remembered of this very wallet; what cannot be read is forgotten."""
    if known is None or known.burn is None:
        return None
    if (known.wallet, known.unit) != (reading.wallet, wallet.unit):
        return None
    try:
        return BurnState.from_item(known.burn)
    except BurnStateError:
        return None
