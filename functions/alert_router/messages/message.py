"""A message, ready to be published. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alert_router.incidents.incident import Subject
from shared.names import MessageAttribute, Severity, Status

_SMS_TYPE: Final = "AWS.SNS.SMS.SMSType"


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
    members: tuple[Subject, ...] = ()
    """The episodes whose owed message this is."""
    group: str = ""
    """What the members remember, so that it ends together; empty for one told alone."""
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
        """The attributes by which subscribers filter, and SMS as "transactional"."""
        return {
            MessageAttribute.SEVERITY.value: _string(self.severity.value),
            MessageAttribute.STATUS.value: _string(self.status.value),
            MessageAttribute.PROVIDER.value: _strings(self.providers),
            MessageAttribute.ACCOUNT.value: _strings(self.accounts),
            # SNS sends "Promotional" unless told otherwise, which carriers may delay or drop.
            _SMS_TYPE: _string("Transactional"),
        }


def _string(value: str) -> dict[str, str]:
    """Return one value."""
    return {"DataType": "String", "StringValue": value}


def _strings(values: tuple[str, ...]) -> dict[str, str]:
    """Return several values as an array, of which a filter needs one to match."""
    if len(values) == 1:
        return _string(values[0])
    return {"DataType": "String.Array", "StringValue": json.dumps(list(values))}
