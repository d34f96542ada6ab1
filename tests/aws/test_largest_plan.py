"""What Terraform plans for 1,000 accounts with the longest names, as the requests that it sends.

Applying them to an emulator would take an hour, so they are mapped from the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from balancectl.localcloud.emulator.aws_rules.constraints import violations
from balancectl.localcloud.emulator.aws_rules.limits import exceeded
from balancectl.localcloud.emulator.aws_rules.operations import Call, service_model
from tests.infra.stacks import PACKAGES, Stack, plan

ACCOUNTS = 1_000
LONGEST_NAME = 64

Values = Mapping[str, Any]
Mapped = tuple[str, str, dict[str, Any]]
"""Service, operation, parameters."""


def metric_alarm(values: Values) -> Mapped:
    return (
        "cloudwatch",
        "PutMetricAlarm",
        _present(
            AlarmName=values["alarm_name"],
            AlarmDescription=values["alarm_description"],
            Namespace=values["namespace"],
            MetricName=values["metric_name"],
            Statistic=values["statistic"],
            Period=values["period"],
            EvaluationPeriods=values["evaluation_periods"],
            DatapointsToAlarm=values["datapoints_to_alarm"],
            Threshold=values["threshold"],
            ComparisonOperator=values["comparison_operator"],
            TreatMissingData=values["treat_missing_data"],
            Unit=values.get("unit"),
            Dimensions=[
                {"Name": name, "Value": value}
                for name, value in (values["dimensions"] or {}).items()
            ],
        ),
    )


def schedule(values: Values) -> Mapped:
    target = values["target"][0]
    return (
        "scheduler",
        "CreateSchedule",
        _present(
            Name=values["name"],
            GroupName=values.get("group_name"),
            ScheduleExpression=values["schedule_expression"],
            FlexibleTimeWindow={"Mode": values["flexible_time_window"][0]["mode"]},
            State=values["state"],
            Target={
                "Arn": target.get("arn") or "arn:aws:lambda:eu-central-1:123456789012:function:x",
                "RoleArn": target.get("role_arn") or "arn:aws:iam::123456789012:role/x",
                "Input": target["input"],
            },
        ),
    )


def dashboard(values: Values) -> Mapped:
    return (
        "cloudwatch",
        "PutDashboard",
        _present(
            DashboardName=values["dashboard_name"], DashboardBody=values.get("dashboard_body")
        ),
    )


MAPPINGS: dict[str, Callable[[Values], Mapped]] = {
    "aws_cloudwatch_metric_alarm": metric_alarm,
    "aws_scheduler_schedule": schedule,
    "aws_cloudwatch_dashboard": dashboard,
}


@pytest.fixture(scope="module")
def largest(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The plan: every name as long as it may be, every alarm that an account can have."""
    accounts = {
        f"{n:04}-{'x' * (LONGEST_NAME - 5)}": {
            "provider": "openrouter",
            "warning": 20,
            "critical": 5,
            "runway_warning_hours": 48,
            "runway_critical_hours": 12,
            "top_up_url": f"https://example.com/{'t' * 200}",
        }
        for n in range(ACCOUNTS)
    }
    variables = {
        "accounts": accounts,
        "subscribers": {"team": {"protocol": "email", "endpoint": "team@example.com"}},
        "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
        "packages": PACKAGES,
    }
    stacks, _ = plan({"largest": variables}, tmp_path_factory.mktemp("largest"))
    return stacks["largest"]


def calls(stack: Stack) -> Iterator[tuple[str, Call]]:
    """Yield every mapped resource's address and request."""
    for kind, mapping in MAPPINGS.items():
        for address, values in stack.every(kind).items():
            service, operation, parameters = mapping(values)
            shape = service_model(service).operation_model(operation).input_shape
            yield address, Call(service, operation, shape, parameters)


def test_every_request_of_the_largest_plan_is_one_that_aws_takes(largest: Stack) -> None:
    found = {
        address: problems
        for address, call in calls(largest)
        if (problems := [*violations(call.shape, call.parameters), *(exceeded(call) or ())])
    }

    assert found == {}


def test_plan_has_what_a_thousand_accounts_need(largest: Stack) -> None:
    """Control: the mapping above found the resources."""
    operations = [call.operation for _, call in calls(largest)]
    polled = [
        call.parameters["Target"]["Input"].count('"id"')
        for _, call in calls(largest)
        if call.operation == "CreateSchedule" and "accounts" in call.parameters["Target"]["Input"]
    ]

    assert operations.count("PutMetricAlarm") >= 5 * ACCOUNTS
    assert sum(polled) == ACCOUNTS
    assert operations.count("PutDashboard") == 1


def _present(**parameters: Any) -> dict[str, Any]:
    """Return what the plan knows; computed values are left out."""
    return {name: value for name, value in parameters.items() if value is not None}
