"""An operator's commands against the deployed stack."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from balancectl.localcloud.demo import story
from balancectl.localcloud.errors import DeploymentError
from tests.e2e.page import look, widget_of

if TYPE_CHECKING:
    from balancectl.localcloud.cloud import LocalCloud


def test_test_alert_reaches_every_subscriber_whose_filter_admits_it(cloud: LocalCloud) -> None:
    cloud.deployment.balancectl("test-alert", "openrouter-eval")

    received = {message.endpoint: message for message in cloud.inbox.read_new()}

    assert {story.TEAM, story.ON_CALL} <= set(received)
    assert "TEST" in received[story.TEAM].subject
    assert "TEST" in received[story.ON_CALL].body


def test_status_lists_every_account_with_its_balance(cloud: LocalCloud) -> None:
    printed = cloud.deployment.balancectl("status", "--json", exits=(0, 1))

    accounts = {row["account"]: row for row in json.loads(printed)["accounts"]}
    assert set(accounts) == set(cloud.latest())
    assert float(accounts["openrouter-eval"]["balance"]) == 18.0


@pytest.mark.parametrize(("need", "code"), [("5", 0), ("5000", 1)], ids=["enough", "not enough"])
def test_preflight_reports_whether_the_balance_is_enough(
    cloud: LocalCloud, need: str, code: int
) -> None:
    """The deployed poller polls now, by the wall clock, as for every manual poll."""
    cloud.deployment.balancectl(
        "preflight", "openrouter-eval", "--need", need, "--max-age", "10000h", exits=(code,)
    )


def test_keys_list_names_accounts_and_no_keys(cloud: LocalCloud) -> None:
    printed = cloud.deployment.balancectl("keys", "list")

    assert "openrouter-main" in printed
    assert [key for key in cloud.providers.keys().values() if key in printed] == []


def test_subscribers_are_listed_with_their_filters(cloud: LocalCloud) -> None:
    printed = cloud.deployment.balancectl("subscribers", "--json", exits=(0, 1))

    assert story.ON_CALL in printed
    assert story.CRAWLERS in printed


def test_unknown_account_is_refused_with_its_name(cloud: LocalCloud) -> None:
    with pytest.raises(DeploymentError, match="openrouter-mian"):
        cloud.deployment.balancectl("preflight", "openrouter-mian", "--need", "1")


def test_plan_after_apply_has_nothing_to_change(plan_after_apply: dict[str, Any]) -> None:
    changed = {
        change["address"]: change["change"]["actions"]
        for change in plan_after_apply["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }

    assert changed == {}


def test_read_only_policy_is_enough_for_status_and_report(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    iam = cloud.emulator.client("iam")
    iam.create_user(UserName="ci")
    iam.put_user_policy(
        UserName="ci",
        PolicyName="read-only",
        PolicyDocument=cloud.deployment.output()["read_only_policy_json"],
    )
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    as_ci = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }

    printed = cloud.deployment.balancectl("status", "--json", exits=(0, 1), environment=as_ci)
    page = tmp_path / "page.html"
    cloud.deployment.balancectl("report", "-o", str(page), environment=as_ci)
    with pytest.raises(DeploymentError, match=r"(?i)not authorized|denied|may not|not allowed"):
        cloud.deployment.balancectl("keys", "list", environment=as_ci)

    assert "openrouter-main" in printed
    html = page.read_text("utf-8")
    for account in cloud.latest():
        assert f"<b>{account}</b>" in html
    # The story's balances, top-up and alarms, as CloudWatch kept them.
    assert 'class="line"' in html
    assert 'class="span critical"' in html
    assert [key for key in cloud.providers.keys().values() if key in html] == []


def test_alarms_on_the_monitor_itself_find_the_series_that_they_watch(cloud: LocalCloud) -> None:
    """A name or dimension that differs between Terraform and the functions would never alarm."""
    cloudwatch, names = cloud.emulator.client("cloudwatch"), cloud.deployment.names
    event = cloud.deployment.poll_events(cloud.now)[0]
    account = next(one for one in event["accounts"] if one["id"] == "openrouter-main")
    faulty = event | {"scheduled_at": "no time", "accounts": [account]}
    cloud.emulator.client("lambda").invoke(
        FunctionName=names.poller_function, Payload=json.dumps(faulty).encode()
    )
    published = {
        (metric["Namespace"], metric["MetricName"], _dimensions(metric))
        for page in cloudwatch.get_paginator("list_metrics").paginate()
        for metric in page["Metrics"]
    }
    # What the emulator does not count at all, and the router's faults, of which it had none.
    known = {(namespace, name) for namespace, name, _ in published}
    watched = {
        alarm["AlarmName"]: (alarm["Namespace"], alarm["MetricName"], _dimensions(alarm))
        for page in cloudwatch.get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
        if (alarm["Namespace"], alarm["MetricName"]) in known
        and not alarm["AlarmName"].endswith("/router-faults")
    }

    blind = [name for name, series in watched.items() if series not in published]

    assert len(watched) > 10
    assert "balance-monitor-operations/poller-faults" in watched
    assert blind == []


def test_alarm_on_the_monitor_itself_reaches_its_subscribers_by_email(cloud: LocalCloud) -> None:
    """As the text that CloudWatch sends, past topic policy and filters, and not by the router."""
    cloudwatch, alarm = (
        cloud.emulator.client("cloudwatch"),
        "balance-monitor-operations/poller-errors",
    )

    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="First evaluation.")
    at_first = cloud.inbox.read_new()
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="It failed.")
    cloud.emulator.settle()
    messages = cloud.inbox.read_new()
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="No more.")

    assert at_first == []
    assert [message.endpoint for message in messages] == [story.OPERATIONS]
    assert alarm in messages[0].subject
    assert "It failed." in messages[0].body
    assert "see the function's log" in messages[0].body.lower()


def _dimensions(described: dict[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((item["Name"], item["Value"]) for item in described["Dimensions"])


def test_the_widget_shows_every_account_to_whoever_has_the_policy(cloud: LocalCloud) -> None:
    iam = cloud.emulator.client("iam")
    iam.create_user(UserName="viewer")
    iam.put_user_policy(
        UserName="viewer",
        PolicyName="viewer",
        PolicyDocument=cloud.deployment.output()["status_page_policy_json"],
    )
    key = iam.create_access_key(UserName="viewer")["AccessKey"]
    viewer = cloud.emulator.client(
        "lambda", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]
    )

    html = look(cloud, 14, viewer)

    names = set(re.findall(r'<th scope="row"><b>([^<]*)</b>', html))
    assert names == set(widget_of(cloud)["params"]["accounts"]) == set(cloud.latest())
    assert 'class="line" d="M' in html
