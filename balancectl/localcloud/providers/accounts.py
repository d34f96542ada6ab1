"""Simulated accounts, and how a simulated provider chooses its response. Pure.

The providers' own responses are in ``endpoints``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

JSON: Final = "application/json"


class Condition(StrEnum):
    """The condition of a simulated account."""

    ACTIVE = "active"
    REVOKED = "revoked"
    """The key is unknown to the provider."""
    SUSPENDED = "suspended"
    """The account is blocked; a provider without such an error rejects the key instead."""
    RESTRICTED = "restricted"
    """The key may not read the balance."""
    UNBILLED = "unbilled"
    """The account has no billing."""
    LIMITED = "limited"
    """Too many requests."""
    DOWN = "down"
    """The provider fails."""


@dataclass(slots=True)
class Account:
    """One simulated account, found by its key."""

    name: str
    provider: str
    key: str = field(repr=False)
    balance: Decimal
    used: Decimal = Decimal(0)
    condition: Condition = Condition.ACTIVE


@dataclass(frozen=True, slots=True)
class Request:
    """An incoming request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def bearer(self) -> str | None:
        """The bearer token, or None."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass(frozen=True, slots=True)
class Reply:
    """The response."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, body: object, **headers: str) -> Reply:
        """Return a JSON reply; decimals become JSON numbers."""
        return cls(status, json.dumps(body, default=float).encode(), headers)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One balance endpoint of one provider definition."""

    provider: str
    paths: tuple[str, ...]
    key: Callable[[Request], str | None]
    answer: Callable[[Account], object]
    errors: Mapping[Condition, Reply]
    """Replies by condition; ``REVOKED`` also answers an unknown key."""
    no_key: Reply
    methods: tuple[str, ...] = ("GET",)


def respond(
    request: Request, endpoints: Mapping[str, Endpoint], by_key: Mapping[str, Account]
) -> Reply:
    """Answer a request; ``endpoints`` are keyed by path."""
    endpoint = endpoints.get(request.path)
    if endpoint is None:
        return Reply.json(404, {"error": "Not Found"})
    if request.method not in endpoint.methods:
        return Reply.json(405, {"error": "Method Not Allowed"})
    key = endpoint.key(request)
    if not key:
        return endpoint.no_key
    account = by_key.get(key)
    if account is None:
        return endpoint.errors[Condition.REVOKED]
    if account.condition is Condition.ACTIVE:
        return Reply.json(200, endpoint.answer(account))
    return endpoint.errors.get(account.condition) or endpoint.errors[Condition.REVOKED]
