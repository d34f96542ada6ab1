"""Notices of other AWS services are passed on once, marked; malformed ones are not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_router.events.envelope import (
    Ignored,
    Record,
    UnreadableError,
    parse,
)
from alert_router.events.notice import Notice, text_notice
from alert_router.incidents.sms_budget import BUDGET as SMS_BUDGET
from alert_router.incidents.sms_budget import SmsBudget
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.messages.formats.message import Message
from alert_router.messages.notice import notice_message
from alert_router.notify.sending.notice import MOST
from courier.message import Message as Envelope
from courier.message import Subscription
from courier.posts import pager_posts
from shared.names import Severity
from tests.unit.router.builders import LINKS, NOW
from tests.unit.router.world import Crash, World

BUDGET = """AWS Budget Notification July 26, 2026
AWS Account 123456789012

Dear AWS Customer,

You requested that we alert you when the ACTUAL Cost of your tokens budget exceeds $100.00.

Budget Name: tokens
Budget Type: Cost
Budgeted Amount: $100.00
Alert Type: ACTUAL
Alert Threshold: > $100.00
ACTUAL Amount: $104.51

[1] https://console.aws.amazon.com/billing/home#/budgets
"""
ANOMALY = {
    "accountId": "123456789012",
    "anomalyDetailsLink": "https://console.aws.amazon.com/cost-management/home#/anomaly-detection/monitors/abcdef12-1234-4ea0-84cc-918a97d736ef/anomalies/12345678-abcd-ef12-3456-987654321a12",
    "anomalyEndDate": "2021-05-25T00:00:00Z",
    "anomalyId": "12345678-abcd-ef12-3456-987654321a12",
    "anomalyScore": {"currentScore": 0.47, "maxScore": 0.47},
    "anomalyStartDate": "2021-05-25T00:00:00Z",
    "dimensionalValue": "ServiceName",
    "impact": {
        "maxImpact": 151,
        "totalActualSpend": 1301,
        "totalExpectedSpend": 300,
        "totalImpact": 1001,
        "totalImpactPercentage": 333.67,
    },
    "monitorArn": "arn:aws:ce::123456789012:anomalymonitor/abcdef12-1234-4ea0-84cc-918a97d736ef",
    "rootCauses": [
        {
            "linkedAccount": "AnomalousLinkedAccount",
            "linkedAccountName": "AnomalousLinkedAccountName",
            "region": "AnomalousRegionName",
            "service": "AnomalousServiceName",
            "usageType": "AnomalousUsageType",
            "impact": {"contribution": 601},
        }
    ],
    "subscriptionId": "874c100c-59a6-4abb-a10a-4682cc3f2d69",
    "subscriptionName": "alertSubscription",
}


def event(source: str, kind: str, detail: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-23T14:06:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    } | fields


HEALTH = event(
    "aws.health",
    "AWS Health Event",
    {
        "eventArn": "arn:aws:health:eu-west-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_1",
        "service": "EC2",
        "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "statusCode": "open",
        "communicationId": "1",
        "startTime": "Mon, 23 Nov 2026 14:00:00 GMT",
        "eventDescription": [{"language": "en_US", "latestDescription": "Instances fail."}],
    },
)
RISK = event("aws.health", "AWS Health Event", HEALTH["detail"] | {"service": "RISK"})
BACKUP = event(
    "aws.backup",
    "Backup Job State Change",
    {
        "backupJobId": "34176239-e96d-4e1d-9fad-529dbb3c3556",
        "backupVaultName": "main",
        "resourceArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
        "resourceType": "DynamoDB",
        "state": "FAILED",
        "statusMessage": "Access denied",
    },
)
GUARDDUTY = event(
    "aws.guardduty",
    "GuardDuty Finding",
    {
        "id": "16afba5c5c43e07c9e3e5e2e544e95df",
        "accountId": "123456789012",
        "region": "eu-west-1",
        "type": "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
        "severity": 8,
        "title": "Credentials for an instance role are used from outside.",
        "description": "Credentials were used from 198.51.100.1.",
    },
)
SECURITY_HUB = event(
    "aws.securityhub",
    "Security Hub Findings - Imported",
    {
        "findings": [
            {
                "Id": "arn:aws:securityhub:eu-west-1:123456789012:subscription/x/finding/1",
                "AwsAccountId": "123456789012",
                "Title": "S3.2 S3 buckets should block public read access",
                "Description": "A bucket is public.",
                "Severity": {"Label": "CRITICAL"},
                "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::open"}],
                "RecordState": "ACTIVE",
                "Workflow": {"Status": "NEW"},
                "Compliance": {"Status": "FAILED"},
            }
        ]
    },
)
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def read(body: object) -> Any:
    """Parse a record of the queue."""
    text = body if isinstance(body, str) else json.dumps(body)
    return parse(Record("1", {"messageId": "1", "body": text}))


@pytest.mark.parametrize(
    ("body", "source", "title", "severity"),
    [
        (BUDGET, "AWS Budgets", "budget tokens: ACTUAL $104.51, threshold > $100.00", WARNING),
        (
            ANOMALY,
            "Cost Anomaly Detection",
            "ServiceName: 1001 US dollars more than expected",
            WARNING,
        ),
        (HEALTH, "AWS Health", "EC2 AWS_EC2_OPERATIONAL_ISSUE in eu-west-1", WARNING),
        (RISK, "AWS Health", "RISK AWS_EC2_OPERATIONAL_ISSUE in eu-west-1", CRITICAL),
        (
            BACKUP,
            "AWS Backup",
            "Backup Job FAILED: arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
            WARNING,
        ),
        (GUARDDUTY, "GuardDuty", GUARDDUTY["detail"]["title"], CRITICAL),
        (
            SECURITY_HUB,
            "Security Hub",
            "S3.2 S3 buckets should block public read access",
            CRITICAL,
        ),
        ("disk of host 7 is full\nplease look", "", "disk of host 7 is full", WARNING),
    ],
    ids=["budget", "anomaly", "health", "risk", "backup", "guardduty", "security hub", "text"],
)
def test_notice_when_documented_then_is_read(
    body: object, source: str, title: str, severity: Severity
) -> None:
    notice = read(body)

    assert isinstance(notice, Notice)
    assert (notice.source, notice.title, notice.severity) == (source, title, severity)
    assert notice.lines
    assert read(body).id == notice.id
    envelope = {"Message": body if isinstance(body, str) else json.dumps(body), "TopicArn": "a"}
    assert read(envelope) == notice


@pytest.mark.parametrize(
    "body",
    [
        event("aws.backup", "Backup Job State Change", {"state": "COMPLETED"}),
        event("aws.backup", "Restore Job State Change", {"status": "RUNNING"}),
        *(
            event(
                "aws.securityhub",
                "Security Hub Findings - Imported",
                {"findings": [SECURITY_HUB["detail"]["findings"][0] | change]},
            )
            for change in (
                {"RecordState": "ARCHIVED"},
                {"Workflow": {"Status": "SUPPRESSED"}},
                {"Compliance": {"Status": "PASSED"}},
            )
        ),
    ],
)
def test_event_when_it_reports_nothing_wrong_then_is_ignored(body: dict[str, Any]) -> None:
    assert isinstance(read(body), Ignored)


@pytest.mark.parametrize(
    "body",
    [
        '{"AlarmName": "x", "NewState',
        "[1, 2",
        "",
        '"text"',
        "{}",
        {"foo": 1},
        event("aws.guardduty", "GuardDuty Finding", {}),
        event("aws.health", "AWS Health Event", {"service": "EC2"}),
        event("aws.securityhub", "Security Hub Findings - Imported", {"findings": []}),
        {"anomalyId": "1", "monitorArn": "2"},
        {"anomalyId": "1", "monitorArn": "2", "impact": None},
    ],
    ids=str,
)
def test_document_when_broken_then_is_unreadable_and_no_notice(body: object) -> None:
    """It waits in the dead-letter queue, whose alarm notifies the operators."""
    with pytest.raises(UnreadableError):
        read(body)


@given(st.text())
def test_text_when_anything_then_every_line_of_it_is_marked(text: str) -> None:
    message = notice_message(text_notice(text), LINKS, NOW)

    first, intro, *quoted = message.email.split("\n\n")
    assert "\n" not in first
    assert intro.startswith("An unknown sender wrote") or "AWS Budgets" in intro
    assert all(line.startswith("> ") for part in quoted for line in part.split("\n"))
    assert message.subject.startswith("NOTICE WARNING ")
    assert len(message.subject) <= 99


def records(*bodies: object) -> dict[str, Any]:
    """Return a batch of the queue."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"messageId": str(n), "body": text} for n, text in enumerate(texts)]}


def test_notice_when_delivered_twice_then_is_passed_on_once() -> None:
    world = World()

    assert world.invoke(records(BUDGET, BUDGET)) == []
    assert world.invoke(records(BUDGET)) == []

    assert world.subjects == [
        "NOTICE WARNING AWS Budgets: budget tokens: ACTUAL $104.51, threshold > $100.00"
    ]
    world.now += timedelta(days=1, hours=1)
    assert world.invoke(records(BUDGET)) == [], "the next day it is said again"
    assert len(world.messages) == 2


@pytest.mark.parametrize("failing", Form)
def test_notice_when_one_form_fails_then_the_retry_sends_that_one_alone(failing: Form) -> None:
    world = World()

    def refuse(_message: Message, form: Form, _to: object) -> None:
        if form is failing:
            raise OSError("no answer")

    world.on_publish_form = refuse
    assert world.invoke(records(GUARDDUTY)) == ["0"]
    world.on_publish_form = lambda *_: None
    assert world.invoke(records(GUARDDUTY)) == []

    assert sorted(delivery.form for delivery in world.deliveries) == sorted(Form)


def test_notices_when_there_are_hundreds_then_few_are_passed_on_and_one_says_so() -> None:
    """As when Security Hub is enabled; critical ones have a limit of their own."""
    world = World()
    texts = [f"host {number} is full" for number in range(300)]

    assert world.invoke(records(*texts)) == []
    assert world.invoke(records(*texts)) == [], "delivered again"

    assert len(world.subjects) == MOST + 1
    assert world.subjects[-1].endswith("more than 10 notices within an hour")
    assert world.invoke(records(GUARDDUTY)) == []
    assert len(world.subjects) == MOST + 2, "a critical one is passed on"
    world.now += timedelta(hours=1, minutes=1)
    world.invoke(records("host 301 is full"))
    assert len(world.subjects) == MOST + 3, "in the next hour it goes on"


@pytest.mark.parametrize("failing", [Form.EMAIL, Form.EVENTS])
def test_notices_when_the_one_that_says_so_is_refused_then_it_comes_again(failing: Form) -> None:
    """Otherwise, nobody knows that the others were held back."""
    world = World()
    assert world.invoke(records(*(f"host {number} is full" for number in range(MOST)))) == []
    before = len(world.deliveries)

    def refuse(_message: Message, form: Form, _to: object) -> None:
        if form is failing:
            raise OSError("no answer")

    world.on_publish_form = refuse
    assert world.invoke(records("one more")) == ["0"]
    world.on_publish_form = lambda *_: None
    assert world.invoke(records("one more", "another one")) == []

    # The hour's ten SMS are spent.
    assert sorted(each.form for each in world.deliveries[before:]) == [Form.EMAIL, Form.EVENTS]


def test_notices_when_the_sender_dies_before_the_one_that_says_so_then_it_comes_later() -> None:
    world = World()
    assert world.invoke(records(*(f"host {number} is full" for number in range(MOST)))) == []

    def die(*_: object) -> None:
        raise Crash

    world.on_publish_form = die
    with pytest.raises(Crash):
        world.invoke(records("one more"))
    world.on_publish_form = lambda *_: None
    world.now += timedelta(minutes=1)

    assert world.invoke(records("one more")) == []
    assert world.subjects[-1].endswith("more than 10 notices within an hour")


def test_notice_when_another_invocation_sends_it_then_the_record_comes_back() -> None:
    """That one may die before the notice is accepted."""
    world = World()
    lease = f"notice/{read(BUDGET).id}/email"
    world.table.leases[lease] = world.now + world.lease

    assert world.invoke(records(BUDGET)) == ["0"]
    assert world.subjects == []
    world.now += world.lease
    assert world.invoke(records(BUDGET)) == []
    assert len(world.subjects) == 1


def test_notice_when_the_hour_of_the_first_ends_then_it_is_still_remembered() -> None:
    """It was one of the hour's first, so a retry is passed on; the others stay held back."""
    world = World()
    texts = [f"host {number} is full" for number in range(MOST)]
    world.invoke(records(*texts))

    assert world.invoke(records(*texts)) == []
    assert len(world.subjects) == MOST
    world.now += timedelta(minutes=59)
    assert world.invoke(records("one more")) == []
    assert world.subjects[-1].endswith("more than 10 notices within an hour")
    world.now += timedelta(minutes=1)
    assert world.invoke(records("another")) == []
    assert world.subjects[-1].endswith("another")


@pytest.mark.parametrize(("body", "count"), [(GUARDDUTY, 1), (BUDGET, 0)])
def test_notice_when_the_hours_sms_are_spent_then_only_a_critical_one_is_sent(
    body: object, count: int
) -> None:
    world = World()
    world.table.budgets["*"] = SmsBudget("*", sent=(world.now,) * SMS_BUDGET)

    assert world.invoke(records(body)) == []

    assert [each.form for each in world.deliveries].count(Form.SMS) == count


def test_notice_when_filtered_then_reaches_those_who_get_what_is_about_no_account() -> None:
    world = World()
    world.table.declared = [
        Subscriber("all", Form.EMAIL),
        Subscriber("critical", Form.EMAIL, severities=frozenset({"critical"})),
        Subscriber("scraping", Form.EMAIL, providers=frozenset({"firecrawl"})),
        Subscriber("others", Form.EMAIL, accounts=frozenset({"-"})),
    ]

    world.invoke(records(BACKUP))

    (to,) = [set(delivery.to) for delivery in world.deliveries if delivery.form is Form.EMAIL]
    assert to == {"all", "others", "*"}


def test_notice_when_for_a_pager_then_has_a_key_of_its_own() -> None:
    notices = [read(body) for body in (GUARDDUTY, SECURITY_HUB)]
    documents = [
        json.loads(notice_message(notice, LINKS, NOW).text(Form.EVENTS)) for notice in notices
    ]
    posts = [
        pager_posts(Envelope("1", document, frozenset()), Subscription("pager", "on-call"), "bm")
        for document in documents
    ]

    assert [[post.key for post in each] for each in posts] == [
        [f"bm/notice/{notice.id}"] for notice in notices
    ]
