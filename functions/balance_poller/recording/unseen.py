"""Detect differences between two balances that are not consumption. Pure.

Credit expires and plans are reset at times that the responses report, and a secret may get another
account's key. Neither is consumption, and would spoil the forecast for a week.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from balance_poller.credentials.reference import VERSION_PREFIX
from shared.records import LastGood, Wallet

#: Providers' clocks differ from ours, and they may act a minute late.
_SLACK: Final = timedelta(minutes=2)
_DAY_SECONDS: Final = 86_400


def is_unseen(before: LastGood, wallet: Wallet, at: datetime, key_id: str | None) -> bool:
    """Return whether the difference between the balances is not consumption, or unknown.

    Args:
        before: The values of the last ``ok`` poll of the same source.
        wallet: What this poll found.
        at: The time of this poll.
        key_id: The id of this poll's key; None if it has none.
    """
    return _is_crossed(before, at) or _is_of_another_key(before, wallet, at, key_id)


def _is_crossed(before: LastGood, at: datetime) -> bool:
    """Return whether credit expired, or the plan was reset, since the last balance."""
    if before.balance_at is None:
        return False
    known = (before.credit_expires_at, before.resets_at)
    start = before.balance_at - _SLACK
    return any(time is not None and start < time <= at + _SLACK for time in known)


def _is_of_another_key(before: LastGood, wallet: Wallet, at: datetime, key_id: str | None) -> bool:
    """Return whether the key's id suggests that the balance is another account's.

    All accounts share one secret, so a new version of it proves little. With only that to go by, a
    fall of more than a day's expected consumption counts as another account's balance.
    """
    if before.key_id is None or key_id is None or before.key_id == key_id:
        return False
    if not (before.key_id.startswith(VERSION_PREFIX) or key_id.startswith(VERSION_PREFIX)):
        return True
    if before.balance is None or before.balance_at is None:
        return False
    fall = before.balance - wallet.remaining
    days = max(1.0, (at - before.balance_at).total_seconds() / _DAY_SECONDS)
    usual = 0.0 if before.burn_per_day is None else float(before.burn_per_day)
    return fall > 0 and float(fall) > usual * days
