"""Foreign alarms, duplicates and late deliveries at the router."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from balancectl.localcloud.demo import story

if TYPE_CHECKING:
    from balancectl.localcloud.cloud import LocalCloud
    from balancectl.localcloud.inbox import Message
    from tests.e2e.conftest import StoryResult


def topic_arn(cloud: LocalCloud) -> str:
    return f"arn:aws:sns:eu-central-1:123456789012:{cloud.deployment.names.alarms_topic}"


def settled(cloud: LocalCloud) -> list[Message]:
    """Return the messages sent until the cloud is idle, grouped ones included."""
    cloud.emulator.settle(with_delayed=False)
    cloud.emulator.clock.advance(cloud.group_wait)
    cloud.emulator.settle()
    return cloud.inbox.read_new()


def to_team(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message.endpoint == story.TEAM]


def test_foreign_alarm_is_forwarded_readably(cloud: LocalCloud) -> None:
    cloudwatch = cloud.emulator.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="checkout-queue-too-old",
        AlarmDescription="Orders wait for more than a minute.",
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": "checkout"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=60,
        AlarmActions=[topic_arn(cloud)],
        OKActions=[topic_arn(cloud)],
    )

    cloudwatch.set_alarm_state(
        AlarmName="checkout-queue-too-old", StateValue="ALARM", StateReason="It is 75 s old."
    )
    fired = settled(cloud)
    cloudwatch.set_alarm_state(
        AlarmName="checkout-queue-too-old", StateValue="OK", StateReason="It is 5 s old."
    )
    cleared = settled(cloud)
    cloudwatch.set_alarm_state(
        AlarmName="checkout-queue-too-old", StateValue="ALARM", StateReason="It is 90 s old."
    )
    settled(cloud)
    cloud.emulator.clock.advance(timedelta(minutes=1))
    cloudwatch.delete_alarms(AlarmNames=["checkout-queue-too-old"])
    # Only EventBridge reports it: no schedule runs meanwhile.
    closed = settled(cloud)

    (message,) = to_team(fired)
    assert "checkout-queue-too-old" in message.subject
    assert "ApproximateAgeOfOldestMessage" in message.body
    assert "It is 75 s old." in message.body
    assert message.attribute("severity") == "warning"
    assert [message.attribute("status") for message in to_team(cleared)] == ["resolved"]
    (end,) = to_team(closed)
    assert end.subject.startswith("CLOSED checkout-queue-too-old")


def test_duplicate_deliveries_of_one_transition_give_one_message(cloud: LocalCloud) -> None:
    document = alarm_document(cloud, "ALARM")
    queue = cloud.emulator.client("sqs").get_queue_url(
        QueueName=cloud.deployment.names.intake_queue
    )["QueueUrl"]
    cloud.providers.set_balance("pipeline-fine", Decimal(12))
    cloud.next_poll()

    sns, sqs = cloud.emulator.client("sns"), cloud.emulator.client("sqs")
    for _ in range(2):
        sns.publish(TopicArn=topic_arn(cloud), Message=document)
        sqs.send_message(QueueUrl=queue, MessageBody=document)
    repeated = settled(cloud)

    assert repeated == []
    recover(cloud, "pipeline-fine")


def test_transition_that_arrives_after_a_newer_one_changes_nothing(cloud: LocalCloud) -> None:
    late = alarm_document(cloud, "ALARM")
    cloud.next_poll()
    cloud.emulator.client("sns").publish(
        TopicArn=topic_arn(cloud), Message=alarm_document(cloud, "OK")
    )
    settled(cloud)

    cloud.emulator.client("sns").publish(TopicArn=topic_arn(cloud), Message=late)

    assert settled(cloud) == []


def test_messages_of_the_story_were_published_once_each(story_result: StoryResult) -> None:
    messages = [message for _, step in story_result.beats for message in step.messages]

    deliveries = [(message.message_id, message.endpoint) for message in messages]

    assert len(deliveries) == len(set(deliveries))


def alarm_document(cloud: LocalCloud, state: str) -> str:
    """Return CloudWatch's notification for the account ``pipeline-fine``, as of now."""
    at = f"{cloud.now:%Y-%m-%dT%H:%M:%S}.000+0000"
    document: dict[str, Any] = {
        "AlarmName": "balance-monitor/pipeline-fine/warning",
        "AlarmDescription": None,
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": at,
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": at,
        "Region": "EU (Frankfurt)",
        "AlarmArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"
        "balance-monitor/pipeline-fine/warning",
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Balance",
            "Namespace": "BalanceMonitor",
            "StatisticType": "Statistic",
            "Statistic": "MINIMUM",
            "Unit": None,
            "Dimensions": [
                {"value": "pipeline-fine", "name": "Account"},
                {"value": "openrouter", "name": "Provider"},
            ],
            "Period": 300,
            "EvaluationPeriods": 2,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 20.0,
            "TreatMissingData": "ignore",
            "EvaluateLowSampleCountPercentile": "",
        },
    }
    return json.dumps(document)


def recover(cloud: LocalCloud, account: str) -> None:
    """Restore the account's balance, and let its alarms clear."""
    cloud.providers.set_balance(account, Decimal(90))
    cloud.next_poll()
    cloud.next_poll()
