"""The emulator refuses what AWS refuses, and nothing that the stack sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from balancectl.localcloud.emulator.process import start_emulator
from balancectl.localcloud.inbox import Inbox
from tests.e2e.conftest import refusals

if TYPE_CHECKING:
    from balancectl.localcloud.cloud import LocalCloud
    from balancectl.localcloud.emulator.emulator import Emulator

UNCHECKED = Config(parameter_validation=False)
FOREIGN = "arn:aws:secretsmanager:eu-central-1:999999999999:secret:team/keys-AbCdEf"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A separate emulator, so that its refusals affect no other test."""
    running = start_emulator(tmp_path_factory.mktemp("rules") / "cloud")
    yield running
    running.stop()


def test_deployment_and_story_send_nothing_that_aws_refuses(cloud: LocalCloud) -> None:
    assert refusals(cloud) == []


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code"),
    [
        ("sns", "create_topic", {}, "InvalidParameter"),
        ("sns", "publish", {"TopicArn": "x", "Message": "x" * 262_145}, "InvalidParameter"),
        ("sqs", "send_message", {"QueueUrl": "x", "MessageBody": ""}, "InvalidParameterValue"),
        ("lambda", "get_function", {"FunctionName": "a/b c"}, "ValidationException"),
        ("dynamodb", "describe_table", {"TableName": ""}, "ValidationException"),
        ("cloudwatch", "describe_alarms", {"MaxRecords": 101}, "ValidationError"),
        ("iam", "get_role", {"RoleName": "a b"}, "ValidationError"),
        ("scheduler", "get_schedule", {"Name": "a b"}, "ValidationException"),
        (
            "cloudwatch",
            "put_metric_data",
            {
                "Namespace": "BalanceMonitor",
                "MetricData": [{"MetricName": "Balance", "Value": 1, "Timestamp": 1_000_000_000}],
            },
            "InvalidParameterValue",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusal_reaches_the_caller_as_awss_error(
    emulator: Emulator, service: str, operation: str, request_: dict[str, Any], code: str
) -> None:
    """Terraform, the functions and balancectl see the code, whatever their protocol."""
    client = emulator.client(service, config=UNCHECKED)

    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**request_)

    assert refused.value.response["Error"]["Code"] == code


def test_filter_policy_that_sns_does_not_take_is_refused(emulator: Emulator) -> None:
    sns = emulator.client("sns")
    topic = sns.create_topic(Name="filters")["TopicArn"]
    keys = ", ".join(f'"k{number}": ["v"]' for number in range(6))

    with pytest.raises(ClientError, match="more than 5 keys"):
        sns.subscribe(
            TopicArn=topic,
            Protocol="email",
            Endpoint="team@example.com",
            Attributes={"FilterPolicy": f"{{{keys}}}"},
        )


@pytest.mark.parametrize(("structure", "is_kept"), [("json", False), (None, True)])
def test_attributes_go_with_plain_messages_only(
    emulator: Emulator, structure: str | None, is_kept: bool
) -> None:
    """A filter policy sees them only there, too."""
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=f"attributes-{structure}")["TopicArn"]
    for endpoint, policy in (("all@example.com", "{}"), ("some@example.com", '{"to": ["x"]}')):
        sns.subscribe(
            TopicArn=topic,
            Protocol="email",
            Endpoint=endpoint,
            Attributes={"FilterPolicy": policy},
        )
    inbox = Inbox(emulator.mailbox_file)
    inbox.read_new()

    sns.publish(
        TopicArn=topic,
        Message='{"default": "text"}',
        MessageAttributes={"to": {"DataType": "String", "StringValue": "x"}},
        **({"MessageStructure": structure} if structure else {}),
    )

    received = {message.endpoint: message.attribute("to") for message in inbox.read_new()}
    everybody = {"all@example.com": "x", "some@example.com": "x"}
    assert received == (everybody if is_kept else {"all@example.com": ""})


def test_secret_without_a_value_is_not_found(emulator: Emulator) -> None:
    client = emulator.client("secretsmanager")
    created = client.create_secret(Name="empty")

    with pytest.raises(ClientError, match="can't find the specified secret value"):
        client.get_secret_value(SecretId="empty")
    batch = client.batch_get_secret_value(SecretIdList=["empty"])

    assert "VersionId" not in created
    assert batch["SecretValues"] == []
    assert [error["ErrorCode"] for error in batch["Errors"]] == ["ResourceNotFoundException"]


def test_first_version_becomes_current_whatever_its_labels(emulator: Emulator) -> None:
    client = emulator.client("secretsmanager")
    client.create_secret(Name="first")

    put = client.put_secret_value(SecretId="first", SecretString="a", VersionStages=["private"])
    client.update_secret_version_stage(
        SecretId="first", VersionStage="AWSCURRENT", MoveToVersionId=put["VersionId"]
    )

    assert set(put["VersionStages"]) == {"private", "AWSCURRENT"}
    assert client.get_secret_value(SecretId="first")["SecretString"] == "a"


def test_batch_reads_no_secret_of_another_account(emulator: Emulator) -> None:
    client = emulator.client("secretsmanager")
    client.create_secret(Name="own", SecretString="value")

    both = client.batch_get_secret_value(SecretIdList=["own", FOREIGN])
    alone = client.batch_get_secret_value(SecretIdList=[FOREIGN])

    assert [value["Name"] for value in both["SecretValues"]] == ["own"]
    assert [error["SecretId"] for error in both["Errors"]] == [FOREIGN]
    assert (alone["SecretValues"], len(alone["Errors"])) == ([], 1)


def test_refusal_is_logged_without_the_value_of_a_secret(emulator: Emulator) -> None:
    client = emulator.client("secretsmanager", config=UNCHECKED)

    with pytest.raises(ClientError):
        client.create_secret(Name="large", SecretString="canary-key" * 7_000)

    log = Path(emulator.folder / "emulator.log").read_text("utf-8")
    assert "refused as AWS would" in log
    assert "canary-key" not in log
