"""Makes a fixture of a live answer, masked, in the form of tests/fixtures/providers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from balance_poller.definitions.language.template import ConfigError
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.provider import Provider
from balance_poller.exchange.request import PreparedRequest
from balancectl.cli.errors import CliError
from balancectl.local.masking import mask_unread, mask_word
from balancectl.local.poll import LocalPoll
from shared.records import Wallet
from shared.secret import seal
from shared.times import format_time

_DEFAULT_HEADERS: Final = frozenset({"Accept", "Cache-Control", "User-Agent"})


def make_fixture(poll: LocalPoll, at: datetime) -> dict[str, Any]:
    """Return a fixture of the answer to ``poll``, which was asked at ``at``.

    Raises:
        CliError: When no answer came, one that is not JSON, or a cost report.
    """
    provider, response = poll.provider, poll.response
    if provider is None or response is None:
        raise CliError("there is no answer to record")
    if provider.definition.spend is not None:
        raise CliError(
            "a cost report is not recorded, because its days cannot be masked: write its fixture by"
            " hand, as tests/fixtures/providers/openai_budget/ok.json is"
        )
    try:
        body = json.loads(response.body)
    except ValueError:
        raise CliError(
            "the answer is not JSON: write its fixture by hand, with text in place of body"
        ) from None

    def read(body: object) -> Reading:
        answer = Response(response.status, response.content_type, json.dumps(body).encode())
        return provider.read(answer, poll.account.wallet)

    masked = mask_unread(body, lambda twin: _all_but_amounts(read(twin)))
    params = _mask_params(provider, poll.account.params)
    return {
        "title": "A live answer, masked",
        "source": f"a live answer of {at:%Y-%m-%d}, its texts and numbers masked",
        **_account(poll.account.wallet, params),
        **_request(provider, params),
        "status": response.status,
        "headers": {"content-type": response.content_type},
        "body": masked,
        "expect": _expect(read(masked)),
    }


def _all_but_amounts(reading: Reading) -> object:
    """Return what a masked answer must still say."""
    wallets = dict(reading.others)
    if reading.wallet and reading.balance:
        wallets[reading.wallet] = reading.balance
    rest = {name: (each.unit, each.resets_at, each.expires_at) for name, each in wallets.items()}
    return reading.outcome, reading.reason, reading.wallet, rest


def _account(wallet: str | None, params: Mapping[str, str]) -> dict[str, Any]:
    """Return the fixture's account; nothing if it sets nothing."""
    account: dict[str, Any] = {"wallet": wallet} if wallet else {}
    if params:
        account["params"] = dict(params)
    return {"account": account} if account else {}


def _mask_params(provider: Provider, given: Mapping[str, str]) -> dict[str, str]:
    """Return the account's parameters; free ones with other letters and digits if these fit."""
    params = dict(given)
    for name, value in given.items():
        if provider.definition.params[name].one_of:
            continue
        try:
            _prepare(provider, {**params, name: mask_word(value)})
        except ConfigError:
            continue
        params[name] = mask_word(value)
    return params


def _stand_ins(provider: Provider) -> dict[str, str]:
    """Return stand-ins for the parts of a secret; none for a single key."""
    return {name: f"{{key}}-{name}" for name in provider.definition.secret_fields}


def _prepare(provider: Provider, params: Mapping[str, str]) -> PreparedRequest:
    """Return the request with stand-ins for the key, and for an address of one's own."""
    secret = _stand_ins(provider) or "{key}"
    address = "https://own.example" if provider.definition.is_self_hosted else None
    return provider.prepare(seal(secret), params, address, allow_http_loopback=True)


def _request(provider: Provider, params: Mapping[str, str]) -> dict[str, Any]:
    """Return the fixture's secret and request."""
    prepared = _prepare(provider, params)
    headers = {
        name: text for name, text in prepared.headers.items() if name not in _DEFAULT_HEADERS
    }
    request: dict[str, Any] = {
        "method": prepared.method,
        "url": prepared.url.replace("%7Bkey%7D", "{key}"),
    }
    kind, _, credentials = headers.get("Authorization", "").partition(" ")
    if kind == "Basic" and "{" not in credentials:
        del headers["Authorization"]
        request["basic"] = base64.b64decode(credentials).decode().split(":", 1)
    if headers:
        request["headers"] = headers
    if prepared.content:
        request["json"] = json.loads(prepared.content)
    secret = _stand_ins(provider)
    return {**({"secret": secret} if secret else {}), "request": request}


def _expect(reading: Reading) -> dict[str, Any]:
    """Return what a fixture expects of a reading."""
    expect: dict[str, Any] = {"outcome": reading.outcome.value}
    if reading.balance is None:
        return expect | {"reason_contains": reading.reason}
    expect |= {"wallet": reading.wallet, **_figures(reading.balance)}
    if reading.burn_per_hour is not None:
        expect["burn_per_hour"] = str(reading.burn_per_hour)
    others = {name: f"{wallet.remaining} {wallet.unit}" for name, wallet in reading.others.items()}
    return expect | {"others": others}


def _figures(wallet: Wallet) -> dict[str, str]:
    """Return a wallet's figures as texts, without those that it lacks."""
    figures = {
        "balance": wallet.remaining,
        "unit": wallet.unit,
        "used": wallet.used,
        "granted": wallet.granted,
        "resets_at": format_time(wallet.resets_at) if wallet.resets_at else None,
        "expires_at": format_time(wallet.expires_at) if wallet.expires_at else None,
    }
    return {name: str(value) for name, value in figures.items() if value is not None}
