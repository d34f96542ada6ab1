"""The deployment that a command works on: resource names and AWS clients, built on first use.

Commands that need no AWS work without credentials.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from balancectl.cli.errors import CliError
from balancectl.cli.output import print_note
from balancectl.cli.program import program
from balancectl.deployment.endpoint import is_local
from shared.names import DEFAULT_NAME, StackNames

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_CONNECT_TIMEOUT_SECONDS: Final = 5
_READ_TIMEOUT_SECONDS: Final = 20
#: An invocation returns when the function ends, which Lambda enforces after 15 minutes.
_INVOKE_TIMEOUT_SECONDS: Final = 910


def _utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def _environment(*names: str) -> tuple[str | None, ...]:
    """Return the values of environment variables; the first one set counts."""
    return tuple(os.environ.get(name) for name in names)


@dataclass(frozen=True)
class Target:
    """A deployment, and how to reach it."""

    name: str = DEFAULT_NAME
    region: str | None = None
    """None means that of the profile or the environment."""
    profile: str | None = None
    now: Callable[[], datetime] = _utc_now
    """The current time, UTC."""

    @cached_property
    def names(self) -> StackNames:
        """The names of the deployment's resources."""
        return StackNames(self.name)

    def command(self, *words: str) -> str:
        """Return a balancectl command to paste, with the options that select this deployment.

        Options that the environment already sets are left out.
        """
        options = (
            ("--name", self.name, (os.environ.get("BALANCE_MONITOR_NAME"), DEFAULT_NAME)),
            ("--region", self.region, _environment("AWS_REGION", "AWS_DEFAULT_REGION")),
            ("--profile", self.profile, _environment("AWS_PROFILE")),
        )
        given = [
            word
            for option, value, known in options
            if value is not None and value != next(filter(None, known), None)
            for word in (option, value)
        ]
        return shlex.join([program(), *words, *given])

    @cached_property
    def session(self) -> Session:
        """The boto3 session of the profile and Region.

        Raises:
            CliError: When no Region is set.
        """
        from boto3.session import Session  # noqa: PLC0415 -- 100 ms that --help need not spend

        session = Session(profile_name=self.profile, region_name=self.region)
        if not session.region_name:
            raise CliError("no AWS Region is set: pass --region, or set AWS_REGION")
        return session

    @property
    def region_name(self) -> str:
        """The Region in use."""
        return str(self.session.region_name)

    @cached_property
    def identity(self) -> tuple[str, str]:
        """The AWS account ID and the caller's ARN."""
        answer = self._client("sts").get_caller_identity()
        return answer["Account"], answer["Arn"]

    @property
    def caller(self) -> str:
        """The caller's short name: "alice", or "deploy/alice" for a role's session."""
        return self.identity[1].rpartition(":")[2].partition("/")[2] or "root"

    def topic_arn(self, topic: str) -> str:
        """Return the ARN of the deployment's topic ``topic``."""
        account, caller = self.identity
        partition = caller.split(":")[1]
        return f"arn:{partition}:sns:{self.region_name}:{account}:{topic}"

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    @cached_property
    def scheduler(self) -> EventBridgeSchedulerClient:
        """EventBridge Scheduler."""
        client: EventBridgeSchedulerClient = self._client("scheduler")
        return client

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        client: SNSClient = self._client("sns")
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        client: SQSClient = self._client("sqs")
        return client

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """CloudWatch."""
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda, without retries, waiting as long as a function may run."""
        client: LambdaClient = self._client(
            "lambda", read_timeout=_INVOKE_TIMEOUT_SECONDS, attempts=1, tcp_keepalive=True
        )
        return client

    def _client(
        self,
        service: str,
        *,
        read_timeout: int = _READ_TIMEOUT_SECONDS,
        attempts: int = 4,
        tcp_keepalive: bool = False,
    ) -> Any:  # noqa: ANN401 -- the stubs' overloads need a literal service name
        """Build a client with short timeouts."""
        from botocore.config import Config  # noqa: PLC0415 -- as for the session

        client = self.session.client(  # type: ignore[call-overload]  # service is not a literal
            service,
            config=Config(
                connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                read_timeout=read_timeout,
                retries={"mode": "standard", "total_max_attempts": attempts},
                tcp_keepalive=tcp_keepalive,
            ),
        )
        self._announce(client.meta.endpoint_url)
        return client

    def _announce(self, endpoint: str) -> None:
        """Print once that commands reach an emulator, so that nobody mistakes it for AWS.

        Raises:
            CliError: When the endpoint is neither encrypted nor on this machine.
        """
        if is_local(endpoint) and not vars(self).get("_is_announced"):
            vars(self)["_is_announced"] = True
            print_note(f"local cloud at {endpoint}")
