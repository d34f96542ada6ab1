"""A definition's ``wallets``: where the figures are in an answer. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from balance_poller.definitions.field import NAME, Field, Problem
from balance_poller.definitions.language.amount import Amount, compile_amount
from balance_poller.definitions.language.expression import Expression
from balance_poller.definitions.language.expression_syntax import (
    ExpressionError,
    compile_expression,
)
from shared.money import NumberError, parse_number
from shared.names import UNIT_PATTERN

#: A currency such as USD, or the provider's own word such as credits.
UNIT: Final = UNIT_PATTERN.pattern
_MAX_DEPTH: Final = 3
_AMOUNTS: Final = ("used", "granted", "burn_per_hour")
_TIMES: Final = ("resets_at", "expires_at")


class TimeSpec(NamedTuple):
    """Where a time is in an answer."""

    places: tuple[Expression, ...]
    is_earliest: bool = False
    """Whether to take the earliest future time of all places instead of the first place's."""


class WalletSpec(NamedTuple):
    """One wallet: where its figures are in an answer."""

    name: str
    path: str
    unit: str | None
    """None if the answer gives it, at ``unit_path``."""
    unit_path: Expression | None
    remaining: Amount
    amounts: Mapping[str, Amount] = {}
    """``used``, ``granted`` and ``burn_per_hour``, if defined."""
    times: Mapping[str, TimeSpec] = {}
    """``resets_at`` and ``expires_at``, if defined."""
    scale: Decimal | None = None
    """Multiplies every amount of the wallet."""


def parse_wallets(field: Field | None) -> dict[str, WalletSpec]:
    """Return the wallets by name."""
    if field is None:
        return {}
    members = field.members(NAME, at_most=20)
    if isinstance(field.value, Mapping) and not members:
        field.refuse("there is no wallet")
    return {name: _parse_wallet(name, member) for name, member in members.items()}


def _parse_wallet(name: str, field: Field) -> WalletSpec:
    """Return one wallet."""
    fields = field.fields(("unit", "remaining"), (*_AMOUNTS, *_TIMES, "scale"))
    unit, unit_path = _parse_unit(fields.get("unit"))
    return WalletSpec(
        name=name,
        path=field.path,
        unit=unit,
        unit_path=unit_path,
        remaining=_parse_amount(fields["remaining"]) if "remaining" in fields else Amount("path"),
        amounts={key: _parse_amount(fields[key]) for key in _AMOUNTS if key in fields},
        times={key: _parse_time(fields[key]) for key in _TIMES if key in fields},
        scale=parse_scale(fields["scale"]) if "scale" in fields else None,
    )


def _parse_unit(field: Field | None) -> tuple[str | None, Expression | None]:
    """Return the literal unit, or where the answer has it."""
    if field is None:
        return None, None
    if isinstance(field.value, Mapping):
        fields = field.fields(("path",), ())
        path = fields.get("path")
        return None, _parse_place(path, compile_expression) if path else None
    return field.text(UNIT, "a currency such as USD, or a word such as credits"), None


def _parse_amount(field: Field, depth: int = 0, *, in_sum: bool = False) -> Amount:
    """Return an amount: an expression, or arithmetic on amounts."""
    if isinstance(field.value, str):
        return Amount("path", _parse_place(field, compile_amount, takes_list=in_sum))
    if not isinstance(field.value, Mapping):
        field.refuse("expected an expression, or an object with subtract, sum or first")
        return Amount("path")
    fields = field.fields((), ("subtract", "sum", "first"))
    if len(field.members()) != 1:
        field.refuse("expected exactly one of subtract, sum, first")
    for operator, operands in fields.items():
        if depth >= _MAX_DEPTH:
            operands.refuse(f"arithmetic is nested more than {_MAX_DEPTH} deep")
            break
        at_most = 2 if operator == "subtract" else 10
        entries = operands.items(2 if operator == "subtract" else 1, at_most)
        in_sum = operator == "sum"
        parts = tuple(_parse_amount(entry, depth + 1, in_sum=in_sum) for entry in entries)
        if operator == "subtract" and len(parts) == 2 and parts[1].operator == "sum":
            parts = (parts[0], _with_empty_as_zero(parts[1]))
        return Amount(operator, None, parts)
    return Amount("path")


def _with_empty_as_zero(subtracted: Amount) -> Amount:
    """Return a sum in which an empty list counts as 0."""
    operands = tuple(o._replace(empty_is_zero=True) for o in subtracted.operands)
    return subtracted._replace(operands=operands)


def _parse_place(
    field: Field, compiled: Callable[[str], Expression], *, takes_list: bool = False
) -> Expression | None:
    """Return where a single value is, or a list to be summed."""
    try:
        expression = compiled(field.text() or "@")
    except ExpressionError as exc:
        field.refuse(str(exc))
        return None
    if expression.selects_list and not takes_list:
        field.refuse("selects a list: append `| [0]` to take the first, or add them up with sum")
    return expression


def _parse_time(field: Field) -> TimeSpec:
    """Return where a time is: one expression, or the first or earliest of several."""
    if not isinstance(field.value, Mapping):
        return TimeSpec(_parse_places([field]))
    fields = field.fields((), ("first", "earliest"))
    if len(fields) != 1:
        field.refuse("expected exactly one of first, earliest")
    operator, operands = next(iter(fields.items()), ("first", None))
    entries = operands.items(at_most=10) if operands else []
    is_earliest = operator == "earliest"
    return TimeSpec(_parse_places(entries, take_lists=is_earliest), is_earliest)


def _parse_places(entries: list[Field], *, take_lists: bool = False) -> tuple[Expression, ...]:
    """Return the valid expressions."""
    found = [_parse_place(entry, compile_expression, takes_list=take_lists) for entry in entries]
    return tuple(expression for expression in found if expression is not None)


def parse_scale(field: Field) -> Decimal | None:
    """Return the factor of a wallet's amounts, exactly as JSON has it."""
    value: Any = field.value
    try:
        scale = parse_number(repr(value) if isinstance(value, float) else value)
    except NumberError as exc:
        field.refuse(str(exc))
        return None
    if isinstance(value, str) or not scale:
        field.refuse("expected a number other than 0")
    return scale


def parse_default_wallet(
    field: Field | None, wallets: Mapping[str, WalletSpec], problems: list[Problem]
) -> str:
    """Return the default wallet."""
    if field is None:
        if len(wallets) > 1:
            problems.append(Problem("", "default_wallet is missing: there is more than one wallet"))
        return next(iter(wallets), "")
    name = field.text()
    if name and name not in wallets:
        field.refuse(f"there is no such wallet; there are: {', '.join(wallets)}")
    return name


def parse_expression(field: Field | None) -> Expression | None:
    """Return an optional condition or selection."""
    if field is None:
        return None
    try:
        return compile_expression(field.text() or "@")
    except ExpressionError as exc:
        field.refuse(str(exc))
        return None
