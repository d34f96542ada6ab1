"""Masks a JSON answer: a text or number stays only if what is read of the answer depends on it.

Amounts keep their form and size, not their digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Final

_IDENTIFYING_NAME: Final = re.compile(r"@|(\d.*){6}|.{41}")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")

Put = Callable[[object], object]
"""Puts another value at a place in an answer, and returns the whole answer."""


def mask_unread(body: object, signature: Callable[[object], object]) -> object:
    """Return ``body`` with everything masked that ``signature`` of it does not depend on."""
    wanted = signature(body)

    def visit(node: object, put: Put) -> object:
        """Return ``node`` masked as a whole if possible, else with what can be within it."""
        masked = mask(node)
        if signature(put(masked)) == wanted:
            return masked
        if isinstance(node, dict):
            members = dict(node)
            for name in node:
                members[name] = visit(members[name], partial(_put_member, put, members, name))
            return members
        if isinstance(node, list):
            elements = list(node)
            for index, value in enumerate(node):
                elements[index] = visit(value, partial(_put_element, put, elements, index))
            return elements
        return node

    return visit(body, lambda node: node)


def _put_member(put: Put, members: dict[str, object], name: str, value: object) -> object:
    """Put ``value`` at a member of the object that ``put`` places."""
    return put({**members, name: value})


def _put_element(put: Put, elements: list[object], index: int, value: object) -> object:
    """Put ``value`` at an element of the list that ``put`` places."""
    return put([*elements[:index], value, *elements[index + 1 :]])


def mask(node: object) -> object:
    """Return ``node`` with other texts and digits, and with member names that identify nobody."""
    match node:
        case dict():
            return {
                f"name_{index}" if _IDENTIFYING_NAME.search(name) else name: mask(value)
                for index, (name, value) in enumerate(node.items())
            }
        case list():
            return [mask(value) for value in node]
        case bool() | None:
            return node
        case str():
            return _other_digits(node) if _NUMBER.fullmatch(node) else "x" * bool(node)
        case _:
            masked: object = json.loads(_other_digits(json.dumps(node)))
            return masked


def mask_word(text: str) -> str:
    """Return a text of the same form: other letters, and other digits but for zeros."""
    for pattern, letter in (("[a-z]", "a"), ("[A-Z]", "A"), ("[1-9]", "1")):
        text = re.sub(pattern, letter, text)
    return text


def _other_digits(number: str) -> str:
    """Return a number of the same form: 1, 2, 3, … in place of its digits, but for zeros."""
    mantissa, e, exponent = number.partition("e")
    digits = iter("123456789" * len(mantissa))
    return re.sub(r"[1-9]", lambda _: next(digits), mantissa) + e + exponent
