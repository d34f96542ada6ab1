"""Requests are read as AWS reads them, and refused for what AWS documents."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from balancectl.localcloud.emulator.aws_rules.constraints import compiled, violations
from balancectl.localcloud.emulator.aws_rules.limits import LIMITS, exceeded
from balancectl.localcloud.emulator.aws_rules.operations import (
    SERVICES,
    Call,
    UnknownOperationError,
    WireRequest,
    identify,
    service_model,
)
from balancectl.localcloud.emulator.aws_rules.refusal import refuse

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIGNING_NAMES = {service: name for name, service in SERVICES.items()}
ROLE = "arn:aws:iam::123456789012:role/stack"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:stack-alarms"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:stack-poller"

#: One request of each form that the protocols have: lists, maps, nested structures, paths.
CALLS: dict[tuple[str, str], dict[str, Any]] = {
    ("dynamodb", "PutItem"): {"TableName": "stack", "Item": {"account": {"S": "acme"}}},
    ("secretsmanager", "GetSecretValue"): {"SecretId": "stack/api-keys"},
    ("logs", "PutRetentionPolicy"): {"logGroupName": "/aws/lambda/x", "retentionInDays": 30},
    ("sqs", "SendMessage"): {"QueueUrl": "http://127.0.0.1:1/q", "MessageBody": "hello"},
    ("cloudwatch", "PutMetricData"): {
        "Namespace": "BalanceMonitor",
        "MetricData": [
            {
                "MetricName": "Balance",
                "Value": 3.2,
                "Dimensions": [{"Name": "Account", "Value": "acme"}],
            }
        ],
    },
    ("sns", "Publish"): {
        "TopicArn": TOPIC,
        "Message": "text",
        "MessageAttributes": {
            "severity": {"DataType": "String", "StringValue": "critical"},
            "account": {"DataType": "String", "StringValue": "acme"},
        },
    },
    ("sns", "Subscribe"): {
        "TopicArn": TOPIC,
        "Protocol": "email",
        "Endpoint": "team@example.com",
        "Attributes": {"FilterPolicy": '{"severity": ["critical"]}'},
        "ReturnSubscriptionArn": True,
    },
    ("iam", "CreateRole"): {
        "RoleName": "stack",
        "AssumeRolePolicyDocument": "{}",
        "MaxSessionDuration": 3600,
        "Tags": [{"Key": "project", "Value": "x"}, {"Key": "owner", "Value": "y"}],
    },
    ("sts", "AssumeRole"): {"RoleArn": ROLE, "RoleSessionName": "test"},
    ("lambda", "CreateFunction"): {
        "FunctionName": "stack-poller",
        "Role": ROLE,
        "Code": {"S3Bucket": "releases", "S3Key": "poller.zip"},
        "Environment": {"Variables": {"NAME": "stack"}},
        "Timeout": 60,
    },
    ("lambda", "GetFunction"): {"FunctionName": FUNCTION, "Qualifier": "1"},
    ("scheduler", "CreateSchedule"): {
        "Name": "poll-0",
        "GroupName": "stack",
        "ScheduleExpression": "rate(5 minutes)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": FUNCTION, "RoleArn": ROLE, "Input": '{"shard": 0}'},
    },
    ("scheduler", "ListSchedules"): {"GroupName": "stack", "NamePrefix": "poll", "MaxResults": 5},
}  # fmt: skip


def on_the_wire(service: str, operation: str, parameters: Mapping[str, Any]) -> WireRequest:
    """Return the request that botocore would send, without its validation."""
    model = service_model(service)
    serializer = create_serializer(model.protocol if service != "cloudwatch" else "json", False)
    sent = serializer.serialize_to_request(parameters, model.operation_model(operation))
    body = sent["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    path, _, query = sent["url_path"].partition("?")
    return WireRequest(
        sent["method"],
        path,
        "&".join(part for part in (query, urlencode(sent["query_string"])) if part),
        {name.lower(): value for name, value in sent["headers"].items()},
        body.encode() if isinstance(body, str) else body,
    )


def refused(service: str, operation: str, **parameters: Any) -> str:
    """Return the refusal's code and message; empty for an accepted request."""
    request = on_the_wire(service, operation, CALLS.get((service, operation), {}) | parameters)
    found = refuse(SIGNING_NAMES[service], request, NOW)
    return f"{found.code}: {found.message}" if found else ""


@pytest.mark.parametrize(("service", "operation"), CALLS, ids=map(" ".join, CALLS))
def test_request_is_read_as_it_was_meant(service: str, operation: str) -> None:
    parameters = CALLS[service, operation]

    call = identify(SIGNING_NAMES[service], on_the_wire(service, operation, parameters))

    assert call is not None
    assert (call.service, call.operation) == (service, operation)
    assert parameters.items() <= dict(call.parameters).items()


@pytest.mark.parametrize(("service", "operation"), CALLS, ids=map(" ".join, CALLS))
def test_acceptable_request_is_accepted(service: str, operation: str) -> None:
    assert refused(service, operation) == ""


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(
    st.dictionaries(TEXT.filter(bool), TEXT.filter(bool), max_size=4), st.lists(TEXT, max_size=4)
)
def test_query_protocol_loses_nothing(attributes: dict[str, str], names: list[str]) -> None:
    """Maps and lists, whatever characters are in them."""
    subscribe = {"TopicArn": TOPIC, "Protocol": "sqs", "Attributes": attributes}
    tags = {"TopicArn": TOPIC, "ActionName": ["Publish"], "AWSAccountId": names, "Label": "x"}

    one = identify("sns", on_the_wire("sns", "Subscribe", subscribe))
    other = identify("sns", on_the_wire("sns", "AddPermission", tags))

    assert one is not None
    assert other is not None
    assert one.parameters.get("Attributes", {}) == attributes
    assert other.parameters.get("AWSAccountId", []) == names


@pytest.mark.parametrize(
    ("service", "operation", "changes", "words"),
    [
        ("scheduler", "CreateSchedule", {"Name": "a b"}, "regular expression pattern"),
        ("scheduler", "CreateSchedule", {"Name": "x" * 65}, "length less than or equal to 64"),
        ("scheduler", "CreateSchedule", {"State": "ON"}, "enum value set: [ENABLED, DISABLED]"),
        ("scheduler", "CreateSchedule", {"FlexibleTimeWindow": {}}, "'flexibleTimeWindow.mode'"),
        ("lambda", "CreateFunction", {"Timeout": 0}, "value greater than or equal to 1"),
        ("lambda", "CreateFunction", {"Runtime": "cobol"}, "enum value set"),
        ("lambda", "CreateFunction", {"Role": "poller"}, "regular expression pattern"),
        ("iam", "CreateRole", {"RoleName": "a/b"}, "regular expression pattern"),
        ("iam", "CreateRole", {"MaxSessionDuration": 60}, "greater than or equal to 3600"),
        ("iam", "CreateRole", {"Tags": [{"Key": "k"}]}, "'tags.1.member.value'"),
        ("sts", "AssumeRole", {"RoleSessionName": "x"}, "length greater than or equal to 2"),
        ("dynamodb", "PutItem", {"ReturnValues": "EVERYTHING"}, "enum value set"),
        ("secretsmanager", "GetSecretValue", {"SecretId": ""}, "greater than or equal to 1"),
        ("cloudwatch", "PutMetricData", {"Namespace": ":x"}, "regular expression pattern"),
        ("logs", "PutRetentionPolicy", {"logGroupName": "a b"}, "regular expression pattern"),
    ],
)
def test_request_against_the_model_is_refused_in_awss_words(
    service: str, operation: str, changes: dict[str, Any], words: str
) -> None:
    found = refused(service, operation, **changes)

    assert "1 validation error detected: Value" in found
    assert words in found


@pytest.mark.parametrize(("service", "operation"), CALLS, ids=map(" ".join, CALLS))
def test_each_missing_required_member_is_named(service: str, operation: str) -> None:
    shape = service_model(service).operation_model(operation).input_shape
    assert shape is not None
    in_path = {name for name, member in shape.members.items() if "location" in member.serialization}

    for name in set(shape.required_members) & set(CALLS[service, operation]) - in_path:
        found = violations(shape, {**CALLS[service, operation], name: None})
        assert any(
            f"Value null at '{name[0].lower()}{name[1:]}'" in one
            and one.endswith("Member must not be null")
            for one in found
        )


def test_sensitive_value_is_in_no_message() -> None:
    found = refused("secretsmanager", "CreateSecret", Name="x", SecretString="k3y" * 30_000)

    assert found
    assert "k3y" not in found


@pytest.mark.parametrize("service", sorted(SERVICES.values()))
def test_every_pattern_of_a_model_is_understood(service: str) -> None:
    model = service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names}

    for pattern in patterns - {None}:
        assert isinstance(compiled(pattern), re.Pattern)


@pytest.mark.parametrize("service", sorted(SERVICES.values()))
def test_every_path_of_a_rest_service_leads_to_its_operation(service: str) -> None:
    model = service_model(service)
    if model.protocol != "rest-json":
        return
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.sub(r"\{\w+\+?\}", "x", http["requestUri"].partition("?")[0])
        call = identify(SIGNING_NAMES[service], WireRequest(http["method"], path, "", {}, b"{}"))
        assert call is not None
        found = model.operation_model(call.operation).http
        assert (found["method"], found["requestUri"].partition("?")[0]) == (
            http["method"],
            http["requestUri"].partition("?")[0],
        )


@pytest.mark.parametrize(
    "request_",
    [
        WireRequest("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.Explode"}, b"{}"),
        WireRequest("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.PutItem"}, b"{"),
        WireRequest("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.PutItem"}, b"[]"),
        WireRequest("POST", "/", "Action=Explode", {}, b""),
    ],
    ids=["operation", "no JSON", "no object", "query"],
)
def test_request_that_cannot_be_understood_is_refused(request_: WireRequest) -> None:
    with pytest.raises(UnknownOperationError):
        identify("dynamodb", request_)

    found = refuse("dynamodb", request_, NOW)

    assert found is not None
    assert found.code == "UnknownOperationException"


def datum(**changes: Any) -> dict[str, Any]:
    return {"MetricData": [{"MetricName": "Balance", "Value": 1.0} | changes]}


def policy(*sizes: int) -> dict[str, Any]:
    values = {f"key{n}": [f"v{m}" for m in range(size)] for n, size in enumerate(sizes)}
    return {"Attributes": {"FilterPolicy": json.dumps(values)}}


def alarm(period: int, periods: int, **more: Any) -> dict[str, Any]:
    return {"Period": period, "EvaluationPeriods": periods} | more


def dashboard(widgets: int, **properties: Any) -> dict[str, Any]:
    body = {"widgets": [{"type": "metric", "properties": properties}] * widgets}
    return {"DashboardBody": json.dumps(body)}


def variables(length: int) -> dict[str, Any]:
    return {"Environment": {"Variables": {"NAME": "x" * length}}}


def schedule(length: int) -> dict[str, Any]:
    return {"Target": {"Arn": FUNCTION, "Input": json.dumps("x" * (length - 2))}}


def entries(count: int, **changes: Any) -> dict[str, Any]:
    return {"Entries": [{"Id": str(n), "MessageBody": "x"} | changes for n in range(count)]}


HOURS = timedelta(hours=1)
#: For each limit: what is just within it, and what is just beyond.
WITHIN_AND_BEYOND: dict[str, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "_environment_problem": [("CreateFunction", variables(4_085), variables(4_086))],
    "_function_problem": [
        ("CreateFunction", {"Timeout": 900}, {"Timeout": 901}),
        ("CreateFunction", {"MemorySize": 10_240}, {"MemorySize": 10_241}),
    ],
    "_payload_problem": [
        ("Invoke", {"Payload": b"x" * 6_291_456}, {"Payload": b"x" * 6_291_457}),
        (
            "Invoke",
            {"InvocationType": "Event", "Payload": b"x" * 1_048_576},
            {"InvocationType": "Event", "Payload": b"x" * 1_048_577},
        ),
    ],
    "_schedule_problem": [
        ("CreateSchedule", schedule(262_144), schedule(262_145)),
        ("CreateSchedule", schedule(10), {"Target": {"Arn": FUNCTION, "Input": "no JSON"}}),
    ],
    "_retention_problem": [
        ("PutRetentionPolicy", {"retentionInDays": 30}, {"retentionInDays": 31})
    ],
    "_item_problem": [
        ("PutItem", {"Item": {"a": {"S": "x" * 400_000}}}, {"Item": {"a": {"S": "x" * 409_600}}})
    ],
    "_secret_problem": [
        ("PutSecretValue", {"SecretString": "x" * 65_536}, {"SecretString": "ü" * 32_769})
    ],
    "_role_policy_problem": [
        (
            "PutRolePolicy",
            {"PolicyDocument": "x " * 10_240},
            {"PolicyDocument": "x" * 10_241},
        )
    ],
    "_trust_policy_problem": [
        (
            "CreateRole",
            {"AssumeRolePolicyDocument": "x " * 2_048},
            {"AssumeRolePolicyDocument": "x" * 2_049},
        )
    ],
    "sns_message_problem": [
        ("Publish", {"Message": "x" * 262_144}, {"Message": "ü" * 131_073}),
        (
            "Publish",
            {"Message": "x" * 262_000},
            {
                "Message": "x" * 262_000,
                "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x" * 200}},
            },
        ),
        (
            "Publish",
            {"PhoneNumber": "+4915112345678", "Message": "x" * 1_600},
            {"PhoneNumber": "+4915112345678", "Message": "x" * 1_601},
        ),
    ],
    "sns_subject_problem": [
        ("Publish", {"Subject": "x" * 100}, {"Subject": "x" * 101}),
        ("Publish", {"Subject": "a b"}, {"Subject": "a\nb"}),
    ],
    "filter_policy_problem": [
        ("Subscribe", policy(1, 1, 1, 1, 1), policy(1, 1, 1, 1, 1, 1)),
        ("Subscribe", policy(50, 3), policy(151)),
        (
            "SetSubscriptionAttributes",
            {"AttributeName": "FilterPolicy", "AttributeValue": "{}"},
            {"AttributeName": "FilterPolicy", "AttributeValue": "{"},
        ),
    ],
    "sqs_message_problem": [
        ("SendMessage", {"MessageBody": "x" * 1_048_576}, {"MessageBody": "x" * 1_048_577}),
        ("SendMessage", {"MessageBody": "x"}, {"MessageBody": ""}),
        (
            "SendMessage",
            {"MessageBody": "x", "DelaySeconds": 900},
            {"MessageBody": "x", "DelaySeconds": 901},
        ),
    ],
    "sqs_batch_problem": [
        ("SendMessageBatch", entries(10), entries(11)),
        ("SendMessageBatch", entries(1), entries(0)),
        ("SendMessageBatch", entries(2), entries(2, Id="same")),
    ],
    "metric_problem": [
        ("PutMetricData", datum(Value=2.0**360), datum(Value=2.0**361)),
        ("PutMetricData", datum(Value=0), datum(Value=float("nan"))),
        ("PutMetricData", {"Namespace": "App"} | datum(), {"Namespace": "AWS/SQS"} | datum()),
        (
            "PutMetricData",
            datum(Dimensions=[{"Name": "Account", "Value": "a"}] * 30),
            datum(Dimensions=[{"Name": "Account", "Value": "a"}] * 31),
        ),
        (
            "PutMetricData",
            {"MetricData": [{"MetricName": "x", "Value": 1}] * 1_000},
            {"MetricData": [{"MetricName": "x", "Value": 1}] * 1_001},
        ),
    ],
    "metric_time_problem": [
        (
            "PutMetricData",
            datum(Timestamp=(NOW + 2 * HOURS).timestamp()),
            datum(Timestamp=(NOW + 2.1 * HOURS).timestamp()),
        ),
        (
            "PutMetricData",
            datum(Timestamp=(NOW - 14 * 24 * HOURS).isoformat()),
            datum(Timestamp=(NOW - 14.1 * 24 * HOURS).isoformat()),
        ),
    ],
    "alarm_problem": [
        ("PutMetricAlarm", alarm(60, 1_440), alarm(60, 1_441)),
        ("PutMetricAlarm", alarm(3_600, 168), alarm(3_600, 169)),
        ("PutMetricAlarm", alarm(120, 1), alarm(90, 1)),
        ("PutMetricAlarm", alarm(60, 2), alarm(60, 2, DatapointsToAlarm=3)),
        ("PutMetricAlarm", alarm(60, 2), alarm(60, 2, TreatMissingData="never")),
        ("PutMetricAlarm", {"Metrics": [{}]}, {"EvaluationPeriods": 1}),
    ],
    "dashboard_problem": [
        ("PutDashboard", dashboard(500), dashboard(501)),
        ("PutDashboard", dashboard(5, metrics=[[]] * 500), dashboard(6, metrics=[[]] * 500)),
        ("PutDashboard", dashboard(1, alarms=["a"] * 100), dashboard(1, alarms=["a"] * 101)),
        ("PutDashboard", dashboard(0), {"DashboardBody": "{}"}),
    ],
}


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.source)
def test_limit_accepts_what_is_within_and_refuses_what_is_beyond(limit: Any) -> None:
    for operation, within, beyond in WITHIN_AND_BEYOND[limit.check.__name__]:
        assert operation in limit.operations
        assert limit.check(within, NOW) is None
        assert limit.check(beyond, NOW)
        assert exceeded(Call(limit.service, operation, None, beyond), NOW) is not None


def test_every_limit_is_tested_and_names_operations_that_exist() -> None:
    assert {limit.check.__name__ for limit in LIMITS} == set(WITHIN_AND_BEYOND)
    for limit in LIMITS:
        assert limit.operations <= set(service_model(limit.service).operation_names)


@pytest.mark.parametrize(
    ("service", "operation", "changes"),
    [
        ("sns", "Publish", {"Message": "x" * 300_000}),
        ("lambda", "CreateFunction", {"Timeout": 901}),
        ("dynamodb", "PutItem", {"Item": {"a": {"S": "x" * 500_000}}}),
    ],
    ids=["query", "rest", "target"],
)
def test_refusal_is_in_the_requests_own_protocol(
    service: str, operation: str, changes: dict[str, Any]
) -> None:
    request = on_the_wire(service, operation, CALLS[service, operation] | changes)

    found = refuse(SIGNING_NAMES[service], request, NOW)

    assert found is not None
    assert found.status == 400
    assert found.code.encode() in found.body
    assert found.body.startswith(b"<ErrorResponse>" if service == "sns" else b"{")


def test_service_that_is_not_checked_passes() -> None:
    assert refuse("s3", WireRequest("PUT", "/bucket/key", "", {}, b"data"), NOW) is None
