"""What Terraform plans, as the requests to AWS that it will send. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from balancectl.localcloud.emulator.aws_rules.operations import Call, service_model
from tests.infra.stacks import ACCOUNT_ID, REGION, Stack

Values = Mapping[str, Any]
Mapped = tuple[str, str, dict[str, Any]]
"""Service, operation, parameters."""

#: Stand for what only an apply knows.
_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/x"
_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:x"
_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:x"


def calls(stack: Stack) -> Iterator[tuple[str, Call]]:
    """Yield every mapped resource's address and request."""
    for kind, mapping in MAPPINGS.items():
        for address, values in stack.every(kind).items():
            service, operation, given = mapping(values)
            shape = service_model(service).operation_model(operation).input_shape
            known = {name: value for name, value in given.items() if value is not None}
            yield address, Call(service, operation, shape, known)


def metric_alarm(values: Values) -> Mapped:
    """Map aws_cloudwatch_metric_alarm."""
    dimensions = (values["dimensions"] or {}).items()
    return "cloudwatch", "PutMetricAlarm", {
        "AlarmName": values["alarm_name"],
        "AlarmDescription": values["alarm_description"],
        "Namespace": values["namespace"],
        "MetricName": values["metric_name"],
        "Statistic": values["statistic"],
        "Period": values["period"],
        "EvaluationPeriods": values["evaluation_periods"],
        "DatapointsToAlarm": values["datapoints_to_alarm"],
        "Threshold": values["threshold"],
        "ComparisonOperator": values["comparison_operator"],
        "TreatMissingData": values["treat_missing_data"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
    }  # fmt: skip


def schedule(values: Values) -> Mapped:
    """Map aws_scheduler_schedule."""
    (target,) = values["target"]
    return "scheduler", "CreateSchedule", {
        "Name": values["name"],
        "GroupName": values.get("group_name"),
        "Description": values["description"],
        "ScheduleExpression": values["schedule_expression"],
        "FlexibleTimeWindow": {"Mode": values["flexible_time_window"][0]["mode"]},
        "State": values["state"],
        "Target": {
            "Arn": target.get("arn") or _FUNCTION,
            "RoleArn": target.get("role_arn") or _ROLE,
            "Input": target["input"],
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": target["retry_policy"][0][
                    "maximum_event_age_in_seconds"
                ],
                "MaximumRetryAttempts": target["retry_policy"][0]["maximum_retry_attempts"],
            },
        },
    }  # fmt: skip


def dashboard(values: Values) -> Mapped:
    """Map aws_cloudwatch_dashboard."""
    return "cloudwatch", "PutDashboard", {
        "DashboardName": values["dashboard_name"],
        "DashboardBody": values["dashboard_body"],
    }  # fmt: skip


def function(values: Values) -> Mapped:
    """Map aws_lambda_function; what its environment has from other resources is left out."""
    variables = (values["environment"] or [{}])[0].get("variables") or {}
    return "lambda", "CreateFunction", {
        "FunctionName": values["function_name"],
        "Description": values["description"],
        "Role": _ROLE,
        "Code": {"S3Bucket": "any-bucket", "S3Key": "any"},
        "Handler": values["handler"],
        "Runtime": values["runtime"],
        "Timeout": values["timeout"],
        "MemorySize": values["memory_size"],
        "Architectures": values["architectures"],
        "Environment": {"Variables": {k: v for k, v in variables.items() if v is not None}},
    }  # fmt: skip


def role(values: Values) -> Mapped:
    """Map aws_iam_role."""
    return "iam", "CreateRole", {
        "RoleName": values["name"],
        "Description": values["description"],
        "AssumeRolePolicyDocument": _dense(values["assume_role_policy"]),
        "PermissionsBoundary": values["permissions_boundary"],
    }  # fmt: skip


def role_policy(values: Values) -> Mapped:
    """Map aws_iam_role_policy."""
    return "iam", "PutRolePolicy", {
        "RoleName": "x",
        "PolicyName": values["name"],
        "PolicyDocument": _dense(values["policy"]),
    }  # fmt: skip


def subscription(values: Values) -> Mapped:
    """Map aws_sns_topic_subscription."""
    given = {"FilterPolicy": values.get("filter_policy")}
    return "sns", "Subscribe", {
        "TopicArn": values.get("topic_arn") or _TOPIC,
        "Protocol": values["protocol"],
        "Endpoint": values.get("endpoint"),
        "Attributes": {name: text for name, text in given.items() if text},
    }  # fmt: skip


def log_group(values: Values) -> Mapped:
    """Map aws_cloudwatch_log_group."""
    return "logs", "CreateLogGroup", {"logGroupName": values["name"]}


def table_item(values: Values) -> Mapped:
    """Map aws_dynamodb_table_item."""
    return "dynamodb", "PutItem", {"TableName": "any", "Item": json.loads(values["item"])}


def named(service: str, operation: str, parameter: str) -> Callable[[Values], Mapped]:
    """Map a resource of which only the name varies."""
    return lambda values: (service, operation, {parameter: values["name"]})


def _dense(document: str) -> str:
    """Return a policy as the provider sends it: JSON without white space."""
    return json.dumps(json.loads(document), separators=(",", ":"))


MAPPINGS: dict[str, Callable[[Values], Mapped]] = {
    "aws_cloudwatch_metric_alarm": metric_alarm,
    "aws_scheduler_schedule": schedule,
    "aws_scheduler_schedule_group": named("scheduler", "CreateScheduleGroup", "Name"),
    "aws_cloudwatch_dashboard": dashboard,
    "aws_cloudwatch_log_group": log_group,
    "aws_lambda_function": function,
    "aws_iam_role": role,
    "aws_iam_role_policy": role_policy,
    "aws_sns_topic": named("sns", "CreateTopic", "Name"),
    "aws_sns_topic_subscription": subscription,
    "aws_sqs_queue": named("sqs", "CreateQueue", "QueueName"),
    "aws_secretsmanager_secret": named("secretsmanager", "CreateSecret", "Name"),
    "aws_dynamodb_table_item": table_item,
}
