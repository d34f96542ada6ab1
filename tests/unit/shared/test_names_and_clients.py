"""Names that cross boundaries, descriptions of outcomes, and clients created on first use."""

from __future__ import annotations

import pytest

from shared.aws import clients
from shared.names import ACCOUNT_PATTERN, AlarmKind, AlarmName, StackNames, run_namespace
from shared.outcome import Outcome


@pytest.mark.parametrize("kind", list(AlarmKind))
def test_an_alarm_name_when_formatted_and_parsed_then_is_the_same(kind: AlarmKind) -> None:
    name = AlarmName("openrouter-main", kind)

    assert AlarmName.parse(name.format("stack"), "stack") == name


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "stack",
        "stack/one",
        "other/one/stale",
        "stack/one/odd",
        "stack/one/stale/more",
        "stack//stale",
        "stack-operations/poller-errors",
    ],
)
def test_an_alarm_name_when_not_of_an_account_then_is_foreign(foreign: str) -> None:
    assert AlarmName.parse(foreign, "stack") is None


@pytest.mark.parametrize(("account", "is_valid"), [
    ("a", True), ("openrouter-main", True), ("A.b_c-9", True), ("a" * 64, True),
    ("a" * 65, False), ("", False), ("-a", False), ("a b", False), ("a/b", False), ("a#b", False),
])  # fmt: skip
def test_an_account_when_named_then_fits_alarms_and_keys(account: str, is_valid: bool) -> None:
    assert bool(ACCOUNT_PATTERN.fullmatch(account)) == is_valid


def test_resources_when_named_then_all_begin_with_the_stack() -> None:
    names = StackNames("mine")

    assert names.secret == "mine/api-keys"
    for attribute in ("poller_function", "router_function", "balances_table", "alarms_topic"):
        assert getattr(names, attribute).startswith("mine-")
    assert run_namespace("Mine") == "Mine/Runs"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_when_shown_then_has_a_description(outcome: Outcome) -> None:
    assert outcome.words
    assert outcome.is_retryable == (outcome.value in {"rate_limited", "transient"})


def test_clients_when_requested_twice_then_are_made_once_until_forgotten() -> None:
    clients.forget_clients()
    first = clients.dynamodb()

    assert clients.dynamodb() is first
    clients.forget_clients()
    assert clients.dynamodb() is not first
    clients.forget_clients()
