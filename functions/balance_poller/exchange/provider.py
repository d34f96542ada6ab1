"""A provider is data: this makes one usable. Requests out, answers in; no I/O but its own file.

Definitions lie beside this module, one small file each, or come inline with the poller's event.
Only those that are used are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from balance_poller.definitions.definition import (
    Definition,
    DefinitionError,
    check_definition,
    parse_definition,
)
from balance_poller.definitions.field import NAME
from balance_poller.definitions.params import Param, resolve_params
from balance_poller.definitions.template import ConfigError, Secret, Values
from balance_poller.definitions.wallet_spec import WalletSpec
from balance_poller.exchange.reading import Reading, read_response
from balance_poller.exchange.request import PreparedRequest, prepare_request
from balance_poller.exchange.response import Response

__all__ = [
    "ConfigError",
    "DefinitionError",
    "PreparedRequest",
    "Provider",
    "Reading",
    "Response",
    "Secret",
    "WalletSpec",
    "check_definition",
    "list_providers",
    "load_provider",
    "read_shipped",
    "skeleton",
]

FOLDER: Final = Path(__file__).parents[1] / "providers"


class Provider:
    """A provider under its name. It keeps no key and no answer."""

    __slots__ = ("_definition", "name")

    def __init__(self, name: str, definition: Definition) -> None:
        self.name = name
        self._definition = definition

    def __repr__(self) -> str:
        return f"Provider({self.name!r})"

    @property
    def definition(self) -> Definition:
        """The definition, compiled."""
        return self._definition

    @property
    def title(self) -> str:
        """The name that people know it by."""
        return self._definition.title

    @property
    def docs(self) -> str | None:
        """The page that documents the endpoint."""
        return self._definition.docs

    @property
    def top_up_url(self) -> str | None:
        """Where to buy credit."""
        return self._definition.top_up_url

    @property
    def min_interval_seconds(self) -> int:
        """The shortest interval at which the provider wants to be asked, in seconds."""
        return self._definition.min_interval_seconds

    @property
    def params(self) -> Mapping[str, Param]:
        """The parameters that an account may or must set."""
        return self._definition.params

    @property
    def wallets(self) -> Mapping[str, WalletSpec]:
        """The pots of credit in one answer, by name."""
        return self._definition.wallets

    @property
    def default_wallet(self) -> str:
        """The wallet of an account that names none."""
        return self._definition.default_wallet

    @property
    def secret_fields(self) -> tuple[str, ...]:
        """The fields that an account's secret must have; empty when it is a single key."""
        return self._definition.secret_fields

    def prepare(
        self,
        key: Secret,
        params: Mapping[str, str],
        base_url: str | None,
        *,
        allow_http_loopback: bool,
    ) -> PreparedRequest:
        """Return the request for one account.

        Args:
            key: The secret: plain text, or an object where the definition names its fields.
            params: The account's parameters.
            base_url: Replaces scheme, host and port, and prefixes the path; for self-hosted
                services.
            allow_http_loopback: Whether plain http is taken on loopback.

        Raises:
            ConfigError: when one of these does not fit; the text names which, never its value.
        """
        definition = self._definition
        values = Values(key, resolve_params(definition.params, params))
        return prepare_request(
            definition.request, values, base_url, allow_http_loopback=allow_http_loopback
        )

    def read(self, response: Response, wallet: str | None) -> Reading:
        """Return what ``response`` says of an account that watches ``wallet`` (None: the default).

        Never raises, whatever the answer is.
        """
        return read_response(self._definition, response, wallet)


def load_provider(name: str, inline: Mapping[str, object]) -> Provider:
    """Return the provider ``name``: from ``inline`` when it is there, else the shipped one.

    Raises:
        DefinitionError: when there is no such provider, or its definition cannot be used.
    """
    if name in inline:
        return _load_inline(name, inline[name])
    return _load_shipped(name)


def list_providers() -> list[str]:
    """Return the names of the shipped definitions, without reading one."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read_shipped(name: str) -> dict[str, Any]:
    """Return a shipped definition as it stands in its file.

    Raises:
        DefinitionError: when there is none of that name.
    """
    path = FOLDER / f"{name}.json"
    if not re.fullmatch(NAME, name) or not path.is_file():
        raise DefinitionError("", f"there is no provider {name[:40]}")
    definition: dict[str, Any] = json.loads(path.read_bytes())
    return definition


def skeleton(title: str) -> dict[str, Any]:
    """Return a definition to start from: valid, and to be adapted at every line."""
    return {
        "title": title,
        "docs": "https://example.com/docs/balance",
        "top_up_url": "https://example.com/billing",
        "request": {
            "method": "GET",
            "url": "https://api.example.com/v1/balance",
            "headers": {"Authorization": "Bearer {key}"},
        },
        "wallets": {"balance": {"unit": "USD", "remaining": "data.balance"}},
        "errors": [
            {"status": 403, "outcome": "insufficient_scope", "reason": "the key may not read it"}
        ],
        "notes": "Where each fact comes from, and when it was read.",
    }


@cache
def _load_shipped(name: str) -> Provider:
    """Return a shipped provider, read once per process."""
    return Provider(name, parse_definition(read_shipped(name)))


#: The last inline definition under each name. The same object comes with every account of a run,
#: and an equal one with the next run's event.
_inline: Final[dict[str, tuple[object, Provider]]] = {}


def _load_inline(name: str, data: object) -> Provider:
    """Return an inline provider, compiled once for as long as its definition stays the same."""
    known = _inline.get(name)
    if known is not None and (known[0] is data or known[0] == data):
        return known[1]
    provider = Provider(name, parse_definition(data))
    _inline[name] = (data, provider)
    return provider
