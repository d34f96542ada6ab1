"""Balances of accounts whose provider reports cost: the days to request, and the balance.

A ledger is stored before anything is published from it, on condition that nobody declared an
anchor or a top-up meanwhile; otherwise the same report is settled with what was declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from balance_poller.definitions.answer.spend_spec import SpendSpec
from balance_poller.event import Account
from balance_poller.exchange.answer.reading import Reading, describe_unexpected
from balance_poller.exchange.provider import Provider
from balance_poller.fetching.fetch import Providers
from balance_poller.ledger.budget import budget_left
from balance_poller.ledger.settle import Costs, ledger_window, settle
from balance_poller.ledger.window import LedgerError, Window, month_window
from balance_poller.recording.tables.ledger_table import (
    LedgerConflictError,
    LedgersRead,
    LedgerTable,
    LedgerWriteError,
)
from shared.money import NumberError, within_limits
from shared.outcome import Outcome
from shared.records import Latest, Meter, Wallet
from shared.records.ledger import Ledger

#: People declare a top-up or anchor a few times a month.
_MOST_CONFLICTS: Final = 3


@dataclass(slots=True)
class Books:
    """The accounts of a run whose balance is computed."""

    table: LedgerTable
    now: datetime
    specs: dict[str, SpendSpec] = field(default_factory=dict)
    """By account."""
    ledgers: LedgersRead = field(default_factory=LedgersRead)
    windows: dict[str, Window | LedgerError] = field(default_factory=dict)
    """The days to request by account, or why there are none."""

    def with_balances(
        self,
        accounts: Sequence[Account],
        readings: Mapping[str, Reading],
        known: Mapping[str, Latest],
    ) -> dict[str, Reading]:
        """Return ``readings`` with the balances that follow from reported cost.

        Ledgers that changed are stored.

        Args:
            accounts: The accounts of the readings.
            readings: What was fetched.
            known: What was known before.
        """
        found = dict(readings)
        for account in accounts:
            reading = found.get(account.id)
            if reading is not None and reading.costs is not None:
                found[account.id] = _with_balance(self, account, reading, known.get(account.id))
        return found


def open_books(
    accounts: Sequence[Account], providers: Providers, table: LedgerTable, now: datetime
) -> Books:
    """Read the ledgers of those accounts that have one."""
    books = Books(table, now)
    for account in accounts:
        provider = providers.get(account.provider)
        if isinstance(provider, Provider) and provider.definition.spend is not None:
            books.specs[account.id] = provider.definition.spend
    books.ledgers = table.read([name for name, spec in books.specs.items() if not spec.is_budget])
    for account in accounts:
        if account.id in books.specs:
            books.windows[account.id] = _window(books, account)
    return books


def _window(books: Books, account: Account) -> Window | LedgerError:
    """Return the days to ask for."""
    if books.specs[account.id].is_budget:
        if account.budget is None:
            return LedgerError("budget is missing: set the amount that may be spent in a month")
        return month_window(books.now)
    try:
        return ledger_window(_ledger(books.ledgers, account), books.now)
    except LedgerError as exc:
        return exc


def _ledger(read: LedgersRead, account: Account) -> Ledger:
    """Return an account's ledger.

    Raises:
        LedgerError: when there is none that can be used.
    """
    if account.id in read.problems:
        raise LedgerError(read.problems[account.id], is_passing=True)
    ledger = read.items.get(account.id)
    if ledger is None or ledger.provider != account.provider:
        raise LedgerError(
            "the ledger has no anchor yet: look up the balance in the provider's console, and run"
            f" balancectl ledger set {account.id} AMOUNT"
        )
    return ledger


def _with_balance(
    books: Books, account: Account, reading: Reading, before: Latest | None
) -> Reading:
    """Return one account's reading with its balance, or with why there is none."""
    spec, costs = books.specs[account.id], reading.costs or {}
    try:
        if spec.is_budget and account.budget is not None:
            meter = before.good.meter if before and before.provider == account.provider else None
            wallet, meter = budget_left(
                account.budget, spec.unit, costs, books.now, meter, is_by_day=spec.total is None
            )
        else:
            wallet, meter = _ledger_left(_settled(books, account, costs))
        within_limits(wallet.remaining)
    except NumberError as exc:
        return _failed(reading, Outcome.SCHEMA_CHANGED, f"the balance cannot be stored: {exc}")
    except LedgerError as exc:
        outcome = Outcome.TRANSIENT if exc.is_passing else Outcome.BAD_CONFIG
        return _failed(reading, outcome, str(exc))
    except Exception as exc:  # noqa: BLE001 -- one account's error is never another's
        return _failed(reading, Outcome.TRANSIENT, describe_unexpected(exc))
    return reading._replace(balance=wallet, meter=meter, costs=None)


def _failed(reading: Reading, outcome: Outcome, reason: str) -> Reading:
    """Return a reading without a balance."""
    return Reading(outcome, reason, reading.wallet, key_id=reading.key_id)


def _ledger_left(ledger: Ledger) -> tuple[Wallet, Meter]:
    """Return a settled ledger's reading."""
    granted = ledger.anchor.amount + ledger.declared
    wallet = Wallet(ledger.left, ledger.unit, used=ledger.cost, granted=granted)
    meter = Meter(ledger.consumed, ledger.topped_up, ledger.topped_up_at, ledger.cost_at)
    return wallet, meter


def _settled(books: Books, account: Account, costs: Costs) -> Ledger:
    """Settle a report and store the ledger; including what was declared meanwhile.

    Raises:
        LedgerError: when it cannot be stored.
    """
    ledger = _ledger(books.ledgers, account)
    for _ in range(_MOST_CONFLICTS):
        try:
            return books.table.write(settle(ledger, costs, books.now))
        except LedgerWriteError as exc:
            raise LedgerError(f"the ledger could not be stored: {exc}", is_passing=True) from exc
        except LedgerConflictError:
            ledger = _ledger(books.table.read([account.id]), account)
    raise LedgerError("the ledger was changed several times meanwhile", is_passing=True)
