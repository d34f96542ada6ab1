"""How ``verify`` and ``provider check`` show what a poll from this machine found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from balancectl.cli.output import Cell, Column, facts, print_table, say
from balancectl.local.poll import Checked
from shared.money import format_amount
from shared.outcome import Outcome
from shared.records import Thresholds, Wallet

_COLUMNS = (
    Column("Account", wraps=True),
    Column("Provider", min_terminal_width=90),
    Column("Balance", justify="right"),
    Column("Outcome", wraps=True),
)
#: In the record, but not of use to read: packed, or the table's own.
_NOT_SHOWN = frozenset({"burn", "account", "at", "expires_at"})


def print_one(checked: Checked) -> None:
    """Print one account's outcome, balance, and everything else that the key can see."""
    reading = checked.reading
    style = "green" if reading.outcome is Outcome.OK else "red"
    say(f"{checked.account.id}: {_words(checked)}", style)
    status = "" if checked.status is None else f"HTTP {checked.status}"
    facts(
        [
            *_wallet_lines(checked),
            ("below", _thresholds_words(checked)),
            ("answer", status),
            ("top up at", checked.recorded.latest.top_up_url or ""),
        ]
    )


def print_table_of(checked: Sequence[Checked]) -> None:
    """Print a table of accounts, what failed first."""
    rows = sorted(checked, key=lambda one: (one.reading.outcome is Outcome.OK, one.account.id))
    print_table(_COLUMNS, [_row(one) for one in rows])


def print_explanation(checked: Checked) -> None:
    """Print how the outcome came about, and what the deployed poller would make of it."""
    say()
    say(checked.account.id, "bold")
    say("  request", "dim")
    for line in (checked.request or "none was made").splitlines():
        say(f"    {line}")
    status = "none came" if checked.status is None else str(checked.status)
    say("  answer", "dim")
    say(f"    {' '.join(filter(None, [status, checked.content_type]))}")
    if checked.evaluated:
        say("  what each expression gave", "dim")
        print_evaluated(checked.evaluated, indent=4)
    say("  would be published", "dim")
    points = [f"{point.metric.value} = {point.value:.12g}" for point in checked.recorded.points]
    for line in points or ["nothing: only ok publishes"]:
        say(f"    {line}")
    say("  would be recorded", "dim")
    for name, value in _record(checked).items():
        say(f"    {name} = {_plain(value)}")


def print_evaluated(evaluated: Mapping[str, object], indent: int) -> None:
    """Print what each expression of a definition gave, by its path."""
    width = max(map(len, evaluated), default=0)
    for path, value in evaluated.items():
        say(f"{' ' * indent}{path.ljust(width)}  {_plain(value)}")


def as_json(checked: Checked, *, explain: bool) -> dict[str, Any]:
    """Return what was found as JSON."""
    reading, account = checked.reading, checked.account
    balance = reading.balance
    limits = account.thresholds
    found: dict[str, Any] = {
        "account": account.id,
        "provider": account.provider,
        "outcome": reading.outcome.value,
        "reason": reading.reason,
        "balance": balance and balance.remaining,
        "unit": balance and balance.unit,
        "wallet": reading.wallet,
        "wallets": {name: _wallet_as_json(wallet) for name, wallet in _wallets(checked).items()},
        "thresholds": {
            name: value
            for name in Thresholds.__slots__
            if (value := getattr(limits, name)) is not None
        },
        "status": checked.status,
    }
    if explain:
        found |= {
            "request": checked.request,
            "evaluated": dict(checked.evaluated),
            "metrics": {point.metric.value: point.value for point in checked.recorded.points},
            "record": _record(checked),
        }
    return found


def _row(checked: Checked) -> list[Cell | str]:
    """Return an account's line."""
    balance = checked.reading.balance
    amount = "-" if balance is None else format_amount(balance.remaining, balance.unit)
    is_ok = checked.reading.outcome is Outcome.OK
    words = checked.reading.reason or checked.reading.outcome.words
    outcome = _with_breach(checked, "ok") if is_ok else f"{checked.reading.outcome.value}: {words}"
    style = "red" if not is_ok else "green" if outcome == "ok" else "yellow"
    return [
        checked.account.id,
        checked.account.provider,
        Cell(amount, "bold"),
        Cell(outcome, style),
    ]


def _words(checked: Checked) -> str:
    """Return the outcome, with the balance or why there is none."""
    reading = checked.reading
    if reading.outcome is Outcome.OK and reading.balance is not None:
        left = format_amount(reading.balance.remaining, reading.balance.unit)
        return _with_breach(checked, f"ok: {left} left")
    return f"{reading.outcome.value}: {reading.reason or reading.outcome.words}"


def _with_breach(checked: Checked, words: str) -> str:
    """Add which threshold the balance is below."""
    balance, limits = checked.reading.balance, checked.account.thresholds
    if balance is None:
        return words
    for name in ("critical", "warning"):
        limit: Decimal | None = getattr(limits, name)
        if limit is not None and balance.remaining < limit:
            return f"{words}, below the {name} threshold {format_amount(limit, balance.unit)}"
    return words


def _wallets(checked: Checked) -> dict[str, Wallet]:
    """Return every wallet that was read, the account's own first."""
    reading = checked.reading
    own = {reading.wallet or "balance": reading.balance} if reading.balance is not None else {}
    return own | dict(reading.others)


def _wallet_lines(checked: Checked) -> list[tuple[str, str]]:
    """Return a line for each wallet."""
    return [
        (f"{name}{' (watched)' if name == checked.reading.wallet else ''}", _wallet_words(wallet))
        for name, wallet in _wallets(checked).items()
    ]


def _wallet_words(wallet: Wallet) -> str:
    """Return a wallet's figures in words."""
    words = [f"{format_amount(wallet.remaining, wallet.unit)} left"]
    if wallet.used is not None:
        words.append(f"{format_amount(wallet.used, wallet.unit)} used")
    if wallet.granted is not None:
        words.append(f"{format_amount(wallet.granted, wallet.unit)} granted")
    if wallet.resets_at is not None:
        words.append(f"resets {wallet.resets_at:%Y-%m-%d %H:%M} UTC")
    if wallet.expires_at is not None:
        words.append(f"expires {wallet.expires_at:%Y-%m-%d %H:%M} UTC")
    return ", ".join(words)


def _wallet_as_json(wallet: Wallet) -> dict[str, object]:
    """Return a wallet as JSON, without what is not known."""
    figures = {name: getattr(wallet, name) for name in Wallet.__slots__}
    return {name: value for name, value in figures.items() if value is not None}


def _thresholds_words(checked: Checked) -> str:
    """Return the thresholds on the balance in words."""
    limits, balance = checked.account.thresholds, checked.reading.balance
    unit = balance.unit if balance else ""
    words = [
        f"{name} {format_amount(limit, unit).strip()}"
        for name in ("warning", "critical")
        if (limit := getattr(limits, name)) is not None
    ]
    return ", ".join(words)


def _record(checked: Checked) -> dict[str, Any]:
    """Return what the account's record would say."""
    item = checked.recorded.latest.to_item()
    return {name: value for name, value in item.items() if name not in _NOT_SHOWN and value != {}}


def _plain(value: object) -> str:
    """Return a value as a person reads it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case dict():
            return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
        case _:
            return str(value)
