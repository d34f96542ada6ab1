"""Guess what was meant by an invalid number or name in a variables file. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from balancectl.configuration.hcl.lexer import Kind, Token

#: Blocks of Terraform that have no label.
_BLOCKS: Final = frozenset({"locals", "terraform"})
_SHORTEST_TELEPHONE_NUMBER: Final = 7
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


def plus_hint(number: Token) -> str:
    """Return what to write for a number after a plus sign."""
    if len(number.text) >= _SHORTEST_TELEPHONE_NUMBER:
        return f'put a telephone number in quotation marks: "+{number.text}"'
    return f"write {number.text}, without a plus sign"


def unclosed_hint(opening: Token, tokens: Sequence[Token]) -> str:
    """Return where a closing sign is probably missing: before a line that is not indented."""
    before: Token | None = None
    for token in tokens[tokens.index(opening) + 1 :]:
        starts_line = before is not None and before.kind is Kind.NEWLINE and token.column == 1
        if starts_line and token.kind is Kind.NAME:
            return f"; is it missing before line {token.line}?"
        before = token
    return ""


def assignment_hint(name: str, token: Token) -> str | None:
    """Return what to write if ``token`` follows a variable's name instead of the equals sign."""
    if token.kind is Kind.STRING or (name in _BLOCKS and token.text == "{"):
        return f"{name} is a block, and a variables file has none: write name = value"
    if token.text in {".", "["}:
        return f"a variables file has no paths: set it inside of {name} = {{ … }}"
    if token.text in {"=>", "=="}:
        return "use a single equals sign"
    return None
