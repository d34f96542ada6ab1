"""Where a person goes from a message. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from alert_router.incidents.incident import Trouble
from shared.names import AlarmKind, AlarmName, Severity

if TYPE_CHECKING:
    from alert_router.messages.notification import Notice

_CONSOLES: Final = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}

#: The alarm to look at, of those that may stand for a trouble.
_KINDS: Final = {
    Trouble.LOW: (
        AlarmKind.CRITICAL,
        AlarmKind.RUNWAY_CRITICAL,
        AlarmKind.WARNING,
        AlarmKind.RUNWAY_WARNING,
    ),
    Trouble.STALE: (AlarmKind.STALE,),
    Trouble.DRAIN: (AlarmKind.DRAIN,),
    Trouble.EXPIRY: (AlarmKind.EXPIRY,),
}


class Links(NamedTuple):
    """What links are made of; empty where there is none."""

    stack_name: str = ""
    partition: str = "aws"
    region: str = ""
    aws_account: str = ""
    dashboard_url: str = ""
    runbook_url: str = ""

    def alarm(self, notice: Notice) -> str:
        """Return the alarm's page in the CloudWatch console."""
        if notice.note is not None:
            region, name = notice.note.region, notice.note.alarm_name
        else:
            kind = _kind(notice)
            region = self.region
            name = AlarmName(notice.account, kind).format(self.stack_name) if kind else ""
        # A display name ("EU (Ireland)") is no Region that a link could name.
        if not name or not region or not region.replace("-", "").isalnum():
            return ""
        console = _CONSOLES.get(self.partition, "console.aws.amazon.com")
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

    def runbook(self, notice: Notice) -> str:
        """Return the runbook's heading for the alarm."""
        kind = _kind(notice)
        return f"{self.runbook_url}#{kind.value}" if self.runbook_url and kind else ""


def _kind(notice: Notice) -> AlarmKind | None:
    """Return the alarm that a message is about."""
    kinds = _KINDS.get(notice.leading, ())
    firing = (kind for kind in kinds if kind.value in notice.firing)
    is_first = notice.audience is Severity.CRITICAL or len(kinds) == 1
    usual = kinds[0 if is_first else 2] if kinds else None
    return next(firing, usual)
