"""Not consumption: expired credit, reset plans, balances of other keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from balance_poller.event import parse_account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.recording.records import ProviderFacts, Recorded, record
from balance_poller.recording.unseen import is_unseen
from shared.outcome import Outcome
from shared.records import LastGood, Latest, Wallet
from tests.unit.poller.fakes import AT, entry

MINUTE = timedelta(minutes=1)
NOTED, OTHER = "0a1b2c3d", "ffffffff"
VERSION, OTHER_VERSION = "v-11111111", "v-22222222"


def before(**fields: Any) -> LastGood:
    values = {"balance": Decimal(500), "balance_at": AT - 5 * MINUTE, "burn_per_day": Decimal(24)}
    return LastGood(**{**values, **fields})


def wallet(remaining: float = 499.9) -> Wallet:
    return Wallet(Decimal(str(remaining)), "USD")


@pytest.mark.parametrize("name", ["credit_expires_at", "resets_at"])
@pytest.mark.parametrize(
    ("minutes", "is_crossed"),
    [(-60, False), (-8, False), (-6, True), (-4, True), (0, True), (1, True), (5, False)],
)
def test_a_difference_when_a_known_time_lies_between_then_is_unseen(
    name: str, minutes: int, is_crossed: bool
) -> None:
    known = before(**{name: AT + minutes * MINUTE})

    assert is_unseen(known, wallet(), AT, None) is is_crossed


@pytest.mark.parametrize(
    ("old", "new", "remaining", "expected"),
    [
        (NOTED, NOTED, 20, False),
        (NOTED, OTHER, 499.9, True),
        (NOTED, OTHER, 900, True),
        (None, OTHER, 20, False),
        (NOTED, None, 20, False),
        (VERSION, VERSION, 20, False),
        (VERSION, OTHER_VERSION, 499.9, False),
        (VERSION, OTHER_VERSION, 480, False),
        (VERSION, OTHER_VERSION, 20, True),
        (VERSION, OTHER_VERSION, 900, False),
        (VERSION, NOTED, 20, True),
        (VERSION, NOTED, 499.9, False),
        (NOTED, VERSION, 20, True),
        # Two switches within seconds, and a switch to an account with as much (read 2026-11):
        # github.com/realiti4/claude-swap/issues/146, github.com/realiti4/claude-swap/pull/191.
        (OTHER, NOTED, 20, True),
        (NOTED, OTHER, 500, True),
    ],
)
def test_a_difference_when_the_key_is_another_then_is_unseen(
    old: str | None, new: str | None, remaining: float, expected: bool
) -> None:
    assert is_unseen(before(key_id=old), wallet(remaining), AT, new) is expected


def test_a_fall_when_nothing_is_known_of_the_burn_then_another_version_makes_it_unseen() -> None:
    known = before(key_id=VERSION, burn_per_day=None)

    assert is_unseen(known, wallet(499), AT, OTHER_VERSION)


def polled(previous: Latest | None, at: datetime, level: float, **fields: Any) -> Recorded:
    key_id = fields.pop("key_id", NOTED)
    found = Wallet(Decimal(str(round(level, 4))), "USD", **fields)
    reading = Reading(Outcome.OK, None, "main", found, key_id=key_id)
    account = parse_account(entry(drain_sensitivity=3))
    return record(account, ProviderFacts("P"), reading, previous, at)


def burn(hours: int, level: float, **fields: Any) -> tuple[Latest, datetime, float]:
    """Burn one an hour, polled every five minutes."""
    latest, at = None, AT
    for _ in range(hours * 12):
        latest = polled(latest, at, level, **fields).latest
        at += 5 * MINUTE
        level -= 1 / 12
    assert latest is not None
    return latest, at, level


@pytest.mark.parametrize(
    ("jump", "fields", "key_id"),
    [
        (0.1, {}, OTHER),
        (1.5, {}, OTHER),
        (0.1, {"expires_at": True}, NOTED),
        (0.1, {"resets_at": True}, NOTED),
    ],
    ids=["a poorer account", "a richer account", "credit expires", "a plan is reset"],
)
def test_a_runway_when_the_balance_jumps_for_a_known_reason_then_goes_on_from_the_new_level(
    jump: float, fields: dict[str, bool], key_id: str
) -> None:
    hours = 72
    known: dict[str, Any] = {name: AT + timedelta(hours=hours) - MINUTE for name in fields}
    latest, at, level = burn(hours, 600, **known)
    level *= jump

    for n in range(12):
        made = polled(latest, at + n * 5 * MINUTE, level - n / 12, key_id=key_id)
        latest = made.latest

    left = level - 11 / 12
    assert latest.good.runway_hours is not None
    assert float(latest.good.runway_hours) == pytest.approx(left, rel=0.05)
    assert latest.good.burn_per_day is not None
    assert float(latest.good.burn_per_day) == pytest.approx(24, rel=0.05)
