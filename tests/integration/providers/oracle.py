"""Reads a body by its definition again, with plain JMESPath and none of the poller's code."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_UNIT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,11}")


def expected_balance(definition: dict[str, Any], body: bytes) -> tuple[Decimal, str] | None:
    """Return the balance and unit of a definition's default wallet, or None if there is none."""
    plain = json.loads(body)
    wallets = definition["wallets"]
    wallet = wallets[definition.get("default_wallet", next(iter(wallets)))]
    stops = [rule["when"] for rule in definition.get("errors", []) if _applies_to_200(rule)]
    stops += [rule["when"] for rule in definition.get("guards", [])]
    if any(_holds(condition, plain) for condition in stops):
        return None
    if "success" in definition and not _holds(definition["success"], plain):
        return None
    exact = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    amount, unit = _amount(wallet["remaining"], exact), _unit(wallet["unit"], exact)
    if amount is None or unit is None:
        return None
    return amount * Decimal(str(wallet.get("scale", 1))), unit


def _applies_to_200(rule: dict[str, Any]) -> bool:
    """Return whether a rule for failures applies to an answer with 200."""
    status = rule.get("status", 200)
    return 200 in status if isinstance(status, list) else status == 200


def _amount(place: Any, body: Any) -> Decimal | None:
    if isinstance(place, str):
        found = jmespath.search(place, body)
        is_text = isinstance(found, str) and _NUMBER.fullmatch(found)
        return Decimal(found) if isinstance(found, Decimal) or is_text else None
    ((operator, places),) = place.items()
    amounts = [_amount(each, body) for each in places]
    if operator == "first":
        return next((amount for amount in amounts if amount is not None), None)
    if None in amounts:
        return None
    return amounts[0] - amounts[1] if operator == "subtract" else sum(amounts, Decimal(0))


def _unit(unit: Any, body: Any) -> str | None:
    if isinstance(unit, str):
        return unit
    found = jmespath.search(unit["path"], body)
    if not isinstance(found, str) or not _UNIT.fullmatch(found):
        return None
    return found.upper() if len(found) == 3 else found


def _holds(condition: str, body: Any) -> bool:
    """Return whether a condition is true in JMESPath, where 0 is true."""
    try:
        found = jmespath.search(condition, body)
    except JMESPathError:
        return False
    return found is not None and found is not False and found not in ("", [], {})
