"""``ledger``: anchors and top-ups are recorded, or refused with a remedy; no poll is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import Result

from balance_poller.ledger.settle import settle
from shared.aws.dynamo import encode
from shared.records.ledger import LEDGER, Anchor, DeclaredTopUp, Ledger, new_ledger
from tests.unit.balancectl.conftest import NAMES, NOW

Run = Callable[..., Result]
TODAY = NOW.date()


def stored(cloud: Any) -> Ledger:
    items = cloud.dynamo.tables[NAMES.balances_table]
    return Ledger.from_item(next(item for item in items if item["at"] == LEDGER))


def store(cloud: Any, ledger: Ledger) -> None:
    table = cloud.dynamo.tables[NAMES.balances_table]
    table[:] = [item for item in table if item["at"] != LEDGER]
    table.append(ledger.to_item())


def watch(cloud: Any, cost: str = "3.07", **fields: Any) -> None:
    """Watch a ledger; a poll finds that today has cost ``cost`` so far."""
    cloud.scheduler.add(0, [{"id": "openai", "provider": "openai_ledger", **fields}])
    invoke = cloud.functions.invoke

    def poll(**arguments: Any) -> Any:
        store(cloud, settle(stored(cloud), {TODAY: Decimal(cost)}, NOW))
        return invoke(**arguments)

    cloud.functions.invoke = poll


def anchored(amount: str = "40", days: int = 0) -> Ledger:
    at = NOW - timedelta(days=days)
    ledger = new_ledger("openai", "openai_ledger", "USD", Anchor(Decimal(amount), at, "ada"))
    return settle(ledger, {at.date(): Decimal(1)}, at)


def test_set_stores_the_anchor_polls_immediately_and_says_what_was_recorded(
    cloud: Any, run: Run
) -> None:
    watch(cloud)

    result = run("ledger", "set", "openai", "41.20")

    assert result.exit_code == 0, result.output
    assert "openai: 41.20 USD at" in result.stdout
    assert "3.07 USD of today's cost was reported already" in result.stderr
    assert [each["accounts"][0]["id"] for each in cloud.functions.events] == ["openai"]
    assert (stored(cloud).left, stored(cloud).anchor.at) == (Decimal("41.20"), NOW)


def test_set_again_prints_the_drift_and_keeps_it(cloud: Any, run: Run) -> None:
    watch(cloud, cost="0")
    store(cloud, anchored("40", days=2))

    result = run("ledger", "set", "openai", "-47")

    assert "drift -87.00 USD: the ledger said 40.00 USD" in result.stdout
    assert [drift.amount for drift in stored(cloud).drifts] == [Decimal(-87)]


def test_set_whose_poll_fails_exits_1_and_says_what_to_do(cloud: Any, run: Run) -> None:
    cloud.scheduler.add(0, [{"id": "openai", "provider": "openai_ledger"}])
    cloud.functions.rows["openai"] = {"outcome": "insufficient_scope", "reason": "not an admin key"}

    result = run("ledger", "set", "openai", "41.20")

    assert result.exit_code == 1
    assert "today's cost could not be recorded: not an admin key" in result.stderr


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"provider": "openrouter"}, "provider openrouter has a balance"),
        ({"provider": "openai_budget", "budget": 200}, "has a budget and no ledger"),
    ],
    ids=["balance", "budget"],
)
def test_set_of_an_account_without_a_ledger_is_refused(
    cloud: Any, run: Run, fields: dict[str, Any], words: str
) -> None:
    cloud.scheduler.add(0, [{"id": "openai", **fields}])

    result = run("ledger", "set", "openai", "41.20")

    assert result.exit_code == 2
    assert words in result.stderr
    assert cloud.functions.events == []


def test_top_up_counts_and_is_no_anchor(cloud: Any, run: Run) -> None:
    watch(cloud)
    store(cloud, anchored("40", days=2))

    result = run("ledger", "top-up", "openai", "100", "--note", "invoice  7")

    assert result.exit_code == 0, result.output
    assert "topped up by 100.00 USD, 140.00 USD left" in result.stdout
    ledger = stored(cloud)
    assert (ledger.left, ledger.topped_up, ledger.top_ups[0].note) == (140, 100, "invoice 7")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["100", "--at", "2026-11-01T00:00:00Z"], "has this top-up in it"),
        (["100", "--at", "2027-01-01T00:00:00Z"], "in the future"),
        (["100", "--at", "yesterday"], "not a time"),
        (["-5"], "more than 0"),
        (["much"], "not an amount"),
        (["7"], "declared already"),
    ],
)
def test_top_up_that_would_count_twice_or_not_at_all_is_refused(
    cloud: Any, run: Run, arguments: list[str], words: str
) -> None:
    watch(cloud)
    store(cloud, anchored("40", days=2).with_top_up(DeclaredTopUp(Decimal(7), NOW)))

    result = run("ledger", "top-up", "openai", *arguments)

    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert stored(cloud).left == 47


def test_top_up_without_an_anchor_says_how_to_set_one(cloud: Any, run: Run) -> None:
    watch(cloud)

    result = run("ledger", "top-up", "openai", "100")

    assert "balancectl ledger set openai AMOUNT" in " ".join(result.stderr.split())


def test_what_a_poll_writes_meanwhile_is_kept(cloud: Any, run: Run) -> None:
    watch(cloud)
    store(cloud, anchored("40", days=1))
    get, reads = cloud.dynamo.get_item, []

    def get_item(**arguments: Any) -> Any:
        found = get(**arguments)
        if arguments["Key"] == encode({"account": "openai", "at": LEDGER}) and not reads:
            reads.append(1)
            store(cloud, settle(stored(cloud), {TODAY: Decimal(4)}, NOW))
        return found

    cloud.dynamo.get_item = get_item

    assert run("ledger", "top-up", "openai", "100").exit_code == 0

    assert stored(cloud).left == Decimal(136)


def test_write_whose_response_was_lost_counts_once(
    cloud: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK repeats it, and the condition of the repetition fails."""
    watch(cloud, cost="0")
    store(cloud, anchored("40", days=2))
    put = cloud.dynamo.put_item

    def twice(**request: Any) -> Any:
        put(**request)
        return put(**request)

    monkeypatch.setattr(cloud.dynamo, "put_item", twice)

    assert run("ledger", "top-up", "openai", "100").exit_code == 0
    assert stored(cloud).left == 140
    assert run("ledger", "set", "openai", "138").exit_code == 0
    assert [drift.amount for drift in stored(cloud).drifts] == [Decimal(-2)]


def test_show_prints_a_statement_whose_lines_add_up(cloud: Any, run: Run) -> None:
    ledger = anchored("40", days=9).with_top_up(DeclaredTopUp(Decimal(7), NOW, note="auto"))
    costs = {TODAY - timedelta(days=n): Decimal(n + 1) for n in range(10)}
    store(cloud, settle(ledger, costs, NOW))

    result = run("ledger", "show", "openai")
    data = json.loads(run("ledger", "show", "openai", "--json").stdout)

    lines = [line.split() for line in result.stdout.splitlines()[1:]]
    amounts = [Decimal(line[-2]) for line in lines]
    assert sum(amounts[:-1]) == amounts[-1] == Decimal(data["left"]) == stored(cloud).left
    assert "cost reported up to" in result.stderr
    assert data["top_ups"][0]["note"] == "auto"
