"""The wallets of one answer: their figures, units and times. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from balance_poller.definitions.answer.wallet_spec import UNIT, TimeSpec, WalletSpec
from balance_poller.definitions.definition import Definition
from balance_poller.definitions.language.amount import UnreadableError, scaled
from balance_poller.definitions.language.evaluation import MISSING, Document
from balance_poller.definitions.language.expression import json_type
from shared.records import Wallet

#: A unit in an answer is short; an echo, such as a key, is not.
_MAX_UNIT: Final = 12
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
#: Epochs from here on are milliseconds: as seconds, they would be beyond the year 5000.
_MILLISECONDS_FROM: Final = Decimal("1e11")
_MILLISECONDS_UNTIL: Final = Decimal("1e14")

Wallets = dict[str, tuple[Wallet, Decimal | None]]
"""By name: the wallet, and the hourly consumption that the provider reports."""


def read_wallets(
    definition: Definition, document: Document, at: datetime | None
) -> tuple[Wallets, dict[str, str]]:
    """Return the wallets in the answer, and why the others cannot be read.

    Raises:
        BudgetError: when the definition's expressions need too many steps.
    """
    wallets: Wallets = {}
    problems: dict[str, str] = {}
    if document.body is MISSING:
        return wallets, problems
    for name, spec in definition.wallets.items():
        try:
            wallets[name] = _read_wallet(spec, document, at)
        except UnreadableError as exc:
            problems[name] = str(exc)
    return wallets, problems


def _read_wallet(
    spec: WalletSpec, document: Document, at: datetime | None
) -> tuple[Wallet, Decimal | None]:
    """Return one wallet and its burn rate; only ``remaining`` and the unit are required.

    Raises:
        UnreadableError: when one of these two cannot be read.
    """
    found: dict[str, Any] = {
        "remaining": scaled(spec.remaining.compute(document), spec.scale),
        "unit": read_unit(spec, document),
    }
    for name, amount in spec.amounts.items():
        with suppress(UnreadableError):
            found[name] = scaled(amount.compute(document), spec.scale)
    for name, time in spec.times.items():
        found[name] = read_time(time, document, at)
    burn_per_hour = found.pop("burn_per_hour", None)
    return Wallet(**found), burn_per_hour


def read_unit(spec: WalletSpec, document: Document) -> str:
    """Return a wallet's unit, from the definition or the answer; currencies in capitals.

    Raises:
        UnreadableError: when the answer has none.
    """
    place = spec.unit_path
    if place is None:
        return spec.unit or ""
    found = place.find(document)
    if not isinstance(found, str):
        raise UnreadableError(f"{place.quoted} is {json_type(found)}, not a unit")
    if len(found) > _MAX_UNIT or not re.fullmatch(UNIT, found):
        raise UnreadableError(f"{place.quoted} is text that is not a unit")
    return found.upper() if len(found) == 3 else found


def read_time(spec: TimeSpec, document: Document, at: datetime | None) -> datetime | None:
    """Return a wallet's time; None if the answer has no readable one.

    Args:
        spec: Where it is.
        document: The answer.
        at: The current time; only times after it count for ``earliest``. None: all count.
    """
    if not spec.is_earliest:
        return next(filter(None, (parse_time(place.find(document)) for place in spec.places)), None)
    times = []
    for place in spec.places:
        found = place.find(document)
        for value in found if isinstance(found, list) else [found]:
            time = parse_time(value)
            if time is None and value is not None:
                # An unreadable one may be the earliest.
                return None
            if time is not None and (at is None or time > at):
                times.append(time)
    return min(times, default=None)


def parse_time(value: object) -> datetime | None:
    """Read an ISO 8601 or HTTP date, or an epoch in seconds or milliseconds; None for all else."""
    try:
        if isinstance(value, str) and not value.isdigit():
            at = _parse_date(value)
        elif isinstance(value, str | Decimal):
            epoch = Decimal(value)
            if not 0 < epoch < _MILLISECONDS_UNTIL:
                # An answer's 1e999999999 would become an integer with a billion digits.
                return None
            seconds = epoch / 1000 if epoch >= _MILLISECONDS_FROM else epoch
            at = datetime.fromtimestamp(int(seconds), UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError, ArithmeticError):
        return None
    return at if _EARLIEST <= at < _LATEST else None


def _parse_date(text: str) -> datetime:
    """Read a date from text: "2026-12-31", "2026-12-31 23:59:59 UTC", "Thu, 31 Dec 2026 …".

    Raises:
        ValueError: when it is not a date.
    """
    if text[:1].isalpha():
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- hardly ever needed

        at = parsedate_to_datetime(text)
    else:
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
