"""The requests to AWS before Terraform runs, and its errors in our words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from balancectl.deployment.target import Target
from deployment.aws import Aws, AwsError, aws_of, read_variables


class Service:
    """A client that answers, or fails, as the test says."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append((name, parameters))
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def error(code: str) -> ClientError:
    """Return an error of AWS's."""
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Operation")


def aws(**clients: Any) -> Aws:
    """Return a deployment whose clients are given."""
    target = Target("stack", "eu-central-1")
    vars(target).update(clients)
    return Aws(target)


@pytest.mark.parametrize(("protection", "expected"), [(True, 2), (False, 0)])
def test_tables_are_protected_as_they_are(protection: bool, expected: int) -> None:
    table = {"Table": {"DeletionProtectionEnabled": protection}}

    assert len(aws(dynamodb=Service(describe_table=table)).protected_tables()) == expected


def test_a_table_that_does_not_exist_is_not_protected() -> None:
    missing = Service(describe_table=error("ResourceNotFoundException"))

    assert aws(dynamodb=missing).protected_tables() == []


def test_a_table_that_cannot_be_read_is_an_error() -> None:
    """Destroying on a guess could end half-way."""
    with pytest.raises(AwsError, match="access denied"):
        aws(dynamodb=Service(describe_table=error("AccessDeniedException"))).protected_tables()


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        ({"ARN": "arn:x", "DeletedDate": "2026-11-01"}, True),
        ({"ARN": "arn:x"}, False),
        (error("ResourceNotFoundException"), False),
    ],
    ids=["deleted", "in use", "missing"],
)
def test_a_secret_waits_only_when_it_was_deleted(answer: Any, waits: bool) -> None:
    found = aws(secretsmanager=Service(describe_secret=answer)).waiting_secret("stack/api-keys")

    assert (found is not None) is waits


def test_a_function_without_a_vpc_has_no_subnets() -> None:
    assert aws(functions=Service(get_function_configuration={})).joined_subnets() == []
    joined = {"VpcConfig": {"SubnetIds": ["subnet-1"]}}
    assert aws(functions=Service(get_function_configuration=joined)).joined_subnets() == [
        "subnet-1"
    ]


def test_messages_in_a_queue_are_counted_and_a_missing_queue_has_none() -> None:
    found = Service(
        get_queue_url={"QueueUrl": "u"},
        get_queue_attributes={"Attributes": {"ApproximateNumberOfMessages": "3"}},
    )
    missing = Service(get_queue_url=error("AWS.SimpleQueueService.NonExistentQueue"))

    assert aws(sqs=found).messages_in("q") == 3
    assert aws(sqs=missing).messages_in("q") == 0


def test_the_services_that_a_keys_policy_admits_are_read() -> None:
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Effect": "Allow", "Principal": {"Service": ["a.amazonaws.com", "b.amazonaws.com"]}},
        {"Effect": "Allow", "Principal": {"Service": "c.amazonaws.com"}},
        {"Effect": "Deny", "Principal": {"Service": "d.amazonaws.com"}},
        {"Effect": "Allow", "Principal": "*"},
    ]
    kms = Service(get_key_policy={"Policy": json.dumps({"Statement": statements})})

    class Session:
        def client(self, _name: str) -> Service:
            return kms

    services = aws(session=Session()).key_services("arn:key")

    assert services == {"a.amazonaws.com", "b.amazonaws.com", "c.amazonaws.com"}


def test_no_credentials_are_said_in_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def identity(_: Target) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(Target, "identity", property(identity))

    with pytest.raises(AwsError, match="no AWS credentials were found: set AWS_PROFILE, sign in"):
        Aws(Target("stack", "eu-central-1")).check()


def test_no_region_is_said_in_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(AwsError, match="no AWS Region is set: set region in your variables, or"):
        aws_of({}).check()


@pytest.mark.parametrize(
    ("variables", "region"), [({"region": "eu-west-3"}, "eu-west-3"), ({}, "eu-west-1")]
)
def test_the_region_is_the_one_that_terraform_uses(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")

    assert aws_of(variables).target.region_name == region


def test_variables_are_read_as_terraform_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_VAR_name", "from-environment")
    monkeypatch.setenv("TF_VAR_region", "eu-west-1")
    (tmp_path / "a.auto.tfvars").write_text('region = "eu-west-2"\n')
    mine = tmp_path / "mine.tfvars.json"
    mine.write_text(json.dumps({"region": "eu-west-3"}))

    found = read_variables(mine, tmp_path)

    assert (found["name"], found["region"]) == ("from-environment", "eu-west-3")
    assert aws_of(found).target.name == "from-environment"


def test_a_file_that_is_no_hcl_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.tfvars").write_text("name = \n")

    with pytest.raises(AwsError, match=r"mine\.tfvars, line"):
        read_variables(tmp_path / "mine.tfvars", tmp_path)


def test_only_declared_subscribers_that_are_not_email_leave_the_former_topic() -> None:
    declared = {
        "phone": {"protocol": "sms", "endpoint": "+49151"},
        "hook": {"protocol": "https", "endpoint": "https://hook.example"},
        "team": {"protocol": "email", "endpoint": "team@example.com"},
    }
    listed = [
        {"Protocol": "sms", "Endpoint": "+49151", "SubscriptionArn": "arn:phone"},
        {"Protocol": "sms", "Endpoint": "+49999", "SubscriptionArn": "arn:by-hand"},
        {"Protocol": "email", "Endpoint": "team@example.com", "SubscriptionArn": "arn:team"},
        {
            "Protocol": "https",
            "Endpoint": "https://hook.example",
            "SubscriptionArn": "PendingConfirmation",
        },
    ]
    pages = Service(build_full_result={"Subscriptions": listed})
    sns = Service(get_paginator=Service(paginate=pages), unsubscribe={})
    sns.get_paginator = lambda _: sns.answers["get_paginator"]
    deployment = aws(sns=sns, identity=("123456789012", "arn:aws:iam::123456789012:user/ada"))

    assert deployment.unsubscribe_from_former_topic(declared) == ["sms +49151"]

    assert sns.calls == [("unsubscribe", {"SubscriptionArn": "arn:phone"})]
