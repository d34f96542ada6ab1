"""Polls of accounts whose provider reports cost: ledgers and budgets, side by side with others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from balance_poller.event import Account, parse_event
from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.ledger.settle import settle
from balance_poller.polling.poll import poll
from balance_poller.recording.records import ProviderFacts, Recorded, record
from balance_poller.report import RunReport
from shared.names import Metric
from shared.outcome import Outcome
from shared.records import Latest, Meter, Thresholds, Wallet
from shared.records.ledger import Anchor, DeclaredTopUp, Ledger, new_ledger
from tests.unit.poller.fakes import AT, PROVIDERS, World, answer, entry

TODAY = AT.date()
SPEND: dict[str, Any] = {
    "unit": "USD",
    "counts_from": "anchor",
    "days": "data",
    "day": "day",
    "entries": "results",
    "amount": "amount",
    "currency": "currency",
    "more": "has_more",
}
REPORT: dict[str, Any] = {
    "title": "Metered",
    "params": {"team": {"description": "the team", "default": ""}},
    "request": {
        "url": "https://a.example/costs",
        "query": {"from": "{window.start_date}", "days": "{window.days}"},
        "headers": {"Authorization": "Bearer {key}"},
    },
    "spend": SPEND | {"only": {"team": "team || 'default'"}},
}
BUDGET = REPORT | {"spend": REPORT["spend"] | {"counts_from": "month"}}
INLINE = PROVIDERS | {"metered": REPORT, "monthly": BUDGET}


class Vendor:
    """A provider with a cost report: what each day has cost by now."""

    def __init__(self, **costs: float) -> None:
        self.costs = {date(2026, 11, int(day[1:])): cost for day, cost in costs.items()}
        self.asked: list[tuple[str, str]] = []
        self.more = False
        self.currency = "usd"

    def __call__(self, request: PreparedRequest) -> Response:
        if "/balance" in request.url:
            return answer({"balance": 7, "bonus": 0})
        query = parse_qs(urlsplit(request.url).query)
        start, days = date.fromisoformat(query["from"][0]), int(query["days"][0])
        self.asked.append((query["from"][0], query["days"][0]))
        listed = [start + timedelta(days=n) for n in range(days)]
        return answer({"data": [self._bucket(day) for day in listed], "has_more": self.more})

    def _bucket(self, day: date) -> dict[str, Any]:
        cost = self.costs.get(day)
        row = {"amount": str(cost), "currency": self.currency, "team": "red"}
        return {"day": f"{day}T00:00:00Z", "results": [row] if cost else []}


def metered(account: str = "openai", **fields: Any) -> dict[str, Any]:
    return entry(account, **({"provider": "metered", "warning": 50} | fields))


def anchored(amount: str = "41.20", at: datetime = AT, account: str = "openai") -> Ledger:
    return new_ledger(account, "metered", "USD", Anchor(Decimal(amount), at))


def run(world: World, *entries: dict[str, Any], at: datetime = AT) -> RunReport:
    event = {"scheduled_at": at.isoformat(), "accounts": entries, "providers": INLINE}
    return poll(parse_event(event, at), world.adapters, 100.0)


def test_an_account_without_an_anchor_names_the_command_that_sets_one_and_requests_nothing() -> (
    None
):
    vendor = Vendor()
    report = run(World(vendor), metered())

    (row,) = report.rows
    assert row.outcome is Outcome.BAD_CONFIG
    assert "balancectl ledger set openai AMOUNT" in (row.reason or "")
    assert vendor.asked == []


def test_the_first_poll_notes_the_anchors_day_and_the_next_one_subtracts() -> None:
    vendor = Vendor(d23=3.07)
    world = World(vendor)
    world.ledgers.put(anchored())

    first = run(world, metered())
    vendor.costs[TODAY] = 5.07
    second = run(world, metered(), at=AT + timedelta(minutes=5))

    assert [first.rows[0].balance, second.rows[0].balance] == ["41.20", "39.20"]
    assert vendor.asked == [("2026-11-23", "1")] * 2
    latest = world.latest.items["openai"]
    assert (latest.good.balance, latest.good.unit) == (Decimal("39.20"), "USD")
    assert latest.good.meter == Meter(Decimal(2), cost_at=AT)
    assert [p.value for p in world.metrics.points if p.metric is Metric.BALANCE] == [41.2, 39.2]


def test_an_anchor_that_is_set_while_a_report_is_read_counts_and_is_kept() -> None:
    world = World(Vendor(d23=3.07))
    world.ledgers.put(anchored())
    world.ledgers.meanwhile = [anchored("90")]

    report = run(world, metered())

    assert report.rows[0].balance == "90.00"
    kept = world.ledgers.items["openai"]
    assert (kept.anchor.amount, kept.anchor.day_cost) == (Decimal(90), Decimal("3.07"))


def test_a_ledger_that_cannot_be_stored_costs_no_other_account() -> None:
    world = World(Vendor(d23=3.07))
    world.ledgers.put(anchored())
    world.ledgers.is_down = True

    report = run(world, metered(), entry("other"))

    assert [row.outcome for row in report.rows] == [Outcome.TRANSIENT, Outcome.OK]
    assert "could not be stored" in (report.rows[0].reason or "")
    assert report.failed_parts == ()


def test_a_ledger_that_cannot_be_read_is_transient_and_not_a_missing_anchor() -> None:
    world = World(Vendor())
    world.ledgers.problems = {"openai": "the ledger could not be read: AccessDeniedException"}

    (row,) = run(world, metered()).rows

    assert row.outcome is Outcome.TRANSIENT


def test_a_run_without_such_accounts_reads_no_ledger() -> None:
    world = World(Vendor())

    run(world, entry())

    assert world.ledgers.reads in ([], [[]])


@pytest.mark.parametrize(
    ("field", "value", "outcome", "words"),
    [
        ("more", True, Outcome.SCHEMA_CHANGED, "more pages"),
        ("currency", "eur", Outcome.UNVERIFIED, "the report is in EUR"),
        ("currency", "sk-canary-0123", Outcome.UNVERIFIED, "another currency"),
    ],
    ids=["pages", "currency", "odd currency"],
)
def test_a_report_that_cannot_be_used_changes_no_ledger(
    field: str, value: object, outcome: Outcome, words: str
) -> None:
    vendor = Vendor(d23=3.07)
    setattr(vendor, field, value)
    world = World(vendor)
    world.ledgers.put(anchored())

    (row,) = run(world, metered()).rows

    assert (row.outcome, words in (row.reason or "")) == (outcome, True)
    assert "canary" not in (row.reason or "")
    assert world.ledgers.items["openai"].anchor.day_cost is None


def test_what_is_left_may_be_negative() -> None:
    vendor = Vendor(d23=3)
    world = World(vendor)
    world.ledgers.put(anchored("1"))
    run(world, metered())
    vendor.costs[TODAY] = 51

    (row,) = run(world, metered(), at=AT + timedelta(minutes=5)).rows

    assert (row.outcome, row.balance) == (Outcome.OK, "-47")


def test_budgets_share_one_report_and_count_from_the_first_of_the_month() -> None:
    vendor = Vendor(d01=100, d22=60, d23=3)
    world = World(vendor)

    report = run(
        world,
        metered("all", provider="monthly", secret="keys#x", budget=200),
        metered("less", provider="monthly", secret="keys#x", budget=150),
        metered("none", provider="monthly", secret="keys#x"),
        metered("blue", provider="monthly", secret="keys#x", budget=9, params={"team": "blue"}),
    )

    assert [row.balance for row in report.rows] == ["37", "-13", None, "9"]
    assert report.rows[2].reason == "budget is missing: set the amount that may be spent in a month"
    assert vendor.asked == [("2026-11-01", "23")] * 2
    good = world.latest.items["all"].good
    assert good.resets_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_new_month_is_neither_a_top_up_nor_consumption() -> None:
    start = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    latest = None
    for hours, used in enumerate((150, 160, 1, 2)):
        now = start + timedelta(hours=hours)
        end = datetime(2026, 12, 1, tzinfo=UTC) if hours < 1 else datetime(2027, 1, 1, tzinfo=UTC)
        wallet = Wallet(Decimal(200 - used), "USD", resets_at=end)
        latest = recorded(latest, wallet, Meter(Decimal(used), cost_at=now), now).latest

    assert latest is not None
    assert latest.good.last_top_up is None
    assert latest.day is not None
    assert (latest.day.spent, latest.day.topped_up) == (Decimal(1), Decimal(0))


ACCOUNT = Account("openai", "metered", "keys#openai", thresholds=Thresholds(warning=Decimal(5)))


def recorded(latest: Latest | None, wallet: Wallet, meter: Meter, now: datetime) -> Recorded:
    reading = Reading(Outcome.OK, wallet="left", balance=wallet, meter=meter)
    return record(ACCOUNT, ProviderFacts("Metered"), reading, latest, now)


def test_a_year_with_delay_corrections_top_ups_and_new_anchors_adds_up() -> None:
    """What is left is exact to what is not reported yet, and burn and top-ups are what they were.

    12 USD a day, none of it at night; reported six hours late; each third day is corrected by 1.50
    USD five days later; topped up every 30 days, and anchored anew every 50, after a quiet night.
    """
    night, morning = timedelta(hours=6), 7
    start = datetime(2026, 1, 1, morning, 30, tzinfo=UTC)
    left = Decimal(400)
    reported: dict[date, Decimal] = {start.date(): Decimal(0)}
    ledger = settle(new_ledger("openai", "metered", "USD", Anchor(left, start)), reported, start)
    latest: Latest | None = None
    spent = topped_up = corrected = Decimal(0)
    for poll_number in range(1, 365 * 4):
        now = start + poll_number * night
        day = (now - night).date()
        if now.hour != morning:
            reported[day] = reported.get(day, Decimal(0)) + 4
            left -= 4
        elif day.toordinal() % 3 == 0 and day - timedelta(days=5) >= ledger.anchor_day:
            reported[day - timedelta(days=5)] += Decimal("1.5")
            corrected += Decimal("1.5")
            left -= Decimal("1.5")
        if poll_number % (30 * 4) == 2:
            ledger = ledger.with_top_up(DeclaredTopUp(Decimal(450), now))
            left += 450

        ledger = settle(ledger, reported, now)
        if poll_number % (50 * 4) == 0:
            ledger = settle(ledger.with_anchor(Anchor(left, now)), reported, now)

        assert ledger.left == left
        meter = Meter(ledger.consumed, ledger.topped_up, ledger.topped_up_at, ledger.cost_at)
        made = recorded(latest, Wallet(ledger.left, "USD"), meter, now)
        latest = made.latest
        if made.finished_day is not None:
            spent += made.finished_day.spent
            topped_up += made.finished_day.topped_up

    assert [drift.amount for drift in ledger.drifts] == [0] * 7
    assert latest is not None
    assert latest.good.last_top_up is not None
    assert latest.good.last_top_up.amount == 450
    assert topped_up == 13 * 450
    assert corrected > 150
    assert abs(spent - 365 * 12) < 24
    assert 11 < float(latest.good.burn_per_day or 0) < 13
