"""The cost of each day in one report. Pure.

A report is read whole or not at all: an amount that is missing, another currency or a next page
is an error, never a smaller sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Any, Final, NamedTuple

from balance_poller.definitions.answer.spend_spec import SpendSpec
from balance_poller.definitions.language.amount import UnreadableError, scaled
from balance_poller.definitions.language.evaluation import Document
from balance_poller.definitions.language.expression import Expression, json_type
from balance_poller.exchange.answer.wallets import parse_time
from balance_poller.ledger.window import Window
from shared.money import NumberError, parse_number

_EXACT: Final = Context(prec=1000, traps=[Inexact, InvalidOperation, Overflow])
#: Reports have the digits of binary floats; only this many belong to the amount.
_ROUNDING: Final = Context(prec=1000, traps=[InvalidOperation, Overflow])
_SMALLEST: Final = Decimal("1e-12")
_MAX_CURRENCY: Final = 12

Costs = dict[date, Decimal]
"""By day; of a report with a total alone, that total under the window's first day."""


class CurrencyError(ValueError):
    """The report is in another currency than the account; the text names both."""


class SpendScope(NamedTuple):
    """The part of a report that an account counts."""

    window: Window
    params: Mapping[str, str]
    """The account's parameters, resolved."""


def read_costs(spec: SpendSpec, document: Document, scope: SpendScope | None) -> Costs:
    """Return the cost of each day that the report has, within the window.

    Args:
        spec: Where it is.
        document: The answer.
        scope: What the account asks for; None counts every day and every entry.

    Raises:
        UnreadableError: when the report is not what the definition says, or goes on elsewhere.
        CurrencyError: when an amount is in another currency.
        BudgetError: when the definition's expressions need too many steps.
    """
    _check_pages(spec, document)
    if spec.total is not None:
        first = scope.window.start if scope else date.min
        return {first: _stored(_amount(spec, spec.total, document), spec)}
    costs: Costs = {}
    for place in _list(spec.days, document):
        day = _day(spec, place)
        if day in costs:
            raise UnreadableError(f"the report has {day.isoformat()} twice")
        costs[day] = _stored(_day_cost(spec, place, scope), spec)
    if scope is None:
        return costs
    _check_days(costs, scope.window)
    return {day: c for day, c in costs.items() if scope.window.start <= day < scope.window.end}


def _check_pages(spec: SpendSpec, document: Document) -> None:
    """Refuse a report that has more pages."""
    if spec.more is None:
        return
    more = spec.more.find(document)
    if more is True:
        raise UnreadableError("the report has more pages, and one page alone would be too little")
    if more is not False:
        raise UnreadableError(f"{spec.more.quoted} is {json_type(more)}, not true or false")


def _check_days(costs: Costs, window: Window) -> None:
    """Refuse a report without any days; only today's may be missing."""
    if not costs and window.days > 1:
        raise UnreadableError("the report has no days")


def _list(place: Expression | None, document: Document) -> Iterator[Document]:
    """Yield the elements of a list, each as a document."""
    if place is None:
        yield document
        return
    found = place.find(document)
    if not isinstance(found, list):
        words = "missing or null" if found is None else f"{json_type(found)}, not a list"
        raise UnreadableError(f"{place.quoted} is {words}")
    for element in found:
        document.spend(1)
        yield document.within(element)


def _day(spec: SpendSpec, document: Document) -> date:
    """Return the UTC day of an element of ``days``."""
    if spec.day is None:
        raise UnreadableError("the definition does not say where a day's date is")
    found: Any = spec.day.find(document)
    at = parse_time(found)
    if at is None:
        words = "missing" if found is None else f"{json_type(found)}, not a time"
        raise UnreadableError(f"{spec.day.quoted} is {words}")
    if at != datetime.combine(at.date(), time(), UTC):
        raise UnreadableError(f"{spec.day.quoted} is not midnight in UTC")
    return at.date()


def _day_cost(spec: SpendSpec, place: Document, scope: SpendScope | None) -> Decimal:
    """Add up a day's amounts."""
    total = Decimal(0)
    for entry in _list(spec.entries, place):
        if spec.amount is not None and _counts(spec, entry, scope):
            total = _added(total, _amount(spec, spec.amount, entry))
    return total


def _counts(spec: SpendSpec, entry: Document, scope: SpendScope | None) -> bool:
    """Return whether an entry is the account's."""
    params = scope.params if scope else {}
    chosen = [(place, params[name]) for name, place in spec.only.items() if params.get(name)]
    return all(_owner(place, entry) == wanted for place, wanted in chosen)


def _owner(place: Expression, entry: Document) -> str:
    """Return the value that says whose an entry is.

    Where a report stops saying so, all its entries would be another's, and too much would be left.
    """
    found = place.find(entry)
    if isinstance(found, str):
        return found
    raise UnreadableError(f"{place.quoted} is {json_type(found)}, not text")


def _amount(spec: SpendSpec, place: Expression, document: Document) -> Decimal:
    """Return one amount, in the definition's currency."""
    if spec.currency is not None:
        currency = spec.currency.find(document)
        if not isinstance(currency, str) or not currency:
            raise UnreadableError(f"{spec.currency.quoted} is {json_type(currency)}, not a unit")
        if currency.upper() != spec.unit.upper():
            known = len(currency) <= _MAX_CURRENCY and currency.isalpha() and currency.isascii()
            name = currency.upper() if known and len(currency) == 3 else "another currency"
            raise CurrencyError(f"the report is in {name}, and the account is kept in {spec.unit}")
    found = place.find(document)
    try:
        return parse_number(found)
    except NumberError:
        words = "missing or null" if found is None else f"{json_type(found)} that is not a number"
        raise UnreadableError(f"{place.quoted} is {words}") from None


def _added(total: Decimal, amount: Decimal) -> Decimal:
    """Return the exact sum."""
    try:
        return _EXACT.add(total, amount)
    except DecimalException:
        raise UnreadableError("the amounts cannot be computed exactly") from None


def _stored(amount: Decimal, spec: SpendSpec) -> Decimal:
    """Return an amount in the account's unit, as it can be stored."""
    try:
        exact = _EXACT.multiply(amount, spec.scale) if spec.scale else amount
        is_long = exact.is_finite() and exact.adjusted() - len(exact.as_tuple().digits) < -12
        return scaled(_ROUNDING.quantize(exact, _SMALLEST) if is_long else exact, None)
    except DecimalException:
        raise UnreadableError("the amounts cannot be computed exactly") from None
