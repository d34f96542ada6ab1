"""An account that tops up automatically: recorded, with since when a top-up is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from balance_poller.event import parse_event
from balance_poller.polling.poll import poll
from shared.records import Latest
from tests.unit.poller.fakes import AT, DEFINITION, World, answer, entry

TOPS_UP = {"plain": DEFINITION | {"auto_top_up": "auto == `true`"}}


def run(made: World, at: datetime, **fields: Any) -> Latest:
    event = {
        "scheduled_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "accounts": [entry("one", warning=20, critical=5) | fields],
        "providers": TOPS_UP,
    }
    poll(parse_event(event, at), made.adapters, 1e9)
    return made.latest.items["one"]


def test_an_account_when_it_stays_below_its_lowest_threshold_then_the_top_up_is_due_since() -> None:
    balances = iter([12, 4, 3, 60, 4])
    made = World(lambda _request: answer({"balance": next(balances), "bonus": 1, "auto": True}))

    found = [run(made, AT + timedelta(hours=hour)) for hour in range(5)]

    assert [latest.good.tops_up_itself for latest in found] == [True] * 5
    since = AT + timedelta(hours=1)
    assert [latest.good.top_up_due_since for latest in found] == [
        None,
        since,
        since,
        None,
        AT + timedelta(hours=4),
    ]


@pytest.mark.parametrize("auto", [False, None, "true", 1])
def test_an_account_when_the_answer_does_not_say_so_then_nothing_is_due(auto: object) -> None:
    made = World(lambda _request: answer({"balance": 1, "bonus": 1, "auto": auto}))

    good = run(made, AT).good

    assert (good.tops_up_itself, good.top_up_due_since) == (False, None)


def test_what_is_due_when_it_is_stored_then_comes_back() -> None:
    made = World(lambda _request: answer({"balance": 1, "bonus": 1, "auto": True}))

    latest = run(made, AT)

    assert Latest.from_item(latest.to_item()) == latest
