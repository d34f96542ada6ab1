"""A key used in every kind of failure appears nowhere afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from balancectl.localcloud.demo import story
from balancectl.localcloud.demo.demo import files_with

if TYPE_CHECKING:
    from balancectl.localcloud.cloud import LocalCloud
    from tests.e2e.hostile_server import HostileServer


def everything_in_aws(cloud: LocalCloud) -> str:
    """Return the content of tables, logs, queues, alarms and functions, as one text."""
    client = cloud.emulator.client
    names = cloud.deployment.names
    found: list[Any] = []
    for table in (names.balances_table, names.alerts_table):
        pages = client("dynamodb").get_paginator("scan").paginate(TableName=table)
        found += [item for page in pages for item in page["Items"]]
    found += all_logs(cloud)
    sqs = client("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        found += answer.get("Messages", [])
    found += client("cloudwatch").describe_alarms()["MetricAlarms"]
    found += client("lambda").list_functions()["Functions"]
    found += cloud.deployment.poll_events(cloud.now)
    return json.dumps(found, default=str)


def all_logs(cloud: LocalCloud) -> list[str]:
    """Return every line of every log."""
    logs = cloud.emulator.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    return [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]


def test_key_used_in_every_failure_appears_nowhere(
    cloud: LocalCloud,
    hostile: HostileServer,
    canaries: dict[str, str],
    plan_after_apply: dict[str, Any],
) -> None:
    hostile.is_hostile = True
    cloud.next_poll()
    outcomes = {name: cloud.latest()[name].outcome for name in canaries}
    hostile.is_hostile = False
    cloud.next_poll()

    text = everything_in_aws(cloud) + json.dumps(plan_after_apply)

    keys = [*canaries.values(), *cloud.providers.keys().values()]
    assert hostile.requested == set(hostile.FAULTS)
    assert "ok" not in set(outcomes.values())
    assert [key for key in keys if key in text] == []
    assert files_with(cloud.emulator.folder, keys) == []


def test_keys_are_in_the_secret(cloud: LocalCloud, canaries: dict[str, str]) -> None:
    """Control: the search above can find a key."""
    value = cloud.emulator.client("secretsmanager").get_secret_value(
        SecretId=cloud.deployment.names.secret
    )["SecretString"]

    assert all(key in value for key in canaries.values())


def test_no_log_holds_a_subscriber_s_address_or_number(cloud: LocalCloud) -> None:
    """By now the story has been sent to all of them, including its failures."""
    addresses = [story.TEAM, story.ON_CALL, story.CRAWLERS, story.OPERATIONS]
    cloud.next_poll()

    logs = "\n".join(all_logs(cloud))

    assert "alert_router" in logs
    assert [address for address in addresses if address in logs] == []
