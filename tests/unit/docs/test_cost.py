"""The bill in docs/cost.md, checked against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cost import DAY_ITEM_BYTES, LINES, FreeTier, Setup, bill, metrics, total
from shared.records import DayTotals

#: 100 accounts, all polled every 5 minutes: 43,800 / 5 = 8,760 polls a month, one shard.
BY_HAND = {
    "metrics": "30.00",  # 100 x 0.30
    "alarms": "32.30",  # (100 x 3 + 23) x 0.10
    "secrets": "0.40",  # one JSON secret
    "secret reads": "0.0438",  # 8,760 x 0.000005
    # 876,000 polls x (5 x 0.000000625 + 1 x 0.000000125) + 100 x 30.4167 days x 0.000000625
    "DynamoDB requests": "2.8489",
    # 288 x 90 x 100 x 350 bytes + 400 x 100 x 250 bytes = 917,200,000 = 0.854209 GB x 0.45
    "DynamoDB storage": "0.3844",
    # 17,520 requests x 0.0000002
    # + (8,760 x 2.0 s x 0.5 GB + 8,760 x 0.3 s x 0.25 GB) x 0.0000133334
    "Lambda": "0.1291",
    # (8,760 x 1,200 + 8,760 x 400) bytes = 0.013053 GB x 0.50
    "logs": "0.0065",
    # 8,760 x 0.00001 + 17,520 x 0.000001 + 657,000 x 0.0000004
    "PutMetricData, Scheduler, SQS": "0.36792",
    "dashboard": "3.00",
    "customer managed key": "0",
    "page in the dashboard": "0",
}
#: The same within the free tier.
FREE_BY_HAND = {
    "metrics": "27.00",  # (100 - 10) x 0.30
    "alarms": "31.30",  # (323 - 10) x 0.10
    "secrets": "0.40",
    "secret reads": "0.0438",
    "DynamoDB requests": "2.8489",  # on demand: nothing is free
    "DynamoDB storage": "0.17084",  # 0.854209 GB x 0.20: restoring alone
    "Lambda": "0",
    "logs": "0",
    "PutMetricData, Scheduler, SQS": "0",
    "dashboard": "0",
    "customer managed key": "0",
    "page in the dashboard": "0",
}


@pytest.mark.parametrize("what", LINES)
def test_line_for_100_accounts_is_what_a_hand_computes(what: str) -> None:
    setup = Setup(100, close_interval_minutes=5)
    assert bill(setup)[what] == pytest.approx(Decimal(BY_HAND[what]), abs=Decimal("0.0001"))
    free = bill(replace(setup, free=FreeTier()))
    assert free[what] == pytest.approx(Decimal(FREE_BY_HAND[what]), abs=Decimal("0.0001"))


def test_the_page_costs_what_a_hand_computes() -> None:
    """A working week of refreshes every minute, of 100 accounts; and of no more than those."""
    # 2,400 x (0.25 GB x 0.0000133334 + 0.0000002 + 50 x 0.000000125) + 480 x 100 x 0.00001
    by_hand = Decimal("0.0235") + Decimal("0.48")
    for accounts in (100, 10_000):
        priced = bill(Setup(accounts, page_hours=40))["page in the dashboard"]
        assert priced == pytest.approx(by_hand, abs=Decimal("0.0001"))


def test_an_item_of_a_day_is_no_larger_than_it_is_counted() -> None:
    """Names and values, of an account with a long name; a number takes a byte for two digits."""
    amount = Decimal("123456.7891")
    totals = DayTotals(date(2026, 11, 1), amount, amount, amount, "credits", 1440, 1440, 86_400)

    item = totals.to_day_item("a" * 64, "a-long-provider")

    assert sum(len(name) + len(str(value)) for name, value in item.items()) <= DAY_ITEM_BYTES


#: What a run every minute adds for 10 accounts, of which none is close: 43,800 - 8,760 idle runs.
IDLE_BY_HAND = {
    # 43,800 x 10 x 0.5 x 0.000000125
    "DynamoDB requests": "0.027375",
    # 35,040 x 0.0000002 + 35,040 x 0.05 s x 0.5 GB x 0.0000133334
    "Lambda": "0.018688",
    # 35,040 x 400 bytes = 0.013053 GB x 0.50
    "logs": "0.006527",
    # 35,040 x 0.000001
    "PutMetricData, Scheduler, SQS": "0.03504",
}
#: What it adds that one of them is close all month: 35,040 polls more, and no run is idle.
CLOSE_BY_HAND = {
    # 35,040 x (5 x 0.000000625 + 0.000000125)
    "DynamoDB requests": "0.11388",
    # 96 x 12 x 90 x 350 bytes = 36,288,000 = 0.033796 GB x 0.45
    "DynamoDB storage": "0.015208",
    # 35,040 x (1.0 - 0.05) s x 0.5 GB x 0.0000133334
    "Lambda": "0.221922",
    # 35,040 x (800 + 4) bytes = 0.026238 GB x 0.50
    "logs": "0.013119",
    # 35,040 x 0.00001
    "PutMetricData, Scheduler, SQS": "0.3504",
}


@pytest.mark.parametrize("what", LINES)
def test_watching_closer_when_computed_by_hand_then_costs_the_same(what: str) -> None:
    none = Setup(10, close_share=Decimal(0))
    idle = bill(none)[what] - bill(replace(none, close_interval_minutes=5))[what]
    one = Setup(1, close_share=Decimal(1))
    close = bill(one)[what] - bill(replace(one, close_share=Decimal(0)))[what]

    assert idle == pytest.approx(Decimal(IDLE_BY_HAND.get(what, 0)), abs=Decimal("0.000001"))
    assert close == pytest.approx(Decimal(CLOSE_BY_HAND.get(what, 0)), abs=Decimal("0.000001"))


def test_watching_closer_when_summed_up_then_the_page_says_so() -> None:
    assert sum(map(Decimal, IDLE_BY_HAND.values())).quantize(Decimal("0.01")) == Decimal("0.09")
    assert sum(map(Decimal, CLOSE_BY_HAND.values())).quantize(Decimal("0.01")) == Decimal("0.71")


def test_the_fixed_part_is_small() -> None:
    """Apart from the dashboard and the secret: what a deployment costs before its first account."""
    fixed = bill(Setup(0))

    assert fixed["metrics"] == 0
    assert fixed["alarms"] + fixed["logs"] == Decimal("2.30")


def test_a_topic_for_one_more_form_costs_forty_cents() -> None:
    assert total(Setup(10, forms=1)) - total(Setup(10)) == Decimal("0.40")


def test_channels_cost_a_secret_and_the_polling_of_a_queue() -> None:
    """Five long polls of 20 seconds side by side, all month: 657,000 requests."""
    more = total(Setup(10, has_channels=True)) - total(Setup(10))

    assert more == Decimal("0.40") + 657_000 * Decimal("0.0000004")
    assert round(more, 2) == Decimal("0.66")


def test_metrics_beyond_ten_thousand_series_cost_the_second_price() -> None:
    assert metrics(Setup(11_000)) == 10_000 * Decimal("0.30") + 1_000 * Decimal("0.10")


def test_metrics_published_less_than_hourly_are_billed_by_the_hour() -> None:
    price = metrics(Setup(100, poll_interval_minutes=360, close_interval_minutes=360))

    assert round(price, 9) == Decimal("5.00")


def test_nothing_becomes_negative_for_what_is_free() -> None:
    assert min(bill(replace(Setup(1), free=FreeTier())).values()) == 0
