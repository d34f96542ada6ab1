"""The alarms on the monitor itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

import cost
from alert_router import handler as router_handler
from balance_poller import settings as poller_settings
from shared.names import RunMetric, run_namespace
from tests.infra.stacks import Stack

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]


def test_these_are_all(stacks: dict[str, Stack]) -> None:
    """With their metrics, they are the fixed part of the bill: docs/cost.md counts them."""
    assert set(stacks["minimal"].operations_alarms) == {
        "poller-errors", "poller-throttles", "poller-faults", "poller-not-running",
        "poller-events-dropped", "poller-failures-lost",
        "router-errors", "router-throttles", "router-faults", "router-not-running",
        "router-events-dropped", "router-failures-lost",
        "intake-delayed", "intake-dead-letters", "failures",
        "failed-alarms", "failed-notifications", "failed-operations",
        "lost-alarms", "lost-notifications", "lost-operations",
        "unaddressed-notifications", "misaddressed-notifications",
    }  # fmt: skip
    assert len(stacks["minimal"].operations_alarms) == cost.OPERATIONS_ALARMS
    more = set(stacks["granted"].operations_alarms) - set(stacks["minimal"].operations_alarms)
    # A channel costs no alarm of its own: its dead letters are among the failures.
    channels = {f"{w}-events" for w in ("failed", "lost", "unaddressed", "misaddressed")}
    assert more == {"failed-chat", "lost-chat", *channels}
    complete = set(stacks["complete"].operations_alarms)
    for form in ("sms", "events"):
        assert {name for name in complete if name.endswith(f"-{form}")} == {
            f"{what}-{form}" for what in ("failed", "lost", "unaddressed", "misaddressed")
        }


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


def test_none_sends_an_ok(stack: Stack) -> None:
    """A new alarm first evaluates to OK, so each would send one after a deployment."""
    assert {alarm["ok_actions"] for alarm in stack.operations_alarms.values()} == {None}


def test_each_function_is_invoked_before_an_alarm_on_it_exists(
    planned: tuple[dict[str, Stack], dict[str, Any]],
) -> None:
    module = planned[1]["configuration"]["root_module"]["module_calls"]["case"]["module"]
    (alarms,) = [one for one in module["resources"] if one["address"].endswith(".operations")
                 and one["type"] == "aws_cloudwatch_metric_alarm"]  # fmt: skip

    events = {
        at.split('"')[1]: json.loads(one["input"])
        for at, one in planned[0]["minimal"].every("aws_lambda_invocation").items()
    }
    assert "aws_lambda_invocation.first" in alarms["depends_on"]
    assert events == {"poller": {"accounts": [], "providers": {}}, "router": {"Records": []}}


def test_a_poller_that_stands_still_has_no_data(stack: Stack) -> None:
    alarm = stack.operations_alarms["poller-not-running"]

    assert (alarm["treat_missing_data"], alarm["period"]) == ("breaching", 300)


def test_one_throttled_reconcile_is_no_alarm(stacks: dict[str, Stack]) -> None:
    """While Terraform reads thousands of alarms, CloudWatch may refuse a reconcile.

    DescribeAlarms: 9 requests per second and Region (CloudWatch quotas, read 2026-11).
    """
    for scenario, minutes in (("minimal", 5), ("paused", 30)):
        alarms = stacks[scenario].operations_alarms
        router, poller = alarms["router-errors"], alarms["poller-errors"]
        reconcile = stacks[scenario]["aws_scheduler_schedule.reconcile"]

        assert reconcile["schedule_expression"] == f"rate({minutes} minutes)"
        assert router["period"] == minutes * 60
        assert (router["datapoints_to_alarm"], router["evaluation_periods"]) == (2, 3)
        assert (poller["datapoints_to_alarm"], poller["evaluation_periods"]) == (1, 1)


def test_a_series_of_the_functions_is_found_by_its_dimension(stack: Stack) -> None:
    for of, service in (("poller", poller_settings.SERVICE), ("router", router_handler.SERVICE)):
        alarm = stack.operations_alarms[f"{of}-faults"]
        assert alarm["namespace"] == run_namespace("BalanceMonitor")
        assert alarm["metric_name"] == RunMetric.FAULTS
        assert alarm["dimensions"] == {"service": service}


def test_subscriptions_to_operations_have_no_filter(stacks: dict[str, Stack]) -> None:
    """An e-mail subscriber receives an alarm as text, which passes no filter on a body."""
    found = stacks["complete"].every("aws_sns_topic_subscription.operations")

    assert len(found) == 2
    assert {one["filter_policy"] for one in found.values()} == {None}
