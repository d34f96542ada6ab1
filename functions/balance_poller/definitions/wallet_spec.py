"""A definition's ``wallets``: where in an answer the figures are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from balance_poller.definitions.amount import Amount, compile_amount
from balance_poller.definitions.expression import Expression, ExpressionError, compile_expression
from balance_poller.definitions.field import NAME, Node, Problem
from shared.money import NumberError, parse_number

#: A currency such as USD, or the provider's own word such as credits.
UNIT: Final = r"[A-Za-z][A-Za-z0-9_-]{0,23}"
_MAX_DEPTH: Final = 3
_AMOUNTS: Final = ("used", "granted", "burn_per_hour")
_TIMES: Final = ("resets_at", "expires_at")


@dataclass(frozen=True, slots=True)
class WalletSpec:
    """One pot of credit: where its figures are in the answer."""

    name: str
    path: str
    unit: str | None
    """None when the answer says it, at ``unit_path``."""
    unit_path: Expression | None
    remaining: Amount
    amounts: Mapping[str, Amount] = field(default_factory=dict)
    """``used``, ``granted`` and ``burn_per_hour``, where the definition has them."""
    times: Mapping[str, tuple[Expression, ...]] = field(default_factory=dict)
    """``resets_at`` and ``expires_at``, where the definition has them."""
    scale: Decimal | None = None
    """Multiplies every amount of the wallet."""


def read_wallets(node: Node | None) -> dict[str, WalletSpec]:
    """Return the wallets by name."""
    if node is None:
        return {}
    members = node.members(NAME, at_most=20)
    if isinstance(node.value, Mapping) and not members:
        node.refuse("there is no wallet")
    return {name: _read_wallet(name, member) for name, member in members.items()}


def _read_wallet(name: str, node: Node) -> WalletSpec:
    """Return one wallet."""
    fields = node.fields(("unit", "remaining"), (*_AMOUNTS, *_TIMES, "scale"))
    unit, unit_path = _read_unit(fields.get("unit"))
    return WalletSpec(
        name=name,
        path=node.path,
        unit=unit,
        unit_path=unit_path,
        remaining=_read_amount(fields["remaining"]) if "remaining" in fields else Amount("path"),
        amounts={key: _read_amount(fields[key]) for key in _AMOUNTS if key in fields},
        times={key: _read_time(fields[key]) for key in _TIMES if key in fields},
        scale=_read_scale(fields["scale"]) if "scale" in fields else None,
    )


def _read_unit(node: Node | None) -> tuple[str | None, Expression | None]:
    """Return the literal unit, or where the answer says it."""
    if node is None:
        return None, None
    if isinstance(node.value, Mapping):
        fields = node.fields(("path",), ())
        path = fields.get("path")
        return None, _read_place(path, compile_expression) if path else None
    return node.text(UNIT, "a currency such as USD, or a word such as credits"), None


def _read_amount(node: Node, depth: int = 0, *, in_sum: bool = False) -> Amount:
    """Return an amount: an expression, or arithmetic on amounts."""
    if isinstance(node.value, str):
        return Amount("path", _read_place(node, compile_amount, takes_list=in_sum))
    if not isinstance(node.value, Mapping):
        node.refuse("expected an expression, or an object with subtract, sum or first")
        return Amount("path")
    fields = node.fields((), ("subtract", "sum", "first"))
    if len(node.members()) != 1:
        node.refuse("expected exactly one of subtract, sum, first")
    for operator, operands in fields.items():
        if depth >= _MAX_DEPTH:
            operands.refuse(f"arithmetic is nested more than {_MAX_DEPTH} deep")
            break
        at_most = 2 if operator == "subtract" else 10
        entries = operands.items(2 if operator == "subtract" else 1, at_most)
        in_sum = operator == "sum"
        parts = tuple(_read_amount(entry, depth + 1, in_sum=in_sum) for entry in entries)
        return Amount(operator, None, parts)
    return Amount("path")


def _read_place(
    node: Node, compiled: Callable[[str], Expression], *, takes_list: bool = False
) -> Expression | None:
    """Return where a single value is, or where a list is that is added up."""
    try:
        expression = compiled(node.text() or "@")
    except ExpressionError as exc:
        node.refuse(str(exc))
        return None
    if expression.selects_list and not takes_list:
        node.refuse("selects a list: `| [0]` behind it takes the first, sum adds numbers up")
    return expression


def _read_time(node: Node) -> tuple[Expression, ...]:
    """Return where a time is: one expression, or the first of several."""
    if isinstance(node.value, Mapping):
        fields = node.fields(("first",), ())
        entries = fields["first"].items(at_most=10) if "first" in fields else []
    else:
        entries = [node]
    found = (_read_place(entry, compile_expression) for entry in entries)
    return tuple(expression for expression in found if expression is not None)


def _read_scale(node: Node) -> Decimal | None:
    """Return the factor of a wallet's amounts; JSON floats count as they are written."""
    value: Any = node.value
    try:
        scale = parse_number(repr(value) if isinstance(value, float) else value)
    except NumberError as exc:
        node.refuse(str(exc))
        return None
    if isinstance(value, str) or not scale:
        node.refuse("expected a number other than 0")
    return scale


def read_default(
    node: Node | None, wallets: Mapping[str, WalletSpec], problems: list[Problem]
) -> str:
    """Return the wallet of accounts that name none."""
    if node is None:
        if len(wallets) > 1:
            problems.append(Problem("", "default_wallet is missing: there is more than one wallet"))
        return next(iter(wallets), "")
    name = node.text()
    if name and name not in wallets:
        node.refuse(f"there is no such wallet; there are: {', '.join(wallets)}")
    return name


def read_expression(node: Node | None) -> Expression | None:
    """Return an optional condition or selection."""
    if node is None:
        return None
    try:
        return compile_expression(node.text() or "@")
    except ExpressionError as exc:
        node.refuse(str(exc))
        return None
