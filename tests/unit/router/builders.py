"""Accounts, alarms and documents for the router's tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from alert_router.events.alarm import AlarmChange, AlarmMetric, AlarmState, Datapoint
from alert_router.messages.wording.links import Links
from shared.outcome import Outcome
from shared.records import Latest, Thresholds
from tests.latest import make_latest

NAME = "balance-monitor"
NOW = datetime(2026, 11, 23, 14, 6, tzinfo=UTC)
AWS_ACCOUNT = "123456789012"
REGION = "eu-west-1"
EVENTS = Path(__file__).parents[2] / "fixtures" / "events"

LINKS = Links(
    stack_name=NAME,
    region=REGION,
    aws_account=AWS_ACCOUNT,
    dashboard_url="https://eu-west-1.console.aws.amazon.com/cloudwatch/home#dashboards/dashboard/bm",
    runbook_url="https://example.com/runbook.md",
)


def minutes(count: float) -> timedelta:
    """Return a length of time."""
    return timedelta(minutes=count)


def published(name: str) -> dict[str, Any]:
    """Return a document that AWS publishes."""
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())["document"]
    return document


def latest(account: str = "openrouter-main", **changes: Any) -> Latest:
    """Return an account's record after an ok poll at 14:05."""
    values: dict[str, Any] = {
        "account": account,
        "provider": "openrouter",
        "provider_title": "OpenRouter",
        "polled_at": NOW - minutes(1),
        "outcome": Outcome.OK,
        "top_up_url": "https://openrouter.ai/settings/credits",
        "thresholds": Thresholds(warning=Decimal(20), critical=Decimal(5)),
        "balance": Decimal("12.30"),
        "balance_at": NOW - minutes(1),
        "unit": "USD",
    }
    return make_latest(**values | changes)


def failing(account: str = "firecrawl-main", **changes: Any) -> Latest:
    """Return the record of an account whose polls fail since 13:20."""
    values: dict[str, Any] = {
        "provider": "firecrawl",
        "provider_title": "Firecrawl",
        "top_up_url": "https://www.firecrawl.dev/app/billing",
        "outcome": Outcome.TRANSIENT,
        "reason": "the provider cannot be reached: timed out",
        "failing_since": NOW - minutes(41),
        "thresholds": Thresholds(warning=Decimal(5000), critical=Decimal(500)),
        "balance": Decimal(73250),
        "balance_at": NOW - minutes(46),
        "unit": "credits",
    }
    return latest(account, **values | changes)


def alarm(
    kind: str = "warning",
    state: AlarmState = AlarmState.ALARM,
    *,
    account: str = "openrouter-main",
    at: datetime = NOW,
    value: str | None = None,
    provider: str = "openrouter",
    threshold: str | None = None,
) -> AlarmChange:
    """Return a transition of one of our alarms."""
    name = f"{NAME}/{account}/{kind}"
    return AlarmChange(
        alarm_name=name,
        alarm_arn=f"arn:aws:cloudwatch:{REGION}:{AWS_ACCOUNT}:alarm:{name}",
        state=state,
        changed_at=at,
        metric=AlarmMetric(
            dimensions={"Account": account, "Provider": provider},
            threshold=Decimal(threshold) if threshold is not None else None,
        ),
        latest=Datapoint(Decimal(value), at) if value is not None else None,
    )


def foreign(
    state: AlarmState = AlarmState.ALARM, *, at: datetime = NOW, name: str = "api-errors"
) -> AlarmChange:
    """Return a transition of somebody else's alarm."""
    return AlarmChange(
        alarm_name=name,
        alarm_arn=f"arn:aws:cloudwatch:{REGION}:{AWS_ACCOUNT}:alarm:{name}",
        state=state,
        changed_at=at,
        reason="Threshold Crossed: 1 datapoint [12.0 (23/11/26 14:05:00)] was above 10.0.",
        description="More than ten errors in five minutes",
        aws_account=AWS_ACCOUNT,
        region=REGION,
        metric=AlarmMetric(
            label="AWS/ApiGateway 5XXError",
            dimensions={"ApiName": "shop"},
            statistic="Sum",
            comparison="above",
            threshold=Decimal(10),
        ),
    )


def notification(change: AlarmChange) -> dict[str, Any]:
    """Return the SNS notification that CloudWatch sends of a transition."""
    return {
        "AlarmName": change.alarm_name,
        "AlarmDescription": change.description or None,
        "AWSAccountId": AWS_ACCOUNT,
        "NewStateValue": change.state.value,
        "NewStateReason": change.reason,
        "StateChangeTime": _stamp(change.changed_at),
        "Region": "EU (Ireland)",
        "AlarmArn": change.alarm_arn,
        "OldStateValue": "OK",
        "Trigger": {
            "MetricName": "Balance",
            "Namespace": "BalanceMonitor",
            "StatisticType": "Statistic",
            "Statistic": "MINIMUM",
            "Dimensions": [
                {"name": name, "value": value} for name, value in change.metric.dimensions.items()
            ],
            "Period": 300,
            "EvaluationPeriods": 2,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": float(change.metric.threshold or 20),
        },
    }


def eventbridge(change: AlarmChange) -> dict[str, Any]:
    """Return the EventBridge event that CloudWatch sends of a transition."""
    return {
        "version": "0",
        "id": "4c7f0a0e-0000-4000-8000-000000000000",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": AWS_ACCOUNT,
        "time": _stamp(change.changed_at),
        "region": REGION,
        "resources": [change.alarm_arn],
        "detail": _detail(change),
    }


def action(change: AlarmChange) -> dict[str, Any]:
    """Return what CloudWatch invokes a function with on a transition."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": change.alarm_arn,
        "accountId": AWS_ACCOUNT,
        "time": _stamp(change.changed_at),
        "region": REGION,
        "alarmData": _detail(change),
    }


def _detail(change: AlarmChange) -> dict[str, Any]:
    """Return what events and actions share."""
    metric = {
        "namespace": "BalanceMonitor",
        "name": "Balance",
        "dimensions": dict(change.metric.dimensions),
    }
    return {
        "alarmName": change.alarm_name,
        "state": {
            "value": change.state.value,
            "reason": change.reason,
            "timestamp": _stamp(change.changed_at),
        },
        "previousState": {"value": "OK", "timestamp": _stamp(change.changed_at - minutes(60))},
        "configuration": {
            "metrics": [
                {
                    "id": "m1",
                    "metricStat": {"metric": metric, "period": 300, "stat": "Minimum"},
                    "returnData": True,
                }
            ]
        },
    }


def _stamp(at: datetime) -> str:
    """Return a time as CloudWatch writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
