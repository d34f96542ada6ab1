"""A message in all its forms, ready to be published, and their common heading. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, assert_never

from alert_router.incidents.incident import IncidentKey
from alert_router.incidents.subscriber import Form
from alert_router.messages.formats.limits import (
    MAX_MESSAGE,
    cut_text,
    cut_texts,
    sms_with_note,
)
from shared.names import MessageAttribute, Severity, Status

_SMS_TYPE: Final = "AWS.SNS.SMS.SMSType"

#: The length of the text in the JSON document, in characters: what chats show of a message.
_MOST_TEXT: Final = 4_000

#: The length to which foreign texts are cut in a message that is too large, in characters.
_TEXT_LIMITS: Final = (4000, 1000, 250)


class Heading(NamedTuple):
    """A message's kind, audience and one-line text."""

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
    """What the members remember, to end together; empty for a single notification."""
    is_reduced: bool = field(default=False)

    def text(self, form: Form) -> str:
        """Return what is published in ``form``."""
        match form:
            case Form.EMAIL:
                return self.email
            case Form.SMS:
                return self.sms
            case Form.EVENTS:
                document = {**self.document, "text": cut_text(self.email, _MOST_TEXT)}
                return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
            case _:
                assert_never(form)

    def with_held_back(self, count: int) -> Message:
        """Return the message whose SMS says how many before it were held back."""
        return replace(self, sms=sms_with_note(self.sms, f"{count} more were held back."))

    def attributes(self, to: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the attributes for filter policies: recipients and topic."""
        return {
            MessageAttribute.TO.value: _strings(to),
            MessageAttribute.SEVERITY.value: _string(self.severity.value),
            MessageAttribute.STATUS.value: _string(self.status.value),
            MessageAttribute.PROVIDER.value: _strings(self.providers),
            MessageAttribute.ACCOUNT.value: _strings(self.accounts),
            # The default is "Promotional", which carriers may delay or drop.
            _SMS_TYPE: _string("Transactional"),
        }

    def size_bytes(self, to: Sequence[str] = ()) -> int:
        """Return the size of its largest form with attributes, as SNS counts it."""
        attributes = sum(
            len(f"{name}{value['DataType']}{value['StringValue']}".encode())
            for name, value in self.attributes(to).items()
        )
        return attributes + max(len(self.text(form).encode()) for form in Form)

    def shortened(self) -> Message:
        """Return the message with its texts cut until SNS accepts it; it keeps its first lines."""
        message = self
        for most in _TEXT_LIMITS:
            message = replace(
                self,
                email=cut_text(self.email, 10 * most),
                document=cut_texts(self.document, most),
            )
            if message.size_bytes() <= MAX_MESSAGE:
                break
        return message


def _string(value: str) -> dict[str, str]:
    """Return one value."""
    return {"DataType": "String", "StringValue": value}


def _strings(values: Sequence[str]) -> dict[str, str]:
    """Return several values as an array; a filter matches if any element does."""
    if len(values) == 1:
        return _string(values[0])
    return {"DataType": "String.Array", "StringValue": json.dumps(list(values))}
