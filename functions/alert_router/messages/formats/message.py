"""A message in all its forms, ready to be published, and the heading that the forms share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from alert_router.incidents.incident import IncidentKey
from shared.names import MessageAttribute, Severity, Status

_SMS_TYPE: Final = "AWS.SNS.SMS.SMSType"


class Heading(NamedTuple):
    """What a message is, for whom, and its one line."""

    kind: str
    """``account``, ``alarm``, ``group``, ``digest`` or ``test``."""
    line: str
    severity: Severity
    status: Status
    now: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One message in all its forms."""

    subject: str
    email: str
    sms: str
    document: Mapping[str, Any]
    chat: Mapping[str, Any]
    severity: Severity
    status: Status
    providers: tuple[str, ...]
    accounts: tuple[str, ...]
    members: tuple[IncidentKey, ...] = ()
    """The incidents whose pending notifications this message holds."""
    group: str = ""
    """What the members remember, so that they end together; empty for a single notification."""
    is_reduced: bool = field(default=False)

    @property
    def body(self) -> str:
        """The text of Publish with ``MessageStructure=json``: one form per protocol."""
        document = json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))
        machines = dict.fromkeys(("https", "sqs", "lambda"), document)
        return json.dumps(
            {"default": self.email, "email": self.email, "sms": self.sms, **machines},
            ensure_ascii=False,
        )

    @property
    def attributes(self) -> dict[str, dict[str, str]]:
        """Attributes for filter policies, and SMS as "transactional"."""
        return {
            MessageAttribute.SEVERITY.value: _string(self.severity.value),
            MessageAttribute.STATUS.value: _string(self.status.value),
            MessageAttribute.PROVIDER.value: _strings(self.providers),
            MessageAttribute.ACCOUNT.value: _strings(self.accounts),
            # The default is "Promotional", which carriers may delay or drop.
            _SMS_TYPE: _string("Transactional"),
        }


def _string(value: str) -> dict[str, str]:
    """Return one value."""
    return {"DataType": "String", "StringValue": value}


def _strings(values: tuple[str, ...]) -> dict[str, str]:
    """Return several values as an array; a filter passes when any element matches."""
    if len(values) == 1:
        return _string(values[0])
    return {"DataType": "String.Array", "StringValue": json.dumps(list(values))}
