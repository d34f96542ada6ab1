"""Every name that crosses a boundary: metrics, dimensions, alarms, attributes, resources.

Terraform uses the same names (``infra/terraform/modules/configuration/names.tf``); a test
compares the two.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

DEFAULT_NAME: Final = "balance-monitor"
DEFAULT_NAMESPACE: Final = "BalanceMonitor"

#: The form of an account's name. It is a metric dimension, a part of alarm names and a JSON key
#: of the secret, so it has no slash, no ``#`` and no space.
ACCOUNT_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

#: The provider of accounts whose balance is pushed instead of polled.
PUSHED: Final = "pushed"
#: Its display name.
PUSHED_TITLE: Final = "Pushed"
#: The poller's alias that accepts pushed balances, and nothing else.
PUSH_ALIAS: Final = "push"

#: A balance's unit: a currency, or the provider's own word such as ``credits``.
UNIT_PATTERN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}")

#: The range key of the one item per account that holds its current state.
LATEST: Final = "LATEST"


class Metric(StrEnum):
    """Per-account series in the monitor's namespace, dimensions ``Account`` and ``Provider``."""

    BALANCE = "Balance"
    RUNWAY_HOURS = "RunwayHours"
    BURN_PER_DAY = "BurnPerDay"
    DRAIN_FACTOR = "DrainFactor"
    EXPIRES_IN_DAYS = "ExpiresInDays"


#: The consoles' hosts by partition, behind the Region and a dot.
CONSOLE_HOSTS: Final = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class RunMetric(StrEnum):
    """The functions' own metric in ``run_namespace``, published only when it is not zero.

    CloudWatch bills a custom metric by the hours in which it was published, so a monitor without
    faults costs nothing. The log line ``fault`` has the kind.
    """

    FAULTS = "Faults"


class Dimension(StrEnum):
    """Metric dimensions of a per-account series, which has exactly these."""

    ACCOUNT = "Account"
    PROVIDER = "Provider"


class AlarmKind(StrEnum):
    """The last part of an alarm's name: what is wrong with the account."""

    WARNING = "warning"
    CRITICAL = "critical"
    STALE = "stale"
    RUNWAY_WARNING = "runway-warning"
    RUNWAY_CRITICAL = "runway-critical"
    DRAIN = "drain"
    EXPIRY = "expiry"


class Severity(StrEnum):
    """How urgent a message is; a subscriber's filter policy matches on it."""

    WARNING = "warning"
    CRITICAL = "critical"


class Status(StrEnum):
    """What has happened to an alert; a subscriber's filter policy may match on it."""

    FIRING = "firing"
    RESOLVED = "resolved"
    REMINDER = "reminder"
    DIGEST = "digest"
    REPORT = "report"
    TEST = "test"


class MessageAttribute(StrEnum):
    """SNS message attributes that every message carries, for filter policies."""

    TO = "to"
    """Names of the subscribers that the message is for."""
    SEVERITY = "severity"
    STATUS = "status"
    PROVIDER = "provider"
    ACCOUNT = "account"


#: The value of ``provider`` and ``account`` in messages that are not about an account.
NO_SUBJECT: Final = "-"


#: The item of table ``alerts`` that holds the declared subscribers. As in Terraform.
SUBSCRIBERS_KEY: Final = {"scope": "subscribers", "id": "declared"}

#: The scope of table ``alerts`` in which Terraform lists the subscribers of weekly reports.
REPORTS: Final = "reports"
#: The scope of table ``alerts`` that holds leases.
LEASES: Final = "lease"


def selftest_lease(account: str, severity: Severity, at: str) -> str:
    """Return the id of the lease that the router takes for a test message requested ``at``."""
    return f"test/{account}/{severity}/{at}"


def default_namespace(stack_name: str) -> str:
    """Return the namespace of the accounts' metrics, unless Terraform's variable sets another."""
    return DEFAULT_NAMESPACE if stack_name == DEFAULT_NAME else f"{DEFAULT_NAMESPACE}/{stack_name}"


def run_namespace(namespace: str) -> str:
    """Return the namespace of the functions' own metrics, next to the accounts' ``namespace``."""
    return f"{namespace}/Runs"


class AlarmName(NamedTuple):
    """An alarm of one account, as its name says: ``<stack>/<account>/<kind>``."""

    account: str
    kind: AlarmKind

    @classmethod
    def parse(cls, alarm_name: str, stack_name: str) -> AlarmName | None:
        """Read ``alarm_name``; None when it is not one of the stack's account alarms."""
        stack, _, rest = alarm_name.partition("/")
        account, _, kind = rest.partition("/")
        if stack != stack_name or not ACCOUNT_PATTERN.fullmatch(account):
            return None
        try:
            return cls(account, AlarmKind(kind))
        except ValueError:
            return None

    def format(self, stack_name: str) -> str:
        """Return the alarm's full name in the stack ``stack_name``."""
        return f"{stack_name}/{self.account}/{self.kind}"


class StackNames(NamedTuple):
    """The names of one deployment's resources, all derived from Terraform's ``name``."""

    name: str

    @property
    def poller_function(self) -> str:
        """The Lambda function that polls."""
        return f"{self.name}-balance-poller"

    @property
    def push_alias(self) -> str:
        """The poller's alias that takes pushed balances."""
        return PUSH_ALIAS

    @property
    def router_function(self) -> str:
        """The Lambda function that routes alerts."""
        return f"{self.name}-alert-router"

    @property
    def courier_function(self) -> str:
        """The Lambda function that posts to channels; it exists if one is used."""
        return f"{self.name}-courier"

    @property
    def status_page_function(self) -> str:
        """The optional Lambda function behind the dashboard's widget."""
        return f"{self.name}-status-page"

    @property
    def schedule_group(self) -> str:
        """The EventBridge Scheduler group that contains the poll schedules and the router's."""
        return self.name

    @property
    def poll_schedule_prefix(self) -> str:
        """The prefix of the poll schedules; the shard's number follows."""
        return f"{self.name}-poll-"

    @property
    def reconcile_schedule(self) -> str:
        """The schedule on which the router reconciles open incidents, under its name in 0.1."""
        return f"{self.name}-tick"

    @property
    def alarm_deleted_rule(self) -> str:
        """The EventBridge rule that sends the router the events about deleted alarms."""
        return f"{self.name}-alarm-deleted"

    @property
    def report_schedule(self) -> str:
        """The schedule of the weekly reports; it exists if somebody wants them."""
        return f"{self.name}-weekly-report"

    @property
    def balances_table(self) -> str:
        """The DynamoDB table of polled balances."""
        return f"{self.name}-balances"

    @property
    def alerts_table(self) -> str:
        """The DynamoDB table of the router's incidents and silences."""
        return f"{self.name}-alerts"

    @property
    def secret(self) -> str:
        """The secret that holds all accounts' keys unless an account names another."""
        return f"{self.name}/api-keys"

    @property
    def channels_secret(self) -> str:
        """The secret that holds the channels' addresses; it exists if one is used."""
        return f"{self.name}/channels"

    @property
    def channels_queue(self) -> str:
        """The SQS queue between topic ``notifications-events`` and the courier."""
        return f"{self.name}-channels"

    @property
    def heartbeat_secret(self) -> str:
        """The optional secret that holds the address of each shard's heartbeat."""
        return f"{self.name}/heartbeat"

    @property
    def alarms_topic(self) -> str:
        """The SNS topic that every account's alarms publish to."""
        return f"{self.name}-alarms"

    @property
    def intake_queue(self) -> str:
        """The SQS queue between topic ``alarms`` and the router."""
        return f"{self.name}-alarms"

    @property
    def notifications_topic(self) -> str:
        """The SNS topic of e-mails about accounts."""
        return f"{self.name}-notifications"

    @property
    def sms_topic(self) -> str:
        """The SNS topic of SMS about accounts; it exists if somebody gets SMS."""
        return f"{self.name}-notifications-sms"

    @property
    def events_topic(self) -> str:
        """The SNS topic of JSON documents, for https, sqs and lambda; it exists if used."""
        return f"{self.name}-notifications-events"

    @property
    def operations_topic(self) -> str:
        """The SNS topic of the monitor's own alarms."""
        return f"{self.name}-operations"

    @property
    def chat_topic(self) -> str:
        """The optional SNS topic in the format of Amazon Q Developer in chat applications."""
        return f"{self.name}-chat"
