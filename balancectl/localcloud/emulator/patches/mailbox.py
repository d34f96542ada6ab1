"""SNS: records the e-mails and SMS that it would send, for ``inbox`` to show.

MiniStack accepts e-mail and SMS subscriptions with filter policies, but only logs deliveries. The
record holds what the subscriber would read: the text for the subscription's protocol.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from ministack.services import sns

from balancectl.localcloud.emulator.settings import ServerSettings

_PROTOCOLS: Final = ("email", "email-json", "sms")


def apply(settings: ServerSettings) -> None:
    """Install the patch."""
    original = sns._fanout

    def fanout(
        topic_arn: str, message_id: str, message: str, subject: str,
        message_structure: str = "", message_attributes: Any = None, *rest: Any, **options: Any,
    ) -> None:  # fmt: skip
        original(
            topic_arn, message_id, message, subject, message_structure, message_attributes,
            *rest, **options,
        )  # fmt: skip
        topic = sns._topic_by_arn_any_scope(topic_arn) or {}
        lines = [
            json.dumps(mail)
            for subscription in topic.get("subscriptions", ())
            if (mail := _mail(subscription, message, message_structure, message_attributes or {}))
        ]
        common = {"topic": topic_arn, "message_id": message_id, "subject": subject}
        with settings.mailbox_file.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(common | json.loads(line)) + "\n" for line in lines)

    sns._fanout = fanout


def _mail(
    subscription: dict[str, Any], message: str, structure: str, attributes: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the message for one subscriber; None if its filter or protocol excludes it."""
    protocol = subscription["protocol"]
    if protocol not in _PROTOCOLS or not subscription.get("confirmed"):
        return None
    text = sns._resolve_message_for_protocol(message, structure, protocol)
    if not sns._matches_filter_policy(subscription, attributes, text):
        return None
    return {
        "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "protocol": protocol,
        "endpoint": subscription["endpoint"],
        "body": text,
        "attributes": {name: value.get("StringValue") for name, value in attributes.items()},
    }
