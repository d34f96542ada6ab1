"""The functions' roles have exactly the permissions that they use."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from balancectl.localcloud.emulator.emulator import REGION
from balancectl.localcloud.iam_usage import Permission, compare, grants, read_record
from shared.aws.dynamo import encode
from tests.e2e.page import look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from balancectl.localcloud.cloud import LocalCloud

#: EventBridge Scheduler sends events there that Lambda rejects; the emulated Lambda rejects none.
NOT_DRIVEN = ("scheduler", "sqs:SendMessage", "-failures")
DENIED = r"not authorized|AccessDenied"


def policies(cloud: LocalCloud, role: str) -> list[dict[str, Any]]:
    """Return the policies in force for a role."""
    iam = cloud.emulator.client("iam")
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert attached == [], "only inline policies are compared"
    return [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]


def is_not_driven(permission: Permission) -> bool:
    """Whether this is the one permission that nothing here can use."""
    role, action, resource = NOT_DRIVEN
    return (
        permission.role.endswith(role)
        and permission.action == action
        and permission.resource.endswith(resource)
    )


def fail_both_functions(cloud: LocalCloud) -> None:
    """Make asynchronous invocations fail, so that they are sent to the failure queues."""
    functions = cloud.emulator.client("lambda")
    names = cloud.deployment.names
    for function in (names.poller_function, names.router_function):
        functions.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"kind": "?"}')
    sqs = cloud.emulator.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{cloud.deployment.name}-failures")["QueueUrl"]
    kept: set[str] = set()
    for _ in range(5):
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10)
        for message in answer.get("Messages", ()):
            context = json.loads(message["Body"])["requestContext"]
            kept.add(context["functionArn"].split(":")[6])
        if len(kept) == 2:
            return
    raise AssertionError(f"events were kept of {sorted(kept)} alone")


def open_ended(cloud: LocalCloud) -> dict[str, list[str]]:
    """Return the few actions that are granted with a wildcard, and their resources.

    Secrets Manager ends a secret's name itself; Lambda names log streams; the other actions accept
    no resource, or answer for all of them.
    """
    names, here = cloud.deployment.names, f"{REGION}:123456789012"
    streams = [
        f"arn:aws:logs:{here}:log-group:/aws/lambda/{function}:log-stream:*"
        for function in (
            names.poller_function,
            names.router_function,
            names.status_page_function,
            names.courier_function,
        )
    ]
    return {
        "cloudwatch:GetMetricData": ["*"],
        "secretsmanager:GetSecretValue": [
            f"arn:aws:secretsmanager:{here}:secret:{names.secret}-??????",
            f"arn:aws:secretsmanager:{here}:secret:{names.channels_secret}-??????",
        ],
        "secretsmanager:BatchGetSecretValue": ["*"],
        "cloudwatch:PutMetricData": ["*"],
        "cloudwatch:DescribeAlarms": ["*"],
        "cloudwatch:ListAlarmMuteRules": ["*"],
        "logs:CreateLogStream": streams,
        "logs:PutLogEvents": streams,
    }


def test_roles_are_exact_both_ways(cloud: LocalCloud) -> None:
    """Granted equals used, by the functions and by AWS's services on their behalf."""
    names = cloud.deployment.names
    roles = (
        names.poller_function,
        names.router_function,
        names.status_page_function,
        names.courier_function,
        f"{cloud.deployment.name}-scheduler",
    )
    fail_both_functions(cloud)
    look(cloud, days=14)
    granted: set[Permission] = set()
    for role in roles:
        for policy in policies(cloud, role):
            granted |= {one for one in grants(role, policy) if not is_not_driven(one)}

    with cloud.emulator.permissions_file.open(encoding="utf-8") as record:
        allowed, refused = read_record(record, roles)
    found = compare(granted, allowed, refused, open_ended(cloud))

    assert not found, f"\n{found}"


@pytest.mark.parametrize(
    ("function", "action"),
    [("poller", "dynamodb:BatchGetItem"), ("router", "dynamodb:BatchGetItem")],
    ids=["poller", "router"],
)
def test_missing_permission_is_denied_and_recorded(
    cloud: LocalCloud, function: str, action: str
) -> None:
    """Control: the comparison above notices a missing permission."""
    names = cloud.deployment.names
    role = names.poller_function if function == "poller" else names.router_function
    record = cloud.emulator.permissions_file.read_bytes()
    with _without(cloud, role, action):
        cloud.emulator.clock.advance(cloud.interval)
        cloud.emulator.settle(with_schedules=True)
        lines = cloud.emulator.permissions_file.read_bytes()[len(record) :].decode().splitlines()
    cloud.emulator.permissions_file.write_bytes(record)
    cloud.pass_time(cloud.interval)

    _allowed, refused = read_record(lines, [role])

    assert {one.action for one in refused} == {action}


def test_poller_may_not_publish_to_another_namespace(cloud: LocalCloud) -> None:
    """The emulator supports the condition key that the poller's policy uses."""
    cloudwatch = _as_a_copy_of(cloud, cloud.deployment.names.poller_function, "cloudwatch")
    datum = [{"MetricName": "Balance", "Value": 1.0}]

    cloudwatch.put_metric_data(Namespace="BalanceMonitor", MetricData=datum)
    with pytest.raises(ClientError, match=DENIED):
        cloudwatch.put_metric_data(Namespace="Other", MetricData=datum)


def test_courier_may_read_no_incident(cloud: LocalCloud) -> None:
    """The emulator supports the condition key that the courier's policy uses."""
    dynamodb = _as_a_copy_of(cloud, cloud.deployment.names.courier_function, "dynamodb")
    table = cloud.deployment.names.alerts_table

    dynamodb.get_item(TableName=table, Key=encode({"scope": "subscribers", "id": "declared"}))
    with pytest.raises(ClientError, match=DENIED):
        dynamodb.get_item(TableName=table, Key=encode({"scope": "account", "id": "twice"}))
    with pytest.raises(ClientError, match=DENIED):
        dynamodb.put_item(TableName=table, Item=encode({"scope": "subscribers", "id": "x"}))


def test_poller_may_not_touch_the_routers_table(cloud: LocalCloud) -> None:
    dynamodb = _as_a_copy_of(cloud, cloud.deployment.names.poller_function, "dynamodb")

    with pytest.raises(ClientError, match=DENIED):
        dynamodb.scan(TableName=cloud.deployment.names.alerts_table)


@contextmanager
def _without(cloud: LocalCloud, role: str, action: str) -> Iterator[None]:
    """Remove an action from a role's policy during the block."""
    iam = cloud.emulator.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    short = json.loads(json.dumps(whole))
    for statement in short["Statement"]:
        actions = statement["Action"]
        listed = [actions] if isinstance(actions, str) else actions
        statement["Action"] = [one for one in listed if one != action]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(short))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(whole))


def _as_a_copy_of(cloud: LocalCloud, role: str, service: str) -> Any:
    """Return a client under a new role with the policies of ``role``."""
    iam, copy = cloud.emulator.client("iam"), f"copy-of-{role}-{service}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
    }
    iam.create_role(RoleName=copy, AssumeRolePolicyDocument=json.dumps(trust))
    for number, policy in enumerate(policies(cloud, role)):
        iam.put_role_policy(
            RoleName=copy, PolicyName=f"copy-{number}", PolicyDocument=json.dumps(policy)
        )
    credentials = cloud.emulator.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::123456789012:role/{copy}", RoleSessionName="test"
    )["Credentials"]
    return cloud.emulator.client(
        service,
        access_key=credentials["AccessKeyId"],
        secret_key=credentials["SecretAccessKey"],
        token=credentials["SessionToken"],
    )
