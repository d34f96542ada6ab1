"""A definition's ``spend``: where a cost report has its days and amounts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from balance_poller.definitions.answer.wallet_spec import (
    UNIT,
    WalletSpec,
    parse_expression,
    parse_scale,
)
from balance_poller.definitions.field import Field
from balance_poller.definitions.language.amount import Amount, compile_amount
from balance_poller.definitions.language.expression import Expression
from balance_poller.definitions.language.expression_syntax import ExpressionError
from balance_poller.definitions.params import Param

#: The one wallet of such a provider.
WALLET: Final = "left"

_OF_DAYS: Final = ("days", "day", "entries", "amount", "only")
_OPTIONAL: Final = (*_OF_DAYS, "total", "currency", "more", "scale")


class CountsFrom(StrEnum):
    """From what amount cost is subtracted, and since when."""

    ANCHOR = "anchor"
    """From the balance in the provider's console: a ledger."""
    MONTH = "month"
    """From a budget, since the first day of the calendar month (UTC)."""


class SpendSpec(NamedTuple):
    """A definition's ``spend``, compiled: the cost of each day, or of the whole window."""

    unit: str
    counts_from: CountsFrom
    days: Expression | None = None
    """The list of days; None if the report has only a total."""
    day: Expression | None = None
    entries: Expression | None = None
    """The list of a day's entries; None if the day itself has the amount."""
    amount: Expression | None = None
    total: Expression | None = None
    currency: Expression | None = None
    more: Expression | None = None
    """Whether the report continues on another page."""
    scale: Decimal | None = None
    only: Mapping[str, Expression] = {}
    """By parameter: what an entry must have to count, if the account sets the parameter."""

    @property
    def is_budget(self) -> bool:
        """Whether accounts set a budget instead of an anchor."""
        return self.counts_from is CountsFrom.MONTH

    def wallets(self) -> dict[str, WalletSpec]:
        """Return the provider's only wallet, whose balance is computed."""
        return {WALLET: WalletSpec(WALLET, "spend", self.unit, None, Amount("path"))}


def parse_spend(place: Field, params: Mapping[str, Param]) -> SpendSpec:
    """Read ``spend``."""
    fields = place.fields(("unit", "counts_from"), _OPTIONAL)
    _check_form(place, fields)
    origin = fields.get("counts_from")
    return SpendSpec(
        unit=fields["unit"].text(UNIT, "a currency such as USD, or a word such as credits")
        if "unit" in fields else "",
        counts_from=CountsFrom(origin.choice([*CountsFrom])) if origin else CountsFrom.ANCHOR,
        days=parse_expression(fields.get("days")),
        day=parse_expression(fields.get("day")),
        entries=parse_expression(fields.get("entries")),
        amount=_parse_amount(fields.get("amount")),
        total=_parse_amount(fields.get("total")),
        currency=parse_expression(fields.get("currency")),
        more=parse_expression(fields.get("more")),
        scale=parse_scale(fields["scale"]) if "scale" in fields else None,
        only=_parse_only(fields.get("only"), params),
    )  # fmt: skip


def _check_form(place: Field, fields: Mapping[str, Field]) -> None:
    """Refuse a report that has neither days nor a total, or both."""
    of_days = [name for name in _OF_DAYS if name in fields]
    if "total" in fields:
        if of_days:
            place.refuse(f"total covers the whole window, so {of_days[0]} has no meaning")
        if fields.get("counts_from", place).value == CountsFrom.ANCHOR:
            place.refuse("a ledger needs the cost of each day: set days, day and amount")
        return
    for name in ("days", "day", "amount"):
        if name not in fields:
            place.refuse(f"{name} is missing (or total, for a budget)")


def _parse_amount(place: Field | None) -> Expression | None:
    """Return where one amount is."""
    if place is None:
        return None
    try:
        expression = compile_amount(place.text() or "@")
    except ExpressionError as exc:
        place.refuse(str(exc))
        return None
    if expression.selects_list:
        place.refuse("selects a list: entries names the list, and amount what one entry has")
    return expression


def _parse_only(place: Field | None, params: Mapping[str, Param]) -> dict[str, Expression]:
    """Return the conditions by parameter."""
    if place is None:
        return {}
    found = {}
    for name, member in place.members(at_most=10).items():
        if name not in params:
            member.refuse(f"params has no {name}")
        expression = parse_expression(member)
        if expression is not None:
            found[name] = expression
    return found
