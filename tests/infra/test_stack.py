"""The module's resources: functions, schedules, queues, topics, tables and subscriptions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alert_router.events.envelope import ReportRequest, read
from shared.names import REPORTS
from shared.times import parse_time
from tests.infra.stacks import ACCOUNT_ID, REGION, Stack

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]

FUNCTIONS = ("aws_lambda_function.poller", "aws_lambda_function.router")
POLL = 'aws_scheduler_schedule.poll["0"]'


def test_a_run_ends_before_the_next_and_a_failed_one_is_kept_and_not_repeated(stack: Stack) -> None:
    invoke = stack["aws_lambda_function_event_invoke_config.poller"]

    assert stack["aws_lambda_function.poller"]["timeout"] == 50
    assert invoke["maximum_retry_attempts"] == 0
    assert invoke["maximum_event_age_in_seconds"] == 300
    for of in ("poller", "router"):
        config = stack[f"aws_lambda_function_event_invoke_config.{of}"]["destination_config"]
        assert len(config[0]["on_failure"]) == 1


def test_schedules_carry_the_accounts_and_keep_what_they_cannot_hand_over(stack: Stack) -> None:
    poll, reconcile = stack[POLL], stack["aws_scheduler_schedule.reconcile"]

    assert poll["schedule_expression"] == "rate(1 minute)"
    assert poll["state"] == "ENABLED"
    assert "<aws.scheduler.scheduled-time>" in poll["target"][0]["input"]
    assert json.loads(reconcile["target"][0]["input"]) == {"kind": "tick"}
    for schedule in (poll, reconcile):
        assert schedule["flexible_time_window"][0]["mode"] == "OFF"
        assert len(schedule["target"][0]["dead_letter_config"]) == 1


@pytest.mark.parametrize(
    ("scenario", "fires", "intervals", "period"),
    [
        # By default, where accounts are polled every five minutes.
        ("granted", ("rate(1 minute)", 50), (5, 1), 300),
        # The same minute for all (EventBridge Scheduler refuses "rate(1 minutes)").
        ("paused", ("rate(1 minute)", 50), (None, None), 60),
        # As requested.
        ("leaving", ("rate(5 minutes)", 290), (30, 5), 1800),
        # Not by default beyond 15 minutes.
        ("many", ("rate(60 minutes)", 300), (None, None), 3600),
    ],
)
def test_the_schedule_fires_for_close_accounts_and_alarms_keep_the_interval(
    stacks: dict[str, Stack],
    scenario: str,
    fires: tuple[str, int],
    intervals: tuple[int | None, int | None],
    period: int,
) -> None:
    stack = stacks[scenario]
    event = json.loads(stack[POLL]["target"][0]["input"])
    alarms = stack.every("aws_cloudwatch_metric_alarm").values()

    timeout = stack["aws_lambda_function.poller"]["timeout"]
    assert (stack[POLL]["schedule_expression"], timeout) == fires
    assert (event.get("poll_interval_minutes"), event.get("close_interval_minutes")) == intervals
    # An event that waits may be as old as the accounts' interval.
    invoke = stack["aws_lambda_function_event_invoke_config.poller"]
    assert invoke["maximum_event_age_in_seconds"] == period
    assert {
        alarm["period"] for alarm in alarms if not alarm["alarm_name"].startswith(f"{scenario}-op")
    } == {period}


def test_the_queue_hides_a_message_long_enough_and_one_bad_alarm_does_not_bring_back_its_batch(
    stack: Stack,
) -> None:
    queue, mapping = stack["aws_sqs_queue.intake"], stack["aws_lambda_event_source_mapping.intake"]

    timeout = stack["aws_lambda_function.router"]["timeout"]
    assert queue["visibility_timeout_seconds"] == 6 * timeout
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert stack["aws_sns_topic_subscription.intake"]["raw_message_delivery"]


def test_everything_is_encrypted_protected_and_restorable(stack: Stack) -> None:
    tables = stack.every("aws_dynamodb_table").values()
    secret = stack["aws_secretsmanager_secret.api_keys"]

    queues = stack.every("aws_sqs_queue").values()
    assert len(queues) == 3
    assert all(queue["sqs_managed_sse_enabled"] for queue in queues)
    assert len(tables) == 2
    for table in tables:
        assert table["deletion_protection_enabled"]
        assert table["point_in_time_recovery"][0]["enabled"]
        assert table["ttl"][0]["attribute_name"] == "expires_at"
        assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert secret["name"] == "balance-monitor/api-keys"
    assert secret["recovery_window_in_days"] == 30
    assert stack["aws_cloudwatch_log_group.poller"]["retention_in_days"] == 30


def test_no_topic_has_a_display_name(stacks: dict[str, Stack]) -> None:
    """SNS puts it in front of every SMS, which then takes two parts."""
    topics = [topic for one in stacks.values() for topic in one.every("aws_sns_topic").values()]

    assert len(topics) > 10
    assert {topic["display_name"] for topic in topics} == {None}


def test_what_nobody_requested_is_not_created(stack: Stack) -> None:
    assert not [at for at in stack.resources if "chat" in at or "lambda_permission" in at]
    assert stack["aws_lambda_function.poller"]["vpc_config"] == []
    assert stack["aws_lambda_function.poller"]["tracing_config"] == [{"mode": "PassThrough"}]


def test_one_key_encrypts_all_that_is_created(stacks: dict[str, Stack]) -> None:
    stack, key = stacks["granted"], f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/5678"
    uses = {
        "aws_sqs_queue": "kms_master_key_id",
        "aws_sns_topic": "kms_master_key_id",
        "aws_cloudwatch_log_group": "kms_key_id",
        "aws_secretsmanager_secret": "kms_key_id",
        "aws_scheduler_schedule": "kms_key_arn",
    }

    for kind, attribute in uses.items():
        assert {one[attribute] for one in stack.every(kind).values()} == {key}, kind
    for table in stack.every("aws_dynamodb_table").values():
        assert table["server_side_encryption"] == [{"enabled": True, "kms_key_arn": key}]


@pytest.mark.parametrize(("scenario", "concurrent"), [("minimal", 5), ("paused", 2)])
def test_no_more_batches_run_than_are_reserved(
    stacks: dict[str, Stack], scenario: str, concurrent: int
) -> None:
    mapping = stacks[scenario]["aws_lambda_event_source_mapping.intake"]

    assert mapping["scaling_config"] == [{"maximum_concurrency": concurrent}]


def test_a_function_that_leaves_its_vpc_keeps_the_permissions(stacks: dict[str, Stack]) -> None:
    """Lambda deletes the network interfaces minutes later, under the function's role."""
    stack = stacks["leaving"]

    statements = {one["Sid"] for one in stack.policy("aws_iam_role_policy.poller")["Statement"]}
    assert stack["aws_lambda_function.poller"]["vpc_config"] == []
    assert "JoinVpc" in statements


def test_the_poller_alone_joins_a_vpc(stacks: dict[str, Stack]) -> None:
    poller, router = (stacks["granted"][function] for function in FUNCTIONS)

    assert poller["vpc_config"][0]["subnet_ids"] == ["subnet-1"]
    assert poller["tracing_config"] == [{"mode": "Active"}]
    assert router["vpc_config"] == []


def test_a_paused_monitor_neither_polls_nor_notifies(stacks: dict[str, Stack]) -> None:
    stack = stacks["paused"]

    assert stack[POLL]["state"] == "DISABLED"
    assert "poller-not-running" not in stack.operations_alarms
    alarms = stack.every("aws_cloudwatch_metric_alarm").values()
    assert {alarm["actions_enabled"] for alarm in alarms} == {False}


def test_a_subscription_is_known_by_its_endpoint(stacks: dict[str, Stack]) -> None:
    """SNS identifies it the same way: a renamed subscriber must not be unsubscribed."""
    names = set(stacks["minimal"].every("aws_sns_topic_subscription.notifications"))

    assert names == {'aws_sns_topic_subscription.notifications["email team@example.com"]'}


def test_two_deployments_do_not_share_a_series(stacks: dict[str, Stack]) -> None:
    def namespace(name: str) -> Any:
        settings = stacks[name]["aws_lambda_function.poller"]["environment"][0]["variables"]
        return settings["METRIC_NAMESPACE"]

    assert namespace("minimal") == "BalanceMonitor"
    assert namespace("paused") == "BalanceMonitor/paused"


def test_every_taggable_resource_has_the_tags(stacks: dict[str, Stack]) -> None:
    tagged = [r for r in stacks["complete"].resources.values() if "tags" in r]

    assert len(tagged) > 30
    assert all(
        one["tags"] == {"Application": "balance-monitor", "Team": "platform", "CostCentre": "4711"}
        for one in tagged
    )


def test_zips_come_from_files_or_from_s3(planned: tuple[dict[str, Stack], dict[str, Any]]) -> None:
    stacks, document = planned
    functions = {
        change["address"]: change["change"]["after"]
        for change in document["resource_changes"]
        if change["type"] == "aws_lambda_function"
    }

    assert stacks["minimal"]["aws_lambda_function.poller"]["source_code_hash"]
    for address, bucket in (
        ("module.deploy.module.balance_monitor.aws_lambda_function.poller", "b"),
        (
            'module.example.module.projects["search"].aws_lambda_function.router',
            "artifacts-eu-west-1",
        ),
    ):
        assert functions[address]["s3_bucket"] == bucket
        assert functions[address]["filename"] is None


def test_the_module_may_be_called_many_times_in_two_regions(
    planned: tuple[dict[str, Stack], dict[str, Any]],
) -> None:
    """The example calls the module with ``for_each``, ``depends_on`` and ``providers``."""
    calls = planned[1]["configuration"]["root_module"]["module_calls"]["example"]["module"]

    projects = calls["module_calls"]["projects"]
    assert projects["for_each_expression"]
    assert projects["depends_on"] == ["module.core"]
    names = {change["address"].split(".aws_")[0] for change in planned[1]["resource_changes"]}
    assert {'module.example.module.projects["search"]', "module.example.module.core"} <= names


def test_the_plan_warns_of_accounts_that_nobody_is_notified_of(
    planned: tuple[dict[str, Stack], dict[str, Any]],
) -> None:
    warned = {
        instance["address"]["to_display"]: [p["message"] for p in instance.get("problems", [])]
        for check in planned[1]["checks"]
        for instance in check.get("instances", [])
        if check["address"]["kind"] == "check" and instance["status"] == "fail"
    }

    assert warned == {
        'module.case["paused"].check.every_alert_has_a_recipient': [
            "Subscribers: nobody would be notified when these fire: "
            + ", ".join(f"{name} (warning)" for name in "abc")
            + "."
        ]
    }


def test_alarms_of_accounts_are_what_their_kinds_say(stack: Stack) -> None:
    warning = stack[
        'module.account_alarms["warning"].aws_cloudwatch_metric_alarm.this["openrouter-main"]'
    ]
    stale = stack[
        'module.account_alarms["stale"].aws_cloudwatch_metric_alarm.this["openrouter-main"]'
    ]

    assert {field: warning[field] for field in EXPECTED_WARNING} == EXPECTED_WARNING
    assert stale["evaluation_periods"] == stale["datapoints_to_alarm"] == 6
    assert stale["treat_missing_data"] == "breaching"


EXPECTED_WARNING = {
    "alarm_name": "balance-monitor/openrouter-main/warning",
    "namespace": "BalanceMonitor",
    "metric_name": "Balance",
    "statistic": "Minimum",
    "comparison_operator": "LessThanThreshold",
    "threshold": 20,
    "period": 300,
    "evaluation_periods": 2,
    "datapoints_to_alarm": 1,
    "treat_missing_data": "ignore",
    "actions_enabled": True,
    "dimensions": {"Account": "openrouter-main", "Provider": "openrouter"},
}


def test_next_steps_can_be_pasted(stack: Stack) -> None:
    steps = stack.outputs["next_steps"]

    assert "balancectl setup --name balance-monitor --region " in steps
    assert stack.outputs["shard_count"] == 1
    assert stack.outputs["alarm_count"]["accounts"] == 3


def test_the_alias_for_pushes_is_there_where_an_account_is_pushed_and_nowhere_else(
    stacks: dict[str, Stack],
) -> None:
    with_alias = {name for name, one in stacks.items() if one.every("aws_lambda_alias")}
    alias = stacks["paused"]["aws_lambda_alias.push[0]"]

    assert with_alias == {"paused"}
    assert (alias["name"], alias["function_version"]) == ("push", "$LATEST")
    assert alias["function_name"] == "paused-balance-poller"


def test_a_pushed_account_has_no_secret_and_its_age_is_the_pollers_business(
    stacks: dict[str, Stack],
) -> None:
    stack = stacks["paused"]
    accounts = json.loads(stack[POLL]["target"][0]["input"])["accounts"]
    stale = stack['module.account_alarms["stale"].aws_cloudwatch_metric_alarm.this["c"]']
    keys = stack.policy("aws_iam_role_policy.poller")["Statement"][0]["Resource"]

    assert accounts[2] == {
        "id": "c",
        "provider": "pushed",
        "unit": "EUR",
        "warning": 20,
        "stale_after_minutes": 1560,
    }
    assert (stale["evaluation_periods"], stale["period"]) == (30, 60)
    assert "has had no new balance pushed for 1560 minutes" in stale["alarm_description"]
    assert len(keys) == 2


def test_a_heartbeat_is_requested_in_each_shard_s_input_and_has_a_secret_of_its_own(
    stacks: dict[str, Stack],
) -> None:
    for name, stack in stacks.items():
        wanted = name == "granted"
        for schedule in stack.every("aws_scheduler_schedule.poll").values():
            assert json.loads(schedule["target"][0]["input"]).get("heartbeat") is (wanted or None)
        secrets = stack.every("aws_secretsmanager_secret.heartbeat").values()
        assert [one["name"] for one in secrets] == (["granted/heartbeat"] if wanted else [])


def test_weekly_reports_have_a_schedule_in_their_time_zone_and_say_who_wants_them(
    stacks: dict[str, Stack],
) -> None:
    stack = stacks["complete"]
    (schedule,) = stack.every("aws_scheduler_schedule.report").values()
    (item,) = stack.every("aws_dynamodb_table_item.reports").values()

    assert schedule["schedule_expression"] == "cron(0 9 ? * MON *)"
    assert schedule["schedule_expression_timezone"] == "Europe/Berlin"
    due = "2026-11-23T08:00:00Z"
    asked = schedule["target"][0]["input"].replace("<aws.scheduler.scheduled-time>", due)
    assert read(json.loads(asked)) == ReportRequest(parse_time(due))
    attributes = {name: value["S"] for name, value in json.loads(item["item"]).items()}
    assert (attributes["scope"], attributes["names"]) == (REPORTS, '["team"]')
    accounts = json.loads(attributes["accounts"])
    assert accounts["openrouter-main"] == "openrouter"
    polled = json.loads(stack[POLL]["target"][0]["input"])["accounts"]
    assert set(accounts) == {account["id"] for account in polled}


def test_without_weekly_reports_nothing_of_them_is_there(stacks: dict[str, Stack]) -> None:
    for name in set(stacks) - {"complete"}:
        assert not stacks[name].every("aws_scheduler_schedule.report")
        assert not stacks[name].every("aws_dynamodb_table_item.reports")
