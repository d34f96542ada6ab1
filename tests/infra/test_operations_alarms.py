"""The alarms on the monitor itself."""

from __future__ import annotations

import pytest

from tests.infra.stacks import Stack

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]


def test_these_are_all(stacks: dict[str, Stack]) -> None:
    assert list(stacks["minimal"].operations_alarms) == [
        "failed-alarms", "failed-notifications", "failed-operations", "intake-dead-letters",
        "intake-delayed", "invalid-scheduled-time", "misaddressed-notifications", "poller-errors",
        "poller-failures", "poller-not-running", "poller-throttles", "publish-failures",
        "reduced-messages", "router-errors", "router-failures", "router-not-running",
        "router-throttles", "schedule-dead-letters", "unaddressed-notifications", "undelivered",
        "write-failures",
    ]  # fmt: skip
    complete = stacks["complete"].operations_alarms
    for topic in ("sms", "events"):
        for what in ("failed", "misaddressed", "unaddressed"):
            assert f"{what}-{topic}" in complete
    assert "failed-chat" in stacks["granted"].operations_alarms


def test_each_says_what_missing_data_means_and_where_its_runbook_is(
    stacks: dict[str, Stack],
) -> None:
    for name, alarm in stacks["complete"].operations_alarms.items():
        assert alarm["treat_missing_data"] in ("ignore", "breaching", "notBreaching")
        assert alarm["alarm_description"].endswith(
            f" Runbook: https://wiki.example.com/balance-monitor/runbook#{name}"
        )
        assert len(alarm["alarm_description"]) <= 1024


def test_each_has_the_runbooks_advice_where_no_runbook_is_published(
    stacks: dict[str, Stack],
) -> None:
    for name, alarm in stacks["minimal"].operations_alarms.items():
        sentences = alarm["alarm_description"].split(". ")
        assert len(sentences) > 1, name
        assert "Runbook" not in alarm["alarm_description"]


def test_none_sends_an_ok_for_what_merely_did_not_happen(stack: Stack) -> None:
    """A new alarm's first evaluation is an OK, and each would send it after a deployment."""
    for alarm in stack.operations_alarms.values():
        sends_ok = "ok_actions" not in alarm  # an ARN that the plan does not know yet
        assert sends_ok == (alarm["treat_missing_data"] == "breaching")


def test_a_poller_that_stands_still_has_no_data(stack: Stack) -> None:
    alarm = stack.operations_alarms["poller-not-running"]

    assert (alarm["treat_missing_data"], alarm["period"]) == ("breaching", 300)


def test_a_series_of_the_functions_is_found_by_its_dimension(stack: Stack) -> None:
    alarm = stack.operations_alarms["write-failures"]

    assert alarm["namespace"] == "BalanceMonitor/Runs"
    assert alarm["dimensions"] == {"service": "balance_poller"}


def test_subscriptions_to_operations_have_no_filter(stacks: dict[str, Stack]) -> None:
    """What an e-mail subscriber gets of an alarm is text, which passes no filter on a body."""
    found = stacks["complete"].every("aws_sns_topic_subscription.operations")

    assert len(found) == 2
    assert {one["filter_policy"] for one in found.values()} == {None}
