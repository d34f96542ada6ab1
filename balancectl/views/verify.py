"""Prints polls made from this machine, for ``verify`` and ``provider check``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from balancectl.cli.output import Cell, Column, print_fields, print_json, print_line, print_table
from balancectl.local.poll import LocalPoll
from shared.money import format_amount
from shared.outcome import Outcome
from shared.records import Thresholds, Wallet

_COLUMNS = (
    Column("Account", wraps=True),
    Column("Provider", min_terminal_width=90),
    Column("Balance", justify="right"),
    Column("Outcome", wraps=True),
)
#: Fields of the record that are packed or internal to the table.
_NOT_SHOWN = frozenset({"burn", "account", "at", "expires_at"})


def print_polls(polls: list[LocalPoll], *, explain: bool, as_json_: bool, is_single: bool) -> None:
    """Print the polls: one account in detail, several as a table, or JSON."""
    if as_json_:
        print_json({"accounts": [as_json(one, explain=explain) for one in polls]})
        return
    if is_single:
        print_one(polls[0])
    else:
        print_table_of(polls)
    if explain:
        for one in polls:
            print_explanation(one)


def print_one(poll: LocalPoll) -> None:
    """Print one account's outcome and every wallet that the key can see."""
    reading = poll.reading
    style = "green" if reading.outcome is Outcome.OK else "red"
    print_line(f"{poll.account.id}: {_text(poll)}", style)
    status = "" if poll.status is None else f"HTTP {poll.status}"
    print_fields(
        [
            *_wallet_lines(poll),
            ("thresholds", _thresholds_text(poll)),
            ("key", poll.remark or ""),
            ("response", status),
            ("top up at", poll.recorded.latest.top_up_url or ""),
        ]
    )


def print_table_of(polls: Sequence[LocalPoll]) -> None:
    """Print a table of accounts, failures first."""
    rows = sorted(polls, key=lambda one: (one.reading.outcome is Outcome.OK, one.account.id))
    print_table(_COLUMNS, [_row(one) for one in rows])


def print_explanation(poll: LocalPoll) -> None:
    """Print how the outcome came about and what the deployed poller would do with it."""
    print_line()
    print_line(poll.account.id, "bold")
    print_line("  request", "dim")
    for line in (poll.request or "not sent").splitlines():
        print_line(f"    {line}")
    status = "none" if poll.status is None else str(poll.status)
    print_line("  response", "dim")
    print_line(f"    {' '.join(filter(None, [status, poll.content_type]))}")
    if poll.evaluated:
        print_line("  results of the expressions", "dim")
        print_evaluated(poll.evaluated, indent=4)
    print_line("  would be published", "dim")
    points = [f"{point.metric.value} = {point.value:.12g}" for point in poll.recorded.points]
    for line in points or ["nothing: the outcome is not ok"]:
        print_line(f"    {line}")
    print_line("  would be recorded", "dim")
    for name, value in _record(poll).items():
        print_line(f"    {name} = {_plain(value)}")


def print_evaluated(evaluated: Mapping[str, object], indent: int) -> None:
    """Print the result of each expression of a definition, by path."""
    width = max(map(len, evaluated), default=0)
    for path, value in evaluated.items():
        print_line(f"{' ' * indent}{path.ljust(width)}  {_plain(value)}")


def as_json(poll: LocalPoll, *, explain: bool) -> dict[str, Any]:
    """Return a poll as JSON."""
    reading, account = poll.reading, poll.account
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
        "wallets": {name: _wallet_as_json(wallet) for name, wallet in _wallets(poll).items()},
        "thresholds": {
            name: value
            for name in Thresholds._fields
            if (value := getattr(limits, name)) is not None
        },
        "remark": poll.remark,
        "status": poll.status,
        **({"spent_this_month": poll.spent} if poll.spent is not None else {}),
    }
    if explain:
        found |= {
            "request": poll.request,
            "evaluated": dict(poll.evaluated),
            "metrics": {point.metric.value: point.value for point in poll.recorded.points},
            "record": _record(poll),
        }
    return found


def _row(poll: LocalPoll) -> list[Cell | str]:
    """Return an account's row."""
    balance = poll.reading.balance
    amount = "-" if balance is None else format_amount(balance.remaining, balance.unit)
    is_ok = poll.reading.outcome is Outcome.OK
    text = poll.reading.reason or poll.reading.outcome.words
    outcome = _with_breach(poll, "ok") if is_ok else f"{poll.reading.outcome.value}: {text}"
    style = "red" if not is_ok else "green" if outcome == "ok" else "yellow"
    return [
        poll.account.id,
        poll.account.provider,
        Cell(amount, "bold"),
        Cell(outcome, style),
    ]


def _text(poll: LocalPoll) -> str:
    """Return the outcome, with the balance or the reason for its absence."""
    reading = poll.reading
    if reading.outcome is Outcome.OK and reading.balance is not None:
        left = format_amount(reading.balance.remaining, reading.balance.unit)
        return _with_breach(poll, f"ok: {left} left")
    if reading.outcome is Outcome.OK and poll.spent is not None:
        return f"ok: {poll.spent} spent this month (a cost report; the balance is computed from it)"
    return f"{reading.outcome.value}: {reading.reason or reading.outcome.words}"


def _with_breach(poll: LocalPoll, text: str) -> str:
    """Append the threshold that the balance is below."""
    balance, limits = poll.reading.balance, poll.account.thresholds
    if balance is None:
        return text
    for name in ("critical", "warning"):
        limit: Decimal | None = getattr(limits, name)
        if limit is not None and balance.remaining < limit:
            return f"{text}, below the {name} threshold {format_amount(limit, balance.unit)}"
    return text


def _wallets(poll: LocalPoll) -> dict[str, Wallet]:
    """Return every wallet that was read, the account's own first."""
    reading = poll.reading
    own = {reading.wallet or "balance": reading.balance} if reading.balance is not None else {}
    return own | dict(reading.others)


def _wallet_lines(poll: LocalPoll) -> list[tuple[str, str]]:
    """Return a line for each wallet."""
    return [
        (f"{name}{' (watched)' if name == poll.reading.wallet else ''}", _wallet_text(wallet))
        for name, wallet in _wallets(poll).items()
    ]


def _wallet_text(wallet: Wallet) -> str:
    """Return a wallet's figures as text."""
    text = [f"{format_amount(wallet.remaining, wallet.unit)} left"]
    if wallet.used is not None:
        text.append(f"{format_amount(wallet.used, wallet.unit)} used")
    if wallet.granted is not None:
        text.append(f"{format_amount(wallet.granted, wallet.unit)} granted")
    if wallet.resets_at is not None:
        text.append(f"resets {wallet.resets_at:%Y-%m-%d %H:%M} UTC")
    if wallet.expires_at is not None:
        text.append(f"expires {wallet.expires_at:%Y-%m-%d %H:%M} UTC")
    return ", ".join(text)


def _wallet_as_json(wallet: Wallet) -> dict[str, object]:
    """Return a wallet as JSON, without unknown figures."""
    return {name: value for name, value in wallet._asdict().items() if value is not None}


def _thresholds_text(poll: LocalPoll) -> str:
    """Return the thresholds on the balance as text."""
    limits, balance = poll.account.thresholds, poll.reading.balance
    unit = balance.unit if balance else ""
    text = [
        f"{name} {format_amount(limit, unit).strip()}"
        for name in ("warning", "critical")
        if (limit := getattr(limits, name)) is not None
    ]
    return ", ".join(text)


def _record(poll: LocalPoll) -> dict[str, Any]:
    """Return the account's record."""
    item = poll.recorded.latest.to_item()
    return {name: value for name, value in item.items() if name not in _NOT_SHOWN and value != {}}


def _plain(value: object) -> str:
    """Return a value as text."""
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
