"""A provider's raw answer, and its JSON with exact numbers. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cached_property

from balance_poller.definitions.language.evaluation import MISSING


class Response:
    """A provider's answer. Its ``repr`` shows no body, since some echo the key.

    Args:
        status: The HTTP status.
        content_type: The raw header.
        body: The body, unpacked.
        retry_after: The raw header.
        headers: Those that the definition names, in lower case.
    """

    def __init__(
        self,
        status: int,
        content_type: str,
        body: bytes,
        retry_after: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.content_type = content_type
        self.body = body
        self.retry_after = retry_after
        self.headers = headers or {}

    def __repr__(self) -> str:
        return f"Response(status={self.status}, content_type={self.content_type!r})"

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
