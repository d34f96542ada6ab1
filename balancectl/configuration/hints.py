"""Guess what was meant by an invalid number or name in a variables file. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from balancectl.configuration.lexer import Kind, Token

_GROUPED: Final = re.compile(r"(_\d{3})+")


def number_hint(number: Token, sign: str, follows: Token) -> str | None:
    """Return what to write for a number with a suffix; None if the suffix may be right.

    Args:
        number: The number.
        sign: Its sign: a dash or nothing.
        follows: The token after it.
    """
    shown = sign + number.text
    if follows.is_adjacent and follows.kind is Kind.NAME:
        if _GROUPED.fullmatch(follows.text):
            return f"write {shown}{follows.text.replace('_', '')}, without separators"
        if number.text == "0" and follows.text[:1] in {"x", "b", "o"}:
            return "write a decimal number"
        if follows.text in {"k", "K"}:
            return f"write {(Decimal(shown) * 1000).normalize():f}, in full"
    if follows.kind is Kind.NAME and follows.line == number.line:
        return f"a number stands alone: write {shown}, without its unit"
    if follows.text == "%":
        return f"write {shown}, without %"
    return None


def comma_hint(after: Token) -> str:
    """Return what to write for a number with a comma, followed by ``after``."""
    if len(after.text) == 3:
        return "write a number without a comma, or decimals with a point"
    return "write decimals with a point, not a comma"


def assignment_hint(name: str, token: Token) -> str | None:
    """Return what to write if ``token`` follows a variable's name instead of the equals sign."""
    if token.kind is Kind.STRING:
        return f"{name} is a block, and a variables file has none: write name = value"
    if token.text in {".", "["}:
        return f"a variables file has no paths: set it inside of {name} = {{ … }}"
    if token.text in {"=>", "=="}:
        return "use a single equals sign"
    return None
