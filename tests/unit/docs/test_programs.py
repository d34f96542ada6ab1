"""docs/programs.md: its programs run unchanged, and its contract matches what is stored."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared.outcome import Outcome
from shared.records import Latest
from tests.latest import changed, make_latest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "programs.md").read_text("utf-8")
NOW = datetime.now(UTC)


def block(name: str) -> str:
    """Return the code below a marker of the page."""
    (code,) = re.findall(rf"<!-- {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    return str(code)


def load(name: str, monkeypatch: pytest.MonkeyPatch, **boto3: Any) -> dict[str, Any]:
    """Run a program of the page, with a boto3 that knows only these."""
    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(**boto3))
    names: dict[str, Any] = {}
    exec(compile(block(name), name, "exec"), names)  # noqa: S102 -- the page's own code
    return names


def record(account: str, hours: int, **changes: Any) -> Latest:
    base = make_latest(
        account=account,
        provider="openrouter",
        provider_title="OpenRouter",
        polled_at=NOW,
        outcome=Outcome.OK,
        balance=Decimal(50),
        balance_at=NOW,
        unit="USD",
        at_least_hours=Decimal(hours),
    )
    return changed(base, **changes)


class Table:
    """Table `balances`."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 -- AWS's names
        ((table, request),) = RequestItems.items()
        assert {key["at"] for key in request["Keys"]} == {"LATEST"}
        return {"Responses": {table: self.items}}


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ({}, "long"),
        ({"outcome": Outcome.INVALID_KEY}, "short"),
        ({"balance_at": NOW - timedelta(hours=2)}, "short"),
        ({"balance": Decimal(0)}, "short"),
        ({"balance": Decimal(-3)}, "short"),
    ],
)
def test_the_account_that_lasts_longest_is_chosen_if_its_balance_is_known_now(
    monkeypatch: pytest.MonkeyPatch, others: dict[str, Any], chosen: str
) -> None:
    items = [record("short", 5).to_item(), changed(record("long", 50), **others).to_item()]
    table = Table(items)

    choose = load("program", monkeypatch, resource=lambda _: table)["choose"]

    assert choose("short", "long") == chosen


def test_no_account_is_chosen_when_none_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = load("program", monkeypatch, resource=lambda _: Table([]))["choose"]

    assert choose("main") is None


def test_every_attribute_of_the_contract_is_stored_under_its_name() -> None:
    table = PAGE.partition("<!-- contract -->")[2].partition("\n## ")[0]
    promised = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    whole = record(
        "main",
        5,
        reason="no",
        failing_since=NOW,
        burn_per_day=Decimal(1),
        runway_hours=Decimal(9),
        empty_at=NOW,
        credit_expires_at=NOW,
        resets_at=NOW,
        top_up_url="https://openrouter.example",
    ).to_item()

    assert len(promised) > 15
    assert promised <= whole.keys()


class Parameters:
    """Parameter Store."""

    class exceptions:  # noqa: N801 -- boto3's name
        ParameterNotFound = KeyError

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get_parameter(self, Name: str) -> Any:  # noqa: N803 -- AWS's names
        return {"Parameter": {"Value": self.values[Name]}}

    def put_parameter(self, Name: str, Value: str, **_: Any) -> None:  # noqa: N803
        self.values[Name] = Value


def message(name: str, since: str = "", sent_at: str = "") -> dict[str, Any]:
    """Return the event of a message, as the router writes it."""
    golden = ROOT / "tests" / "golden" / "machines" / f"{name}.json"
    document = json.loads(golden.read_text("utf-8"))["document"]
    document["sent_at"] = sent_at or document["sent_at"]
    for account in document["accounts"]:
        account["since"] = since or account.get("since")
    return {"Records": [{"Sns": {"Message": json.dumps(document)}}]}


def test_the_switch_is_off_while_the_account_is_critical(monkeypatch: pytest.MonkeyPatch) -> None:
    ssm = Parameters()
    handler = load("switch", monkeypatch, client=lambda _: ssm)["handler"]
    first, second = "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"
    switch = "/kill-switch/openrouter-main"

    handler(message("critical", first), None)
    assert ssm.values[switch] == f"off since {first}"
    handler(message("reminder", first), None)
    assert ssm.values[switch].startswith("off")
    handler(message("critical", second), None)
    handler(message("recovered-topped-up", first, sent_at="2026-11-23T11:00:00Z"), None)
    assert ssm.values[switch] == f"off since {second}"
    handler(message("recovered-topped-up", second, sent_at="2026-11-23T13:00:00Z"), None)
    assert ssm.values[switch] == "on"
    handler(message("test"), None)
    handler(message("digest"), None)
    assert ssm.values[switch] == "on"
