"""The handler with real tables, topics and queues: what one subscriber receives."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alert_router.handler import RouteError
from alert_router.notify import states
from alert_router.settings import settings
from shared.aws import clients
from shared.aws.dynamo import encode
from shared.names import REPORTS
from shared.outcome import Outcome
from shared.records import Attempt, DayTotals, Latest, Meter, Thresholds, TopUp, Wallet
from shared.records.ledger import Anchor, Ledger
from shared.times import format_time
from tests.integration.router.conftest import Deployment
from tests.latest import make_latest


def record(now: datetime, **changes: Any) -> Latest:
    """Return the record of an account with 3.20 USD left."""
    values: dict[str, Any] = {
        "account": "openrouter-main",
        "provider": "openrouter",
        "provider_title": "OpenRouter",
        "polled_at": now,
        "outcome": Outcome.OK,
        "thresholds": Thresholds(warning=Decimal(20), critical=Decimal(5)),
        "balance": Decimal("3.20"),
        "balance_at": now,
        "unit": "USD",
    }
    return make_latest(**values | changes)


def notification(
    deployment: Deployment, kind: str, state: str, at: datetime, account: str = "openrouter-main"
) -> dict[str, Any]:
    """Return what CloudWatch publishes about an alarm of the stack."""
    name = f"{deployment.name}/{account}/{kind}"
    return {
        "AlarmName": name,
        "AlarmDescription": "A balance",
        "AWSAccountId": "000000000000",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": at.isoformat(timespec="milliseconds").replace("+00:00", "+0000"),
        "Region": "US East (N. Virginia)",
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}",
        "OldStateValue": "OK",
        "Trigger": {
            "MetricName": "Balance",
            "Namespace": "BalanceMonitor",
            "Dimensions": [
                {"name": "Account", "value": account},
                {"name": "Provider", "value": "openrouter"},
            ],
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 5.0,
        },
    }


def events(messages: list[dict[str, Any]]) -> list[str]:
    """Return what happened, in order."""
    return [entry["event"] for message in messages for entry in message["accounts"]]


def test_episode_when_it_opens_and_ends_then_the_subscriber_gets_both(
    deployment: Deployment, now: datetime
) -> None:
    deployment.record(record(now))
    opened = deployment.deliver(notification(deployment, "critical", "ALARM", now))
    deployment.deliver(notification(deployment, "critical", "ALARM", now))
    later = now + timedelta(minutes=30)
    top_up = TopUp(later, Decimal(50))
    deployment.record(record(later, balance=Decimal("53.20"), last_top_up=top_up))

    closed = deployment.deliver(notification(deployment, "critical", "OK", later))

    messages = deployment.received()
    assert events(messages) == ["opened", "recovered"]
    assert messages[0]["attributes"] == {
        "to": '["inbox", "*"]',
        "severity": "critical",
        "status": "firing",
        "provider": "openrouter",
        "account": "openrouter-main",
        "AWS.SNS.SMS.SMSType": "Transactional",
    }
    assert messages[1]["accounts"][0]["last_top_up"]["amount"] == "50"
    assert opened["batchItemFailures"] == closed["batchItemFailures"] == []
    assert [(m["form"], m["subject"]) for m in opened["published"]] == [
        (form, "CRITICAL OpenRouter openrouter-main: 3.20 USD left, below 5.00 USD")
        for form in ("events", "email")
    ]


def test_history_when_there_is_any_then_the_mail_draws_it(
    deployment: Deployment, now: datetime
) -> None:
    deployment.record(record(now, empty_at=now + timedelta(hours=9)))
    for hours in range(1, 20):
        at = now - timedelta(hours=hours)
        wallet = Wallet(Decimal(hours), "USD")
        attempt = Attempt("openrouter-main", at, "openrouter", Outcome.OK, balance=wallet)
        clients.dynamodb().put_item(
            TableName=deployment.balances, Item=encode(attempt.to_item(keep_days=90))
        )

    deployment.deliver(notification(deployment, "critical", "ALARM", now))

    (chat,) = deployment.chatted()
    assert "*Last 24 h:* " in chat["content"]["description"]
    assert "█" in chat["content"]["description"]


@pytest.mark.parametrize("attempt", range(4))
def test_both_alarms_when_two_invocations_run_side_by_side_then_one_critical_is_sent(
    deployment: Deployment, now: datetime, attempt: int
) -> None:
    del attempt
    deployment.record(record(now))
    bodies = [
        notification(deployment, kind, "ALARM", now)
        for kind in ("warning", "critical", "warning", "critical")
    ]

    with ThreadPoolExecutor(len(bodies)) as pool:
        results = list(pool.map(deployment.deliver, bodies))

    messages = deployment.received()
    assert events(messages) == ["opened"]
    assert messages[0]["severity"] == "critical"
    assert all(result["batchItemFailures"] == [] for result in results)


def test_warnings_when_they_wait_then_a_delayed_flush_sends_them_together(
    deployment: Deployment, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUP_WAIT_SECONDS", "1")
    monkeypatch.setenv("DIGEST_ABOVE", "2")
    settings.cache_clear()
    for name in ("one", "two", "three"):
        deployment.record(record(now, account=name, balance=Decimal(12)))
        deployment.deliver(notification(deployment, "warning", "ALARM", now, name))
    at_once = deployment.received()

    with ThreadPoolExecutor(1) as pool:
        requests = pool.submit(_await_request, deployment).result(timeout=20)
    deployment.deliver(*requests)

    messages = deployment.received()
    assert at_once == []
    assert requests == [{"kind": "flush", "group": "warning"}]
    assert [(m["kind"], m["count"]) for m in messages] == [("digest", 3)]
    assert json.loads(messages[0]["attributes"]["account"]) == ["one", "three", "two"]


def _await_request(deployment: Deployment) -> list[dict[str, Any]]:
    """Receive the router's request to itself once its delay is over."""
    found: list[dict[str, Any]] = []
    while not found:
        received = clients.sqs().receive_message(
            QueueUrl=deployment.queue_url, WaitTimeSeconds=5, MaxNumberOfMessages=10
        )
        found = [json.loads(message["Body"]) for message in received.get("Messages", ())]
    return found


def test_enrichment_when_the_table_is_gone_then_a_reduced_message_goes_out(
    deployment: Deployment, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    clients.dynamodb().delete_table(TableName=deployment.balances)

    deployment.deliver(notification(deployment, "critical", "ALARM", now))

    (message,) = deployment.received()
    assert message["headline"].startswith("CRITICAL openrouter-main: ")
    emf = [line for line in capsys.readouterr().out.splitlines() if "Faults" in line]
    assert json.loads(emf[0])["Faults"][0] >= 1


def test_silence_when_it_is_stored_then_the_account_is_not_announced(
    deployment: Deployment, now: datetime
) -> None:
    deployment.record(record(now))
    silence = {
        "scope": "silence",
        "id": "one",
        "pattern": "openrouter-*",
        "until": format_time(now + timedelta(hours=1)),
    }
    clients.dynamodb().put_item(TableName=deployment.alerts, Item=encode(silence))

    deployment.deliver(notification(deployment, "critical", "ALARM", now))
    deployment.invoke({"kind": "tick"})

    assert deployment.received() == []


def test_reconcile_when_cloudwatch_knows_more_then_what_was_missed_is_announced(
    deployment: Deployment, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # CloudWatch's answers may lag behind a transition for minutes; here they do not.
    monkeypatch.setattr(states, "LATE", timedelta(0))
    deployment.record(record(now - timedelta(minutes=5)))
    name = f"{deployment.name}/openrouter-main/critical"
    clients.cloudwatch().put_metric_alarm(
        AlarmName=name,
        Namespace="BalanceMonitor",
        MetricName="Balance",
        Statistic="Minimum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="ignore",
    )
    clients.cloudwatch().set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="low")
    deployment.invoke({"kind": "tick"})
    deployment.invoke({"kind": "tick"})
    clients.cloudwatch().delete_alarms(AlarmNames=[name])

    deployment.invoke({"kind": "tick"})
    deployment.invoke({"kind": "tick"})

    assert events(deployment.received()) == ["opened", "closed"]


def test_test_message_when_requested_twice_then_it_is_sent_once(
    deployment: Deployment, now: datetime
) -> None:
    request = {"kind": "test", "account": "openrouter-main", "at": format_time(now)}

    first = deployment.deliver(request)
    second = deployment.deliver(request)

    (message,) = deployment.received()
    assert message["attributes"]["status"] == "test"
    assert message["headline"].startswith("TEST CRITICAL")
    assert [m["form"] for m in first["published"]] == ["events", "email"]
    assert second["published"] == []


def test_alarm_when_it_invokes_the_function_itself_then_it_is_routed(
    deployment: Deployment, now: datetime
) -> None:
    deployment.record(record(now))

    deployment.invoke(notification(deployment, "critical", "ALARM", now))

    assert events(deployment.received()) == ["opened"]


def test_event_when_it_cannot_be_read_then_the_invocation_fails(deployment: Deployment) -> None:
    with pytest.raises(RouteError):
        deployment.invoke({"nothing": "known"})


def test_batch_when_a_record_is_poison_then_it_alone_fails(
    deployment: Deployment, now: datetime
) -> None:
    deployment.record(record(now))

    result = deployment.deliver({"x": 1}, notification(deployment, "critical", "ALARM", now))

    assert result["batchItemFailures"] == [{"itemIdentifier": "m0"}]
    assert events(deployment.received()) == ["opened"]


def test_topic_when_it_is_gone_then_the_record_comes_back_and_is_sent_later(
    deployment: Deployment, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.record(record(now))
    monkeypatch.setenv("EVENTS_TOPIC_ARN", f"{deployment.topic}-gone")
    settings.cache_clear()
    body = notification(deployment, "critical", "ALARM", now)

    failed = deployment.deliver(body)
    monkeypatch.setenv("EVENTS_TOPIC_ARN", deployment.topic)
    settings.cache_clear()
    again = deployment.deliver(body)

    assert failed["batchItemFailures"] == [{"itemIdentifier": "m0"}]
    assert again["batchItemFailures"] == []
    assert events(deployment.received()) == ["opened"]


def test_report_when_requested_twice_then_it_is_sent_once_from_days_records_and_ledgers(
    deployment: Deployment, now: datetime
) -> None:
    due = now.replace(hour=8, minute=0)
    items: list[dict[str, Any]] = [
        DayTotals(
            (due - timedelta(days=back)).date(), Decimal(2), unit="USD", known_seconds=86_400
        ).to_day_item("openrouter-main", "openrouter")
        for back in range(1, 20)
    ]
    anchor = Anchor(Decimal(90), due - timedelta(days=42))
    items.append(Ledger("openai", "openai_ledger", "USD", anchor).to_item())
    for item in items:
        clients.dynamodb().put_item(TableName=deployment.balances, Item=encode(item))
    deployment.record(record(now))
    meter = Meter(Decimal(10))
    ledger = {"provider": "openai_ledger", "provider_title": "OpenAI", "meter": meter}
    deployment.record(record(now, account="openai", **ledger))
    accounts = {"openrouter-main": "openrouter", "openai": "openai_ledger"}
    configuration = {"names": '["inbox"]', "accounts": json.dumps(accounts)}
    clients.dynamodb().put_item(
        TableName=deployment.alerts,
        Item=encode({"scope": REPORTS, "id": "shard-0", **configuration}),
    )

    for _ in range(2):
        deployment.invoke({"kind": "report", "due": format_time(due)})

    (message,) = deployment.received()
    assert message["attributes"]["to"] == "inbox"
    (total,) = message["report"]["totals"]
    assert (total["spent"], total["week_before"]) == ("14", "14")
    (old,) = message["report"]["old_anchors"]
    assert old == {"account": "openai", "set_at": format_time(anchor.at)}
