"""boto3 clients, built on first use and kept.

Nothing is built at import: a client made before an emulator is attached would not reach it, and
a cold start should pay only for what it uses.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

#: Our own retries are the queue's and the schedule's; botocore's standard mode covers throttling.
_CONNECT_TIMEOUT_SECONDS: Final = 3
_READ_TIMEOUT_SECONDS: Final = 10


@cache
def cloudwatch() -> CloudWatchClient:
    """Return the process's CloudWatch client."""
    return _session().client("cloudwatch", config=_config())


@cache
def dynamodb() -> DynamoDBClient:
    """Return the process's DynamoDB client; ``shared.dynamo`` converts its items."""
    return _session().client("dynamodb", config=_config())


@cache
def secretsmanager() -> SecretsManagerClient:
    """Return the process's Secrets Manager client."""
    return _session().client("secretsmanager", config=_config())


@cache
def sns() -> SNSClient:
    """Return the process's SNS client."""
    return _session().client("sns", config=_config())


@cache
def sqs() -> SQSClient:
    """Return the process's SQS client."""
    return _session().client("sqs", config=_config())


def forget_clients() -> None:
    """Drop every cached client; tests call it when the emulator behind them changes."""
    for cached in (_session, cloudwatch, dynamodb, secretsmanager, sns, sqs):
        cached.cache_clear()


@cache
def _session() -> Session:
    """Return the one session: each loads botocore's data anew."""
    from boto3.session import Session  # noqa: PLC0415 -- nothing is built at import

    return Session()


def _config() -> Config:
    """Return timeouts and retries that end well before a Lambda's time does."""
    from botocore.config import Config  # noqa: PLC0415 -- nothing is built at import

    return Config(
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=_READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "max_attempts": 4},
    )
