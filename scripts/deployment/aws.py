"""Queries AWS before Terraform runs: the caller, protected tables, secrets to be deleted.

Nothing here reads a key or changes anything without being asked to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from balancectl.cli.errors import CliError, is_missing, translate
from balancectl.configuration.hcl.nodes import plain
from balancectl.configuration.hcl.parser import parse_variables
from balancectl.deployment.endpoint import is_local
from balancectl.deployment.target import Target
from shared.names import DEFAULT_NAME

#: This program's remedies in place of balancectl's, whose options it lacks.
REMEDIES = {
    "pass --region, or set AWS_REGION": "set region in your variables, or AWS_REGION",
    "set AWS_PROFILE or pass --profile": "set AWS_PROFILE",
}


class AwsError(Exception):
    """AWS cannot be used, or lacks what is needed; the text is one line with the remedy."""


@dataclass(frozen=True, slots=True)
class WaitingSecret:
    """A secret that is scheduled for deletion, with what is in it."""

    name: str
    arn: str
    since: datetime


@dataclass(frozen=True)
class Aws:
    """The AWS account and Region of one deployment."""

    target: Target

    @property
    def place(self) -> str:
        """The deployment and its location, as shown to people."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        if endpoint and is_local(endpoint):
            return f"{self.target.name} in the local cloud at {endpoint}"
        account, region = self.target.identity[0], self.target.region_name
        return f"{self.target.name} in AWS account {account}, {region}"

    def check(self) -> None:
        """Check that there are credentials and a Region, and that AWS accepts them.

        Raises:
            AwsError: when they are missing or not accepted.
        """
        self._ask(lambda: self.target.identity)

    def protected_tables(self) -> list[str]:
        """Return the deployment's tables that are currently protected against deletion.

        Raises:
            AwsError: when a table cannot be read.
        """
        names = (self.target.names.balances_table, self.target.names.alerts_table)
        return [name for name in names if self._table(name).get("DeletionProtectionEnabled")]

    def lift_protection(self, tables: list[str]) -> None:
        """Remove the tables' deletion protection, and wait until that takes effect.

        Raises:
            AwsError: when a table cannot be changed.
        """
        for name in tables:
            self._ask(
                lambda name=name: self.target.dynamodb.update_table(
                    TableName=name, DeletionProtectionEnabled=False
                )
            )
            waiter = self.target.dynamodb.get_waiter("table_exists")
            self._ask(lambda name=name, waiter=waiter: waiter.wait(TableName=name))

    def joined_subnets(self) -> list[str]:
        """Return the subnets in which the poller has network interfaces.

        Raises:
            AwsError: when the function cannot be read.
        """
        function = self.target.names.poller_function
        found = self._ask(
            lambda: self.target.functions.get_function_configuration(FunctionName=function)
        )
        subnets: list[str] = (found or {}).get("VpcConfig", {}).get("SubnetIds", [])
        return subnets

    def messages_in(self, queue: str) -> int:
        """Return the number of messages in a queue; 0 if it does not exist.

        Raises:
            AwsError: when it cannot be read.
        """
        sqs = self.target.sqs
        url = self._ask(lambda: sqs.get_queue_url(QueueName=queue))
        if url is None:
            return 0
        found = self._ask(
            lambda: sqs.get_queue_attributes(
                QueueUrl=url["QueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
            )
        )
        return int((found or {}).get("Attributes", {}).get("ApproximateNumberOfMessages", 0))

    def key_services(self, key_arn: str) -> set[str]:
        """Return the AWS services that a KMS key's policy allows to use it.

        Raises:
            AwsError: when the policy cannot be read.
        """
        kms = self.target.session.client("kms")
        found = self._ask(lambda: kms.get_key_policy(KeyId=key_arn, PolicyName="default"))
        if found is None:
            raise AwsError(f"there is no KMS key {key_arn}")
        services: set[str] = set()
        for statement in json.loads(found["Policy"])["Statement"]:
            principal = statement.get("Principal")
            if statement["Effect"] == "Allow" and isinstance(principal, dict):
                named = principal.get("Service", [])
                services |= {named} if isinstance(named, str) else set(named)
        return services

    def unsubscribe_from_former_topic(
        self, subscribers: Mapping[str, Mapping[str, Any]]
    ) -> list[str]:
        """Remove other subscriptions from what is now the e-mail topic; return those removed.

        Until 0.1 that topic carried every form. Subscriptions that somebody made by hand stay.

        Raises:
            AwsError: when AWS refuses.
        """
        topic = self.target.topic_arn(self.target.names.notifications_topic)
        ours = {(one.get("protocol"), one.get("endpoint")) for one in subscribers.values()}
        pages = self.target.sns.get_paginator("list_subscriptions_by_topic")
        listed = self._ask(lambda: pages.paginate(TopicArn=topic).build_full_result()) or {}
        found = [
            one
            for one in listed.get("Subscriptions", ())
            if one["Protocol"] != "email"
            and (one["Protocol"], one["Endpoint"]) in ours
            # An unconfirmed subscription has no ARN, and SNS deletes it after two days.
            and one["SubscriptionArn"].startswith("arn:")
        ]
        for one in found:
            self._ask(
                lambda one=one: self.target.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
            )
        return [f"{one['Protocol']} {one['Endpoint']}" for one in found]

    def waiting_secret(self, name: str) -> WaitingSecret | None:
        """Return one of the deployment's secrets if it is scheduled for deletion.

        Raises:
            AwsError: when it cannot be read.
        """
        found = self._ask(lambda: self.target.secretsmanager.describe_secret(SecretId=name))
        if not found or "DeletedDate" not in found:
            return None
        return WaitingSecret(name, found["ARN"], found["DeletedDate"])

    def restore(self, secret: WaitingSecret) -> None:
        """Cancel the secret's deletion.

        Raises:
            AwsError: when AWS refuses.
        """
        self._ask(lambda: self.target.secretsmanager.restore_secret(SecretId=secret.arn))

    def _table(self, name: str) -> dict[str, Any]:
        """Return a table's description; empty if it does not exist."""
        found = self._ask(lambda: self.target.dynamodb.describe_table(TableName=name))
        table: dict[str, Any] = (found or {}).get("Table", {})
        return table

    @staticmethod
    def _ask(call: Any) -> Any:  # noqa: ANN401 -- each call has its own response
        """Return the response of a call; None if its resource does not exist."""
        try:
            return call()
        except CliError as exc:
            raise AwsError(in_our_words(exc)) from exc
        except (BotoCoreError, ClientError) as exc:
            if isinstance(exc, ClientError) and is_missing(exc):
                return None
            raise AwsError(in_our_words(translate(exc) or exc)) from exc


def in_our_words(exc: Exception) -> str:
    """Return an error with a remedy that fits make."""
    text = str(exc)
    for there, here in REMEDIES.items():
        text = text.replace(there, here)
    return text


def aws_of(variables: dict[str, Any]) -> Aws:
    """Return the AWS account and Region of the deployment that Terraform's variables describe.

    Terraform's provider also reads the Region from AWS_REGION, boto3 only from AWS_DEFAULT_REGION.
    """
    region = variables.get("region") or os.environ.get("AWS_REGION") or None
    return Aws(Target(variables.get("name") or DEFAULT_NAME, region))


def read_variables(var_file: Path, folder: Path) -> dict[str, Any]:
    """Return the variables as Terraform sees them, including files that it loads by itself.

    Raises:
        AwsError: when a file is not valid.
    """
    found: dict[str, Any] = {
        name.removeprefix("TF_VAR_"): value
        for name, value in os.environ.items()
        if name.startswith("TF_VAR_")
    }
    loaded = [folder / "terraform.tfvars", *sorted(folder.glob("*.auto.tfvars"))]
    for file in [*(file for file in loaded if file.exists()), var_file]:
        found |= _read(file)
    return found


def _read(file: Path) -> dict[str, Any]:
    """Return the variables of one file, in HCL or JSON."""
    try:
        found: dict[str, Any] = plain(parse_variables(file.read_text("utf-8"), file.name))
    except (CliError, OSError, UnicodeDecodeError) as exc:
        raise AwsError(str(exc)) from exc
    return found
