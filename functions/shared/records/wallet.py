"""One pot of credit, and how items store an account's other wallets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from shared.records.item import Item, time_from, time_or_none, without_none


class Wallet(NamedTuple):
    """One pot of credit as read from a provider's answer."""

    remaining: Decimal
    unit: str
    """ISO 4217 code, or the provider's own word such as ``credits``."""
    used: Decimal | None = None
    granted: Decimal | None = None
    resets_at: datetime | None = None
    expires_at: datetime | None = None


def wallets_to_item(wallets: Mapping[str, Wallet]) -> Item | None:
    """Return wallets as a map of maps; None when there are none."""
    return {
        name: without_none(
            {
                "remaining": wallet.remaining,
                "unit": wallet.unit,
                "expires_at": time_or_none(wallet.expires_at),
            }
        )
        for name, wallet in wallets.items()
    } or None


def wallets_from_item(wallets: Mapping[str, Any]) -> dict[str, Wallet]:
    """Read what :func:`wallets_to_item` wrote."""
    return {
        name: Wallet(
            remaining=wallet["remaining"],
            unit=wallet["unit"],
            expires_at=time_from(wallet, "expires_at"),
        )
        for name, wallet in wallets.items()
    }
