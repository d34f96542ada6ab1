"""The poller's event: a bad entry affects no other, and an invalid time does no harm."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from balance_poller.event import EventError, parse_event

NOW = datetime(2026, 11, 23, 14, 7, 31, 500_000, tzinfo=UTC)
GOOD = {"id": "good", "provider": "openrouter", "secret": "keys#good"}


def event(*accounts: Any, **fields: Any) -> dict[str, Any]:
    return {"scheduled_at": "2026-11-23T14:05:00Z", "accounts": list(accounts)} | fields


def test_an_event_with_every_field_when_parsed_then_keeps_them_all() -> None:
    entry = GOOD | {
        "params": {"host": "2captcha"},
        "wallet": "additional",
        "base_url": "https://self.example",
        "warning": 20,
        "critical": 0.1,
        "runway_warning_hours": 48,
        "stale_after_minutes": 30,
        "top_up_url": "https://pay.example",
    }

    parsed = parse_event(event(entry, shard=3, providers={"own": {"title": "Own"}}), NOW)

    assert parsed.scheduled_at == datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
    assert not parsed.is_time_invalid
    assert (parsed.shard, parsed.providers) == (3, {"own": {"title": "Own"}})
    (account,) = parsed.accounts
    assert account.params == {"host": "2captcha"}
    assert account.wallet == "additional"
    assert account.base_url == "https://self.example"
    assert account.top_up_url == "https://pay.example"
    assert account.thresholds.warning == Decimal(20)
    assert account.thresholds.critical == Decimal("0.1")
    assert account.thresholds.runway_warning_hours == Decimal(48)


@pytest.mark.parametrize(
    "scheduled_at",
    [
        "<aws.scheduler.scheduled-time>",
        "",
        None,
        1763906700,
        "2026-11-23",
        "2026-11-23T14:05:00",
        "2026-13-40T99:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1999-01-01T00:00:00Z",
        ["2026-11-23T14:05:00Z"],
    ],
)
def test_a_time_when_it_is_none_or_absurd_then_the_present_second_stands_in(
    scheduled_at: object,
) -> None:
    parsed = parse_event(event(GOOD, scheduled_at=scheduled_at), NOW)

    assert parsed.scheduled_at == NOW.replace(microsecond=0)
    assert parsed.is_time_invalid
    assert len(parsed.accounts) == 1


@pytest.mark.parametrize(
    ("scheduled_at", "expected"),
    [
        ("2026-11-23T15:05:00+01:00", datetime(2026, 11, 23, 14, 5, tzinfo=UTC)),
        ("2026-11-23T14:05:00.750Z", datetime(2026, 11, 23, 14, 5, tzinfo=UTC)),
        ("2026-11-23T16:05:00Z", datetime(2026, 11, 23, 16, 5, tzinfo=UTC)),
        # A limit of a minute lost all data elsewhere (read 2026-11):
        # github.com/percona/rds_exporter/pull/123.
        ("2026-11-23T14:09:00Z", datetime(2026, 11, 23, 14, 9, tzinfo=UTC)),
    ],
    ids=["another zone", "fractions are dropped", "a clock runs ahead", "a clock drifts"],
)
def test_a_time_when_it_is_one_then_is_taken_in_utc(scheduled_at: str, expected: datetime) -> None:
    parsed = parse_event(event(GOOD, scheduled_at=scheduled_at), NOW)

    assert parsed.scheduled_at == expected
    assert not parsed.is_time_invalid


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("provider", None, "provider is missing"),
        ("provider", 7, "provider is not a text"),
        ("secret", "", "secret is missing"),
        ("wallet", ["a"], "wallet is not a text"),
        ("params", "x", "params are not an object"),
        ("params", {"a": None}, "params.a is not a text"),
        ("params", {"a": {"b": "c"}}, "params.a is not a text"),
        ("warning", "twenty", "warning: expected a number"),
        ("warning", math.nan, "warning: expected a"),
        ("critical", True, "critical: expected a number"),
        ("critical", 1e300, "critical: the number is outside"),
    ],
)
def test_a_bad_entry_when_beside_a_good_one_then_costs_only_itself(
    field: str, value: object, words: str
) -> None:
    bad = {"id": "bad", "provider": "openrouter", "secret": "keys#bad"} | {field: value}

    parsed = parse_event(event(bad, GOOD), NOW)

    assert [account.id for account in parsed.accounts] == ["good"]
    (entry,) = parsed.bad_accounts
    assert entry.label == "bad"
    assert entry.is_recordable
    assert words in entry.reason


@pytest.mark.parametrize("entry", [None, 5, "text", [], {}, {"id": "has space"}, {"id": "x/y"}])
def test_an_entry_when_it_has_no_usable_id_then_is_named_by_its_place(entry: object) -> None:
    parsed = parse_event(event(GOOD, entry), NOW)

    assert [account.id for account in parsed.accounts] == ["good"]
    (bad,) = parsed.bad_accounts
    assert (bad.label, bad.is_recordable) == ("accounts[1]", False)


def test_an_account_when_named_twice_then_the_first_entry_counts() -> None:
    parsed = parse_event(event(GOOD, GOOD | {"provider": "other"}), NOW)

    assert [account.provider for account in parsed.accounts] == ["openrouter"]
    (bad,) = parsed.bad_accounts
    assert not bad.is_recordable


def test_parameters_when_written_as_numbers_then_become_texts() -> None:
    parsed = parse_event(event(GOOD | {"params": {"n": 7, "on": True, "off": False}}), NOW)

    assert parsed.accounts[0].params == {"n": "7", "on": "true", "off": "false"}


@pytest.mark.parametrize("malformed", [None, [], "x", {}, {"accounts": None}, {"accounts": {}}])
def test_an_event_when_it_has_no_list_of_accounts_then_is_refused(malformed: object) -> None:
    with pytest.raises(EventError, match="no list of accounts"):
        parse_event(malformed, NOW)


@pytest.mark.parametrize(
    "scheduled_at",
    [
        "2026-11-23T17:05:00Z",
        "2026-11-23T21:06:30+02:00",
        "2036-01-01T00:00:00Z",
        # A local time sent as UTC, from the east
        # (github.com/cloud-custodian/cloud-custodian/issues/2559, read 2026-11).
        "2026-11-23T19:37:31Z",
    ],
)
def test_an_event_when_more_than_two_hours_ahead_then_is_refused(scheduled_at: str) -> None:
    with pytest.raises(EventError, match=r"scheduled_at, 20\d\d-.* UTC, is in the future"):
        parse_event(event(GOOD, scheduled_at=scheduled_at), NOW)


def test_definitions_when_not_a_map_then_count_as_none() -> None:
    parsed = parse_event(event(GOOD, providers=["x"], shard="7"), NOW)

    assert (parsed.providers, parsed.shard) == ({}, 0)


def test_a_run_when_two_weeks_late_then_still_has_its_own_time() -> None:
    late = (NOW - timedelta(days=13)).isoformat()

    parsed = parse_event(event(GOOD, scheduled_at=late), NOW)

    assert not parsed.is_time_invalid
