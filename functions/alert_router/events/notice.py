"""Parses notices from other AWS services, which have no state and no end. Pure.

Formats as AWS's user guides document them, read 2026-11: Cost Anomaly Detection ("Getting started",
a message to a topic), AWS Health ("EventBridge schema"), AWS Backup ("Monitoring events using
EventBridge"), GuardDuty ("EventBridge notifications of findings") and Security Hub ("EventBridge
event formats"). AWS Budgets sends text, in which only lines such as "Budget Name:" have a form.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from shared.names import Severity
from shared.text import one_line

Document = Mapping[str, Any]

_MOST_LINES: Final = 60
_BUDGET_FIELD: Final = re.compile(r"^([A-Z][A-Za-z ]{2,30}): +(\S.*)$", re.MULTILINE)

#: GuardDuty: "High: 7.0 - 8.9", "Critical: 9.0 - 10.0".
_HIGH_FINDING: Final = 7
_GOOD_JOBS: Final = frozenset({"COMPLETED", "CREATED", "PENDING", "RUNNING"})
_HANDLED: Final = frozenset({"NOTIFIED", "RESOLVED", "SUPPRESSED"})


class Notice(NamedTuple):
    """A single event reported by another service."""

    id: str
    """Identical for repeated deliveries of a notice."""
    source: str
    """The sender: "AWS Budgets"; empty if unknown."""
    title: str
    lines: tuple[str, ...]
    severity: Severity = Severity.WARNING
    url: str = ""
    remembered: timedelta = timedelta(days=1)
    """For how long the same notice is not passed on again."""


def read_notice(document: Document) -> Notice | None:
    """Parse a notice; None for any other document, or if nothing is wrong.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: when it lacks its content.
    """
    if "anomalyId" in document and "monitorArn" in document:
        return _anomaly(document)
    parse = _EVENTS.get(document.get("source", ""))
    return parse(document, document["detail"]) if parse is not None else None


def is_notice_event(document: Document) -> bool:
    """Whether this is an event of a service whose notices are read."""
    return document.get("source") in _EVENTS


def text_notice(text: str) -> Notice:
    """Return a text as a notice: from AWS Budgets, or from anybody."""
    fields = dict(_BUDGET_FIELD.findall(text))
    name = fields.get("Budget Name")
    lines = tuple(filter(None, map(one_line, text.splitlines())))[:_MOST_LINES]
    if name is None:
        return Notice(_id(text), "", lines[0] if lines else "an empty text", lines)
    kind = fields.get("Alert Type", "").upper()
    amount, limit = fields.get(f"{kind} Amount", ""), fields.get("Alert Threshold", "")
    facts = ", ".join(filter(None, (f"{kind} {amount}".strip(), limit and f"threshold {limit}")))
    title = one_line(f"budget {name}: {facts}" if facts else f"budget {name}")
    return Notice(_id(text), "AWS Budgets", title, lines)


def _anomaly(document: Document) -> Notice:
    """Read a message of Cost Anomaly Detection."""
    impact = document["impact"]
    causes = [
        " ".join(
            one_line(str(cause[name]))
            for name in ("service", "usageType", "region", "linkedAccountName", "linkedAccount")
            if cause.get(name)
        )
        for cause in document.get("rootCauses", ())
    ]
    what = document.get("dimensionalValue") or "unusual spend"
    return Notice(
        id=_id(f"{document['anomalyId']}/{impact.get('totalImpact')}"),
        source="Cost Anomaly Detection",
        title=one_line(f"{what}: {impact['totalImpact']} US dollars more than expected"),
        lines=_lines(
            Actual=impact.get("totalActualSpend"),
            Expected=impact.get("totalExpectedSpend"),
            From=document.get("anomalyStartDate"),
            To=document.get("anomalyEndDate"),
            Causes="; ".join(filter(None, causes)),
            Account=document.get("accountId"),
        ),
        url=_link(document.get("anomalyDetailsLink")),
    )


def _health(event: Document, detail: Document) -> Notice:
    """Read an event of AWS Health; exposed credentials are critical."""
    texts = [each["latestDescription"] for each in detail.get("eventDescription", ())]
    code = detail["eventTypeCode"]
    is_risk = detail["service"] == "RISK" and detail.get("eventTypeCategory") == "issue"
    return Notice(
        id=_id(f"{detail['eventArn']}/{detail.get('statusCode')}/{detail.get('communicationId')}"),
        source="AWS Health",
        title=one_line(f"{detail['service']} {code} in {event.get('region', '')}"),
        lines=_lines(
            Status=detail.get("statusCode"),
            From=detail.get("startTime"),
            To=detail.get("endTime"),
            Affects=", ".join(map(str, event.get("resources", ()))),
            Description=" ".join(texts[:1]),
        ),
        severity=Severity.CRITICAL if is_risk else Severity.WARNING,
    )


def _backup(event: Document, detail: Document) -> Notice | None:
    """Read an event of AWS Backup; None for a job that did not fail."""
    state = detail.get("state") or detail["status"]
    if state in _GOOD_JOBS:
        return None
    job = str(event["detail-type"]).removesuffix(" State Change")
    return Notice(
        id=_id(event["id"]),
        source="AWS Backup",
        title=one_line(f"{job} {state}: {detail.get('resourceArn') or detail.get('resourceType')}"),
        lines=_lines(
            Vault=detail.get("backupVaultName"),
            Reason=detail.get("statusMessage"),
            Account=event.get("account"),
            Region=event.get("region"),
        ),
    )


def _guardduty(event: Document, detail: Document) -> Notice:
    """Read a finding of GuardDuty."""
    is_high = float(detail["severity"]) >= _HIGH_FINDING
    return Notice(
        id=_id(str(detail["id"])),
        source="GuardDuty",
        title=one_line(detail["title"]),
        lines=_lines(
            Type=detail.get("type"),
            Severity=detail["severity"],
            Account=detail.get("accountId") or event.get("account"),
            Region=detail.get("region") or event.get("region"),
            Description=detail.get("description"),
        ),
        severity=Severity.CRITICAL if is_high else Severity.WARNING,
    )


def _security_hub(event: Document, detail: Document) -> Notice | None:
    """Read a finding of Security Hub, one per event; None for a finding that was handled."""
    finding = detail["findings"][0]
    is_handled = (
        finding.get("RecordState") == "ARCHIVED"
        or finding.get("Workflow", {}).get("Status") in _HANDLED
        or finding.get("Compliance", {}).get("Status") == "PASSED"
    )
    if is_handled:
        return None
    label = finding["Severity"]["Label"]
    return Notice(
        id=_id(str(finding["Id"])),
        source="Security Hub",
        title=one_line(finding["Title"]),
        lines=_lines(
            Severity=label,
            Affects=", ".join(str(each["Id"]) for each in finding.get("Resources", ())),
            Account=finding.get("AwsAccountId") or event.get("account"),
            Region=finding.get("Region") or event.get("region"),
            Description=finding.get("Description"),
        ),
        severity=Severity.CRITICAL if label in ("CRITICAL", "HIGH") else Severity.WARNING,
        url=_link(finding.get("SourceUrl")),
    )


_EVENTS: Final[Mapping[str, Callable[[Document, Document], Notice | None]]] = {
    "aws.backup": _backup,
    "aws.guardduty": _guardduty,
    "aws.health": _health,
    "aws.securityhub": _security_hub,
}


def _lines(**values: object) -> tuple[str, ...]:
    """Return a line for each value that is known."""
    shown = {name: one_line(str(value)) for name, value in values.items() if value is not None}
    return tuple(f"{name}: {value}" for name, value in shown.items() if value)


def _link(url: object) -> str:
    """Return an https link without spaces; empty for anything else."""
    is_link = isinstance(url, str) and url.startswith("https://") and one_line(url, 500) == url
    return str(url) if is_link and " " not in str(url) else ""


def _id(what: object) -> str:
    """Return a short digest of what identifies a notice."""
    text = what if isinstance(what, str) else json.dumps(what, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
