"""A provider's raw answer, and its JSON with exact numbers. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property

from balance_poller.definitions.language.evaluation import MISSING


@dataclass(frozen=True)
class Response:
    """A provider's answer. Its ``repr`` shows no body, since some echo the key."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    retry_after: str | None = None
    """The raw header."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those that the definition names, in lower case."""

    @cached_property
    def parsed(self) -> object:
        """The JSON in the body with exact numbers; ``MISSING`` when there is none."""
        return parse_body(self.body)


def parse_body(body: bytes) -> object:
    """Return the JSON in ``body`` with exact numbers; ``MISSING`` if there is none."""
    try:
        return json.loads(body, parse_float=_decimal, parse_int=Decimal, parse_constant=_decimal)
    except (ValueError, RecursionError):
        return MISSING


def _decimal(text: str) -> Decimal:
    """Return a number of the answer; NaN, which nothing accepts, if it cannot be represented."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")
