"""Links from a message to consoles and documents. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from alert_router.incidents.incident import Problem
from shared.names import CONSOLE_HOSTS, DEFAULT_NAME, PUSHED, AlarmKind, AlarmName, Severity

if TYPE_CHECKING:
    from alert_router.incidents.notification import Notification

#: The alarms of each problem, in order of preference for a link.
_KINDS: Final = {
    Problem.LOW: (
        AlarmKind.CRITICAL,
        AlarmKind.RUNWAY_CRITICAL,
        AlarmKind.WARNING,
        AlarmKind.RUNWAY_WARNING,
    ),
    Problem.STALE: (AlarmKind.STALE,),
    Problem.DRAIN: (AlarmKind.DRAIN,),
    Problem.EXPIRY: (AlarmKind.EXPIRY,),
}


#: The runbook's advice for each alarm in one line, for teams that do not publish a runbook.
ADVICE: Final = {
    AlarmKind.WARNING: "top up, or lower the threshold if this level worries nobody",
    AlarmKind.CRITICAL: "top up now, or stop what can wait: calls will soon fail",
    AlarmKind.STALE: (
        "balancectl status says why; a rejected key needs a new one, an outage needs patience"
    ),
    AlarmKind.RUNWAY_WARNING: "top up, or find out what consumes more than planned",
    AlarmKind.RUNWAY_CRITICAL: "top up now, or stop what can wait: it will soon be empty",
    AlarmKind.DRAIN: "find out who uses the key; if nobody knows, revoke it at the provider",
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
    kinds = _KINDS.get(notification.leading, ())
    firing = (kind for kind in kinds if kind.value in notification.firing)
    is_first = notification.audience is Severity.CRITICAL or len(kinds) == 1
    usual = kinds[0 if is_first else 2] if kinds else None
    return next(firing, usual)
