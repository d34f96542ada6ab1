"""Prints a ledger as a statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from balancectl.cli.output import Cell, Column, print_note, print_table, print_warning
from shared.money import format_amount
from shared.records.ledger import Ledger
from shared.times import format_clock

_COLUMNS = (Column("Day"), Column("What", wraps=True), Column("Amount", justify="right"))

Row = list[Cell | str]


def print_statement(ledger: Ledger, now: datetime) -> None:
    """Print the anchor, the top-ups, the cost by day, and what is left."""
    print_table(_COLUMNS, [*_rows(ledger)])
    if ledger.anchor.day_cost is None:
        print_warning("no poll has noted the cost of the anchor's day yet")
    elif ledger.seen_at and ledger.cost_at:
        print_note(
            f"as of {format_clock(ledger.seen_at, now)}, cost reported up to"
            f" {format_clock(ledger.cost_at, now)}"
        )
    for drift in ledger.drifts:
        amount = format_amount(drift.amount, ledger.unit)
        print_note(f"drift of {amount} at the anchor of {drift.at:%Y-%m-%d}")


def as_json(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger for programs; amounts as text, so that no reader's floats change them."""
    item = ledger.to_item()
    for name in ("at", "version"):
        del item[name]
    texts = {name: _texts(value) for name, value in item.items()}
    return texts | {"left": f"{ledger.left:f}", "cost": f"{ledger.cost:f}"}


def _rows(ledger: Ledger) -> Iterator[Row]:
    """Yield the statement's lines."""
    unit, anchor = ledger.unit, ledger.anchor
    by = f", by {anchor.by}" if anchor.by else ""
    yield [
        f"{anchor.at:%Y-%m-%d}",
        f"anchor at {anchor.at:%H:%M} UTC{by}",
        format_amount(anchor.amount, unit),
    ]
    for top_up in ledger.top_ups:
        words = ": ".join(filter(None, ["top-up", top_up.note]))
        yield [f"{top_up.at:%Y-%m-%d}", words, format_amount(top_up.amount, unit)]
    if anchor.day_cost is not None:
        if ledger.closed:
            cost = ledger.closed - (anchor.day_cost if not _has_anchor_day(ledger) else 0)
            yield [f"to {ledger.first_open}", "cost of closed days", _minus(cost, unit)]
        for day, cost in sorted(ledger.days.items()):
            since = cost - anchor.day_cost if day == ledger.anchor_day else cost
            words = "cost since the anchor" if day == ledger.anchor_day else "cost"
            yield [day.isoformat(), words, _minus(since, unit)]
    yield ["", Cell("left", "bold"), Cell(format_amount(ledger.left, unit), "bold")]


def _has_anchor_day(ledger: Ledger) -> bool:
    """Return whether the anchor's day is still open."""
    return ledger.first_open <= ledger.anchor_day


def _minus(cost: Decimal, unit: str) -> str:
    """Return a cost as what it takes away."""
    return format_amount(-cost, unit)


def _texts(value: Any) -> Any:  # noqa: ANN401 -- any value of an item
    """Return numbers as digits, within maps and lists."""
    match value:
        case Decimal():
            return f"{value:f}"
        case dict():
            return {name: _texts(each) for name, each in value.items()}
        case list():
            return [_texts(each) for each in value]
        case _:
            return value
