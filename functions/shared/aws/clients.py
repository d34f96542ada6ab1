"""AWS clients, built on first use and kept: botocore's, which boto3 wraps.

Nothing is built at import: a client made before an emulator is attached would not reach it, and
a cold start should pay only for what it uses. boto3 itself is not loaded, because nothing here
needs its sessions, resources and file transfers (docs/adr/0004).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

#: The queue and the schedule retry whole runs; botocore's standard mode covers throttling.
_CONNECT_TIMEOUT_SECONDS: Final = 3
_READ_TIMEOUT_SECONDS: Final = 10


@cache
def cloudwatch() -> CloudWatchClient:
    """Return the process's CloudWatch client."""
    return cast("CloudWatchClient", _client("cloudwatch"))


@cache
def dynamodb() -> DynamoDBClient:
    """Return the process's DynamoDB client; ``shared.aws.dynamo`` converts its items."""
    return cast("DynamoDBClient", _client("dynamodb"))


@cache
def secretsmanager() -> SecretsManagerClient:
    """Return the process's Secrets Manager client."""
    return cast("SecretsManagerClient", _client("secretsmanager"))


@cache
def sns() -> SNSClient:
    """Return the process's SNS client."""
    return cast("SNSClient", _client("sns"))


@cache
def sqs() -> SQSClient:
    """Return the process's SQS client."""
    return cast("SQSClient", _client("sqs"))


def forget_clients() -> None:
    """Drop every cached client; tests call it when the emulator behind them changes."""
    for cached in (_session, cloudwatch, dynamodb, secretsmanager, sns, sqs):
        cached.cache_clear()


@cache
def _session() -> Session:
    """Return the only session: each new one loads botocore's data again."""
    from botocore.session import Session  # noqa: PLC0415 -- nothing is built at import

    return Session()


def _client(service: str) -> BaseClient:
    """Create a client whose timeouts and retries end well before the Lambda timeout.

    Requests are not validated against the service's model first: they are built here, AWS checks
    them anyway, and validation costs an eighth of a poll's CPU (measured, 1,000 accounts).
    """
    from botocore.config import Config  # noqa: PLC0415 -- nothing is built at import

    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=_READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 4},
        parameter_validation=False,
    )
    return _session().create_client(service, config=config)
