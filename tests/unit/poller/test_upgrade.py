"""The first poll after an upgrade continues from records of a version before 0.2.

The fixture's items were written by ``record`` and ``Latest.to_item`` of commit 52a3e69: thirty
hours of polls with a top-up, a failure after them, an account that never was ok, a first poll.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from balance_poller.event import parse_account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.recording.records import ProviderFacts, record
from balance_poller.recording.tables.latest_table import LatestTable
from shared.outcome import Outcome
from shared.records import Latest, Wallet
from tests.unit.poller.aws_fakes import FakeClient

FIXTURE = Path(__file__).parents[2] / "fixtures" / "upgrade" / "latest-before-0.2.json"
ITEMS: dict[str, Any] = json.loads(FIXTURE.read_text())


def stored(account: str) -> dict[str, Any]:
    """Return an old item as DynamoDB's client does."""
    item: dict[str, Any] = ITEMS[account]
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else value
        for name, value in item.items()
    }


def read(account: str) -> Latest:
    """Return an old item as the first poll reads it."""
    client: Any = FakeClient(lambda **_: {"Responses": {"balances": [stored(account)]}})
    found = LatestTable(lambda: client, "balances").read([account])
    assert found.problem is None
    return found.items[ITEMS[account]["account"]["S"]]


def poll_again(previous: Latest, remaining: str, **fields: Any) -> Latest:
    """Return the record of an ok poll five minutes later."""
    entry = {
        "id": previous.account,
        "provider": previous.provider,
        "secret": f"balance-monitor/api-keys#{previous.account}",
    }
    wallet = previous.good.wallet or "credits"
    reading = Reading(Outcome.OK, None, wallet, Wallet(Decimal(remaining), "USD"), {})
    at = previous.polled_at + timedelta(minutes=5)
    made = record(parse_account(entry | fields), ProviderFacts("P"), reading, previous, at)
    return made.latest


@pytest.mark.parametrize("account", ["healthy", "failing"])
def test_an_old_item_when_polled_again_then_its_burn_goes_on(account: str) -> None:
    old = read(account)

    new = poll_again(old, "60.00", secret="balance-monitor/api-keys#healthy")

    assert new.good.burn_basis == "profile"
    assert new.good.last_top_up == old.good.last_top_up
    assert new.good.runway_hours == pytest.approx(Decimal("20.1"), abs=Decimal("0.5"))
    assert new.good.source_hash == old.good.source_hash


@pytest.mark.parametrize("account", list(ITEMS))
def test_an_old_item_when_written_again_then_loses_only_its_old_names(account: str) -> None:
    names = stored(account).keys()

    written = read(account).to_item().keys()

    assert written == {"source_hash" if name == "asked" else name for name in names}


def test_an_old_item_when_never_ok_then_is_still_not_set_up() -> None:
    assert not read("never-ok").is_set_up
    assert poll_again(read("never-ok"), "5").good.burn_basis == "accumulating"


def test_an_old_item_when_its_source_changed_then_the_burn_begins_again() -> None:
    moved = poll_again(read("healthy"), "60.00", base_url="https://other.example")

    assert moved.good.burn_basis == "accumulating"
