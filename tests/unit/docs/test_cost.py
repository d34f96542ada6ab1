"""The bill in docs/cost.md, checked against figures worked out by hand."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def cost() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_cost", ROOT / "scripts" / "docs_cost.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up while it is made.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "docs_cost", module)
        spec.loader.exec_module(module)
    return module


#: 100 accounts, every 5 minutes: 43,800 / 5 = 8,760 polls a month, one shard.
BY_HAND = {
    "metrics": "32.40",  # (100 + 8) x 0.30
    "alarms": "32.00",  # (100 x 3 + 20) x 0.10
    "secrets": "0.40",  # one JSON secret
    "secret reads": "0.0438",  # 8,760 x 0.000005
    # 876,000 polls x (5 x 0.000000625 + 0.5 x 0.000000125)
    "DynamoDB requests": "2.79225",
    # 288 x 90 x 100 x 350 bytes = 907,200,000 = 0.844896 GB x 0.45
    "DynamoDB storage": "0.3802",
    # 17,520 requests x 0.0000002
    # + (8,760 x 2.0 s x 0.5 GB + 8,760 x 0.3 s x 0.25 GB) x 0.0000133334
    "Lambda": "0.1291",
    # (8,760 x 2,500 + 8,760 x 400) bytes = 0.02366 GB x 0.50
    "logs": "0.0118",
    # 8,760 x 0.00001 + 17,520 x 0.000001 + 657,000 x 0.0000004
    "PutMetricData, Scheduler, SQS": "0.36792",
    "dashboard": "3.00",
}


@pytest.mark.parametrize("what", BY_HAND)
def test_line_for_100_accounts_is_what_a_hand_computes(cost: ModuleType, what: str) -> None:
    lines = {line.what: line.dollars for line in cost.bill(cost.Setup(accounts=100))}

    assert lines[what] == pytest.approx(Decimal(BY_HAND[what]), abs=Decimal("0.0001"))


def test_bill_has_no_line_that_is_not_checked_by_hand(cost: ModuleType) -> None:
    lines = cost.bill(cost.Setup(accounts=100))

    assert {line.what for line in lines} == set(BY_HAND)


def test_metrics_beyond_ten_thousand_series_cost_the_second_price(cost: ModuleType) -> None:
    prices = cost.Prices()

    price = cost.metrics(cost.Setup(accounts=10_992), prices)

    assert price == 10_000 * Decimal("0.30") + 1_000 * Decimal("0.10")


def test_metrics_published_less_than_hourly_are_billed_by_the_hour(cost: ModuleType) -> None:
    prices = cost.Prices()

    price = cost.metrics(cost.Setup(accounts=92, poll_interval_minutes=360), prices)

    assert round(price, 9) == Decimal("5.00")
