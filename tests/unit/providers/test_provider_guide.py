"""Every example in docs/adding-a-provider.md gives the result stated there."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest

from balance_poller.definitions.definition import (
    DEFAULT_MIN_INTERVAL_SECONDS,
    FAILURES,
    MAX_REASON,
    check_definition,
)
from balance_poller.definitions.language.expression_syntax import ALLOWED_FUNCTIONS
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.before import Taken
from balance_poller.exchange.breakdown import read_breakdown
from balance_poller.exchange.provider import Provider, load_provider
from shared.records import Wallet
from shared.secret import seal
from shared.times import format_time
from tests.unit.providers.corpus import respond

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "adding-a-provider.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
BLOCK: Final = re.compile(r"^( *)```(\w+) ([^\n]+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced example: what it is of, and its text."""

    kind: str
    name: str
    status: int
    text: str
    headers: dict[str, str]


def blocks() -> list[Block]:
    """Return the page's examples in order."""
    found = []
    for match in BLOCK.finditer(TEXT):
        words = dict(word.partition("=")[::2] for word in match[3].split())
        kind = next(iter(words))
        name, status = words.pop(kind), int(words.pop("status", 200))
        found.append(Block(kind, name, status, match[4], words))
    return found


BLOCKS: Final = blocks()
DEFINITIONS: Final = {b.name: json.loads(b.text) for b in BLOCKS if b.kind == "definition"}
ANSWERS: Final = [
    (block, BLOCKS[index + 1]) for index, block in enumerate(BLOCKS) if block.kind == "answer"
]
FIRST: Final = [
    (block, BLOCKS[index + 1]) for index, block in enumerate(BLOCKS) if block.kind == "first"
]
SHARES: Final = [
    (block, BLOCKS[index + 1]) for index, block in enumerate(BLOCKS) if block.kind == "shares"
]
FRAGMENTS: Final = [json.loads(block.text) for block in BLOCKS if block.kind == "fragment"]


def provider_of(name: str) -> Provider:
    return load_provider(f"guide_{name}", {f"guide_{name}": DEFINITIONS[name]})


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definition_of_the_guide_has_no_problem(name: str) -> None:
    assert check_definition(DEFINITIONS[name]) == []


@pytest.mark.parametrize("fragment", FRAGMENTS, ids="-".join)
def test_fragment_of_the_guide_fits_into_a_definition(fragment: dict[str, Any]) -> None:
    assert check_definition(DEFINITIONS["acme"] | fragment) == []


@pytest.mark.parametrize(("answer", "reading"), ANSWERS, ids=lambda block: block.name)
def test_answer_of_the_guide_is_read_as_it_says(answer: Block, reading: Block) -> None:
    assert (reading.kind, reading.name) == ("reading", answer.name)

    response = Response(answer.status, "", answer.text.encode(), headers=answer.headers)

    found = provider_of(answer.name).read(response, None)

    assert in_words(found) == reading.text.strip()


@pytest.mark.parametrize(("answer", "taken"), FIRST, ids=lambda block: block.name)
def test_first_answer_of_the_guide_gives_what_it_says(answer: Block, taken: Block) -> None:
    assert (taken.kind, taken.name) == ("taken", answer.name)

    found = provider_of(answer.name).read_before(respond(answer.status, answer.text.encode()))

    if isinstance(found, Taken):
        words = f"{', '.join(found.values)}, kept for {found.seconds:g} seconds"
    else:
        words = f"{found[0]}: {found[1]}"
    assert words == taken.text.strip()


@pytest.mark.parametrize(("answer", "spent"), SHARES, ids=lambda block: block.name)
def test_breakdown_of_the_guide_names_what_it_says(answer: Block, spent: Block) -> None:
    assert (spent.kind, spent.name) == ("spent", answer.name)
    spec = provider_of(answer.name).definition.breakdown
    assert spec is not None

    found = read_breakdown(spec, respond(answer.status, answer.text.encode()))

    words = [f"{share.name or 'unnamed'} {share.amount:f} {spec.unit}" for share in found]
    assert ", ".join([*words, spec.over]) == spent.text.strip()


def in_words(reading: Reading) -> str:
    """Return a reading as the guide writes it."""
    if reading.costs is not None:
        costs = sorted(reading.costs.items())
        return f"{reading.outcome}: " + ", ".join(f"{day} {cost:f} USD" for day, cost in costs)
    if reading.balance is None:
        return f"{reading.outcome}: {reading.reason}"
    others = [wallet_words(name, wallet) for name, wallet in reading.others.items()]
    words = f"{reading.outcome}: {wallet_words(str(reading.wallet), reading.balance)}"
    return words + (f" ({', '.join(others)})" if others else "")


def wallet_words(name: str, wallet: Wallet) -> str:
    """Return a wallet as the guide writes it."""
    words = [f"{name} {wallet.remaining} {wallet.unit}"]
    words += [f"used {wallet.used}"] if wallet.used is not None else []
    words += [f"granted {wallet.granted}"] if wallet.granted is not None else []
    words += [f"resets {format_time(wallet.resets_at)}"] if wallet.resets_at else []
    words += [f"expires {format_time(wallet.expires_at)}"] if wallet.expires_at else []
    return ", ".join(words)


def test_custom_provider_of_the_guide_is_the_smallest_definition_in_hcl() -> None:
    block = next(block for block in BLOCKS if block.kind == "custom")

    values = unquoted(hcl2.load(io.StringIO(block.text)))

    assert values["custom_providers"][block.name] == DEFINITIONS[block.name]
    assert values["accounts"]["acme-main"]["provider"] == block.name


def unquoted(value: Any) -> Any:
    """Take off the quotes that python-hcl2 leaves on."""
    if isinstance(value, dict):
        return {unquoted(k): unquoted(v) for k, v in value.items() if not k.startswith("__")}
    return value.strip('"') if isinstance(value, str) else value


def test_fixture_of_the_guide_is_one() -> None:
    fixture = json.loads(next(block for block in BLOCKS if block.kind == "fixture").text)
    provider = provider_of("complete")
    account = fixture["account"]

    request = provider.prepare(seal("KEY"), account["params"], None, allow_http_loopback=False)
    reading = provider.read(respond(fixture["status"], fixture["body"]), account["wallet"])

    assert request.url == fixture["request"]["url"]
    assert request.headers["Authorization"] == "Token KEY"
    assert reading.balance is not None
    assert str(reading.balance.remaining) == fixture["expect"]["balance"]


def test_guide_names_every_field_outcome_and_function() -> None:
    schema = json.loads(
        (PAGE.parent.parent / "functions/balance_poller/provider.schema.json").read_text()
    )
    fields = set(schema["properties"])
    for name in ("param", "request", "error", "guard", "wallet", "spend", "amountAt0"):
        fields |= set(schema["$defs"][name].get("properties", {}))

    missing = [name for name in (*fields, *FAILURES, *ALLOWED_FUNCTIONS) if f"`{name}" not in TEXT]

    assert missing == []
    assert f"at most {MAX_REASON} characters" in TEXT
    assert f"{DEFAULT_MIN_INTERVAL_SECONDS} by default" in TEXT


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        ('"remaining-credits"', {"remaining-credits": 1}),
        ("items[0].left", {"items": [{"left": 1}]}),
        ("items[?type=='paid'].left | [0]", {"items": [{"type": "paid", "left": 1}]}),
        ("accounts.*.left | [0]", {"accounts": {"acme-7": {"left": 1}}}),
        ("not_null(a.left, b.left)", {"b": {"left": 1}}),
    ],
)
def test_selection_of_the_guide_selects(expression: str, body: object) -> None:
    definition = DEFINITIONS["acme"] | {
        "wallets": {"balance": {"unit": "USD", "remaining": expression}}
    }

    reading = load_provider("guide_selects", {"guide_selects": definition}).read(
        respond(200, body), None
    )

    assert expression.replace("|", "\\|") in TEXT
    assert reading.balance is not None


def test_sum_of_the_guide_over_a_list_of_lists_takes_the_second_entries() -> None:
    definition = DEFINITIONS["acme"] | {
        "wallets": {"balance": {"unit": "USD", "remaining": {"sum": ["rows[*][1]"]}}}
    }

    reading = load_provider("guide_rows", {"guide_rows": definition}).read(
        respond(200, {"rows": [["opening", "120.5"], ["usage", -20.25]]}), None
    )

    assert "`rows[*][1]`" in TEXT
    assert reading.balance is not None
    assert str(reading.balance.remaining) == "100.25"


@pytest.mark.parametrize(
    ("condition", "body"),
    [
        ("success == `true`", {"success": True}),
        ("status == 'active'", {"status": "active"}),
        ("code == `0` && !suspended", {"code": 0, "suspended": False}),
        ("credits < `0`", {"credits": -1}),
        ("error", {"error": "x"}),
        ("error", {"error": 0}),
        ("contains(message, 'expired')", {"message": "key expired"}),
        ("starts_with(code, 'AUTH_')", {"code": "AUTH_X"}),
        ("contains(keys(data), 'limit') && data.limit == `null`", {"data": {"limit": None}}),
        ("length(items) == `0`", {"items": []}),
        ("type(balance) == 'object'", {"balance": {}}),
    ],
)
def test_condition_of_the_guide_holds(condition: str, body: object) -> None:
    guard = {"when": condition, "outcome": "unverified", "reason": "it holds"}
    definition = DEFINITIONS["acme"] | {"guards": [guard]}
    provider = load_provider("guide_holds", {"guide_holds": definition})

    assert condition.replace("|", "\\|") in TEXT
    assert provider.read(respond(200, body), None).reason == "it holds"
    assert provider.read(respond(200, {}), None).reason != "it holds"
