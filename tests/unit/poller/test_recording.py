"""LATEST: the last balance survives failures, and is dropped when it belongs to something else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from balance_poller.event import parse_account
from balance_poller.exchange.answer.reading import Reading
from balance_poller.recording.records import ProviderFacts, Recorded, record
from shared.names import Metric
from shared.outcome import Outcome
from shared.records import Latest, TopUp, Wallet
from tests.latest import changed
from tests.unit.poller.fakes import AT, entry

FACTS = ProviderFacts("Plain", "https://plain.example/pay")
FIVE_MINUTES = timedelta(minutes=5)


def ok(remaining: str = "12.50", **wallet: Any) -> Reading:
    return Reading(
        Outcome.OK,
        None,
        "main",
        Wallet(Decimal(remaining), **({"unit": "USD"} | wallet)),
        {"bonus": Wallet(Decimal(3), "credits")},
    )


def polled(
    reading: Reading, previous: Latest | None = None, *, after: int = 0, **fields: Any
) -> Recorded:
    account = parse_account(entry(**fields))
    return record(account, FACTS, reading, previous, AT + after * FIVE_MINUTES)


def test_a_first_poll_when_ok_then_records_everything_and_publishes_the_balance() -> None:
    made = polled(ok(resets_at=AT, expires_at=AT), warning=20, critical=5)

    latest = made.latest
    assert (latest.good.balance, latest.good.unit, latest.good.wallet) == (
        Decimal("12.50"),
        "USD",
        "main",
    )
    assert latest.good.balance_at == latest.polled_at == AT
    assert latest.failing_since is None
    assert latest.good.others["bonus"].remaining == 3
    assert (latest.good.resets_at, latest.good.credit_expires_at) == (AT, AT)
    assert latest.good.burn_basis == "accumulating"
    assert latest.thresholds.warning == 20
    assert latest.provider_title == "Plain"
    assert [(p.metric, p.value, p.at) for p in made.points] == [(Metric.BALANCE, 12.5, AT)]
    assert made.attempt.balance is not None
    assert Latest.from_item(latest.to_item()) == latest


def test_a_poll_when_a_forecast_is_known_then_its_history_item_has_it() -> None:
    made = polled(ok("100.00"))
    for number in range(1, 15):
        made = polled(ok(f"{100 - number}.00"), made.latest, after=number)

    good = made.latest.good
    assert good.at_least_hours is not None
    item = made.attempt.to_item(90)
    assert (item["runway_hours"], item["at_least_hours"]) == (
        good.runway_hours,
        good.at_least_hours,
    )


def test_a_failure_when_after_an_ok_then_keeps_the_balance_and_says_since_when() -> None:
    first = polled(ok()).latest

    failed_once = polled(Reading(Outcome.INVALID_KEY, "no"), first, after=1)
    failed_twice = polled(Reading(Outcome.TRANSIENT, "down"), failed_once.latest, after=2)

    latest = failed_twice.latest
    assert (latest.good.balance, latest.good.balance_at) == (Decimal("12.50"), AT)
    assert latest.polled_at == AT + 2 * FIVE_MINUTES
    assert (latest.outcome, latest.reason) == (Outcome.TRANSIENT, "down")
    assert latest.failing_since == AT + FIVE_MINUTES
    assert latest.good.burn == first.good.burn
    assert not failed_twice.points


def test_an_ok_when_after_failures_then_ends_them() -> None:
    first = polled(ok()).latest
    failing = polled(Reading(Outcome.TRANSIENT, "down"), first, after=1).latest

    latest = polled(ok("10.00"), failing, after=2).latest

    assert latest.failing_since is None
    assert latest.good.balance == Decimal("10.00")


def test_an_account_when_never_ok_then_is_not_set_up_and_knows_since_when() -> None:
    first = polled(Reading(Outcome.BAD_CONFIG, "no key")).latest
    second = polled(Reading(Outcome.BAD_CONFIG, "no key"), first, after=1).latest

    assert not second.is_set_up
    assert second.failing_since == AT
    assert second.good.balance is None


@pytest.mark.parametrize("now_watching", [{"provider": "other"}, {"wallet": "bonus"}])
def test_a_failure_when_the_account_watches_something_else_then_shows_no_old_balance(
    now_watching: dict[str, Any],
) -> None:
    first = polled(ok()).latest

    latest = polled(Reading(Outcome.TRANSIENT, "down"), first, after=1, **now_watching).latest

    assert latest.good.balance is None
    assert latest.good.burn is None


def test_the_burn_when_unit_or_wallet_changes_then_starts_again() -> None:
    first = polled(ok()).latest
    same = polled(ok("12.40"), first, after=1).latest
    other_unit = polled(ok("11.00", unit="EUR"), first, after=1).latest

    assert same.good.burn is not None
    assert other_unit.good.burn is not None
    assert (same.good.burn[9], other_unit.good.burn[9]) == (2, 1)  # the number of samples


@pytest.mark.parametrize(
    "change",
    [{"secret": "other"}, {"base_url": "https://other.example"}, {"params": {"host": "b.example"}}],
    ids=["key", "address", "parameter"],
)
def test_the_burn_when_another_balance_is_requested_then_starts_again(
    change: dict[str, Any],
) -> None:
    first = polled(ok("5000")).latest
    down = polled(Reading(Outcome.TRANSIENT, "down"), first, after=1, **change).latest

    latest = polled(ok("20"), down, after=2, **change).latest

    assert latest.good.burn == polled(ok("20"), after=2, **change).latest.good.burn
    assert latest.good.last_top_up is None
    assert polled(ok("20"), first, after=2).latest.good.burn != latest.good.burn


def test_a_top_up_when_confirmed_then_is_recorded_with_its_exact_amount() -> None:
    first = polled(ok("3.20")).latest

    seen = polled(ok("53.20"), first, after=1).latest
    confirmed = polled(ok("53.10"), seen, after=2).latest
    later = polled(ok("53.00"), confirmed, after=3).latest

    assert seen.good.last_top_up is None
    assert confirmed.good.last_top_up == TopUp(AT + FIVE_MINUTES, Decimal("50.00"))
    assert later.good.last_top_up == confirmed.good.last_top_up


@pytest.mark.parametrize("stored", [b"", b"junk", b"\xff" * 210])
def test_the_burn_when_stored_bytes_are_unreadable_then_starts_again(stored: bytes) -> None:
    first = changed(polled(ok()).latest, burn=stored)

    assert polled(ok(), first, after=1).latest.good.burn_basis == "accumulating"


def test_the_top_up_link_when_the_account_has_its_own_then_that_counts() -> None:
    assert polled(ok()).latest.top_up_url == "https://plain.example/pay"
    own = polled(ok(), top_up_url="https://mine.example").latest
    assert own.top_up_url == "https://mine.example"


def test_a_balance_when_zero_or_negative_then_is_a_balance() -> None:
    assert polled(ok("0")).points[0].value == 0.0
    assert polled(ok("-4.5")).points[0].value == -4.5
    assert polled(ok("0")).latest.good.balance == 0
