"""The fixtures of providers' answers, and what the suites build from them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from balance_poller.definitions.catalogue import list_providers
from balance_poller.exchange.answer.costs import SpendScope
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.provider import Provider, load_provider
from balance_poller.ledger.window import Window

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "providers"
#: Stands for a key wherever one is needed. It must never come out again.
CANARY = "sk-canary-0123456789abcdef"


@dataclass(frozen=True)
class Case:
    """One documented answer of one provider, and what must be made of it."""

    provider_name: str
    name: str
    data: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.provider_name}-{self.name}"

    @property
    def provider(self) -> Provider:
        return load_provider(self.provider_name, {})

    @property
    def expect(self) -> dict[str, Any]:
        return self.data["expect"]

    @property
    def account(self) -> dict[str, Any]:
        return self.data.get("account", {})

    @property
    def wallet(self) -> str | None:
        return self.account.get("wallet")

    @property
    def params(self) -> dict[str, str]:
        return self.account.get("params", {})

    @property
    def window(self) -> Window | None:
        """The days that the account's cost report is asked for."""
        days = self.account.get("window")
        return (
            Window(*(date.fromisoformat(days[end]) for end in ("start", "end"))) if days else None
        )

    @property
    def scope(self) -> SpendScope | None:
        """What the account asks of its cost report."""
        return self.window and self.provider.scope(self.window, self.params)

    def read(self, response: Response | None = None) -> Reading:
        """Return what an answer, by default the fixture's own, says of the account."""
        return self.provider.read(response or self.response, self.wallet, scope=self.scope)

    @property
    def secret(self) -> str | dict[str, str]:
        """The account's secret, with the canary in it."""
        secret = self.data.get("secret")
        return with_canary(secret) if secret else canary_secret(self.provider)

    @property
    def expected_request(self) -> dict[str, Any] | None:
        """The request as the provider documents it, with the canary for the key."""
        return with_canary(self.data["request"]) if "request" in self.data else None

    @property
    def body(self) -> bytes:
        if "body" in self.data:
            return json.dumps(self.data["body"]).encode()
        return self.data["text"].encode()

    @property
    def response(self) -> Response:
        return respond(self.data["status"], self.body, **self.data["headers"])


def with_canary(data: Any) -> Any:
    """Return ``data`` with the canary wherever it says ``{key}``."""
    return json.loads(json.dumps(data).replace("{key}", CANARY))


def respond(status: int, body: object, **headers: str) -> Response:
    """Return an answer; a body that is not bytes goes out as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return Response(status, names.get("content-type", ""), content, headers=names)


@cache
def all_cases() -> list[Case]:
    """Return every fixture, by provider and name; read once."""
    return [
        Case(path.parent.name, path.stem, json.loads(path.read_text()))
        for path in sorted(FIXTURES.glob("*/*.json"))
    ]


def first_answers() -> list[Case]:
    """Return every answer to a request that is made before a definition's own."""
    return [
        Case(path.parent.parent.name, path.stem, json.loads(path.read_text()))
        for path in sorted(FIXTURES.glob("*/before/*.json"))
    ]


def cases_of(provider_name: str) -> list[Case]:
    """Return a provider's fixtures."""
    return [case for case in all_cases() if case.provider_name == provider_name]


def all_names() -> list[str]:
    """Return the names of the shipped providers."""
    return list_providers()


def canary_secret(provider: Provider) -> str | dict[str, str]:
    """Return a secret of the form that the provider takes."""
    if provider.definition.secret_fields:
        return {name: f"{CANARY}-{name}" for name in provider.definition.secret_fields}
    return CANARY


def own_address(provider: Provider) -> str | None:
    """Return an address for a provider that has none of its own."""
    return "https://own.example" if provider.definition.is_self_hosted else None


def some_days(provider: Provider) -> Window | None:
    """Return days for a cost report."""
    is_report = provider.definition.spend is not None
    return Window(date(2026, 11, 1), date(2026, 11, 27)) if is_report else None


def figures(reading: Reading) -> object:
    """Return what a reading says is left, or was spent; None for a failure."""
    return reading.costs if reading.balance is None else reading.balance.remaining


def default_params(provider: Provider) -> dict[str, str]:
    """Return the parameters that have no default, as some fixture sets them."""
    required = {name for name, spec in provider.definition.params.items() if spec.default is None}
    given = (case.params for case in cases_of(provider.name))
    params = next((params for params in given if required <= params.keys()), {})
    return {name: params[name] for name in required}


def leaves(body: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value within ``body`` that is neither an object nor a list."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from leaves(value, (*path, name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from leaves(value, (*path, index))
    elif path:
        yield path


def changed(body: object, path: tuple[str | int, ...], change: Callable[[Any, Any], None]) -> Any:
    """Return a copy of ``body`` after ``change(parent, last step)`` at ``path``."""
    twin = copy.deepcopy(body)
    parent: Any = twin
    for step in path[:-1]:
        parent = parent[step]
    change(parent, path[-1])
    return twin
