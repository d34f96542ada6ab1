"""Links from a message to consoles and documents. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from alert_router.incidents.incident import Problem
from alert_router.incidents.lifecycle.assessment import is_below
from shared.names import CONSOLE_HOSTS, DEFAULT_NAME, PUSHED, AlarmKind, AlarmName, Severity

if TYPE_CHECKING:
    from alert_router.incidents.notification import Notification

#: The alarm of each problem that has one only.
_KINDS: Final = {
    Problem.STALE: AlarmKind.STALE,
    Problem.DRAIN: AlarmKind.DRAIN,
    Problem.EXPIRY: AlarmKind.EXPIRY,
}

#: The alarms about a low balance: by what is left, and by how long it lasts.
_LOW_KINDS: Final = {
    Severity.CRITICAL: (AlarmKind.CRITICAL, AlarmKind.RUNWAY_CRITICAL),
    Severity.WARNING: (AlarmKind.WARNING, AlarmKind.RUNWAY_WARNING),
}

#: The runbook's advice for each alarm in one line, for teams that do not publish a runbook.
ADVICE: Final = {
    AlarmKind.WARNING: "top up, or lower the threshold if this level is no cause for concern",
    AlarmKind.CRITICAL: "top up now, or stop what can wait: calls will soon fail",
    AlarmKind.STALE: (
        "balancectl status says why; replace a rejected key, wait for an outage to end"
    ),
    AlarmKind.RUNWAY_WARNING: "top up, or find out what consumes more than planned",
    AlarmKind.RUNWAY_CRITICAL: "top up now, or stop what can wait: it will soon be empty",
    AlarmKind.DRAIN: "find out who is using the key; if nobody knows, revoke it at the provider",
    AlarmKind.EXPIRY: "use the credit, or renew the key, before it expires",
}


#: Instead of the one for STALE, where no provider is asked.
ADVICE_UNPUSHED: Final = "find out why the job that pushes the balance no longer does"


class Links(NamedTuple):
    """The parts of links; empty where there is no link."""

    stack_name: str = ""
    partition: str = "aws"
    region: str = ""
    aws_account: str = ""
    dashboard_url: str = ""
    runbook_url: str = ""

    def alarm(self, notification: Notification) -> str:
        """Return the alarm's page in the CloudWatch console."""
        if notification.foreign_alarm is not None:
            region, name = notification.foreign_alarm.region, notification.foreign_alarm.alarm_name
        else:
            kind = _kind(notification)
            region = self.region
            name = AlarmName(notification.account, kind).format(self.stack_name) if kind else ""
        # A link needs the Region's code, not its display name ("EU (Ireland)").
        if not name or not region or not region.replace("-", "").isalnum():
            return ""
        console = CONSOLE_HOSTS.get(self.partition, CONSOLE_HOSTS["aws"])
        page = f"#alarmsV2:alarm/{quote(name, safe='')}"
        return f"https://{region}.{console}/cloudwatch/home?region={region}{page}"

    def is_here(self, alarm_arn: str) -> bool:
        """Whether an alarm is in the deployment's own account and Region."""
        return alarm_arn.split(":")[1:5] == [
            self.partition,
            "cloudwatch",
            self.region,
            self.aws_account,
        ]

    def runbook(self, notification: Notification) -> str:
        """Return the runbook's heading for the alarm."""
        kind = _kind(notification)
        return f"{self.runbook_url}#{kind.value}" if self.runbook_url and kind else ""

    def advice(self, notification: Notification) -> str:
        """Return the runbook's advice, if there is no runbook to link to."""
        kind = _kind(notification)
        if not kind or self.runbook_url:
            return ""
        is_unpushed = kind is AlarmKind.STALE and notification.provider == PUSHED
        return ADVICE_UNPUSHED if is_unpushed else ADVICE[kind]

    def command(self, words: str) -> str:
        """Return a command that can be pasted: it names the deployment."""
        name = "" if self.stack_name in ("", DEFAULT_NAME) else f" --name {self.stack_name}"
        region = f" --region {self.region}" if self.region else ""
        return f"balancectl {words}{name}{region}"


def _kind(notification: Notification) -> AlarmKind | None:
    """Return the alarm that a message is about."""
    if notification.leading is Problem.LOW:
        return _low_kind(notification)
    return _KINDS.get(notification.leading)


def _low_kind(notification: Notification) -> AlarmKind:
    """Return the alarm about a low balance, of the message's severity.

    Of several, it is the one that still applies: an alarm clears some polls after its cause, so one
    that fires may be about to clear. The record may show a critical balance before its alarm fires.
    """
    by_balance, by_runway = _LOW_KINDS[notification.severity]
    latest = notification.latest
    if latest is None:
        return by_runway if notification.firing == {by_runway} else by_balance
    limits, hours = latest.thresholds, latest.good.at_least_hours
    if is_below(notification.balance, getattr(limits, by_balance.value)):
        return by_balance
    least = getattr(limits, f"{by_runway.value.replace('-', '_')}_hours")
    lasts_short = by_runway in notification.firing or is_below(hours, least)
    return by_runway if lasts_short else by_balance
