"""SNS: attributes are dropped from messages with a structure.

"Message attributes are sent only when the message structure is String, not JSON" is a note of the
SNS developer guide (Amazon SNS message attributes, read 2026-11). Whether filter policies still see
them is not documented; the strict reading is that they do not.
"""

from __future__ import annotations

from typing import Any

from ministack.services import sns

from balancectl.localcloud.emulator.settings import ServerSettings


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    original = sns._fanout

    def fanout(
        topic_arn: str, message_id: str, message: str, subject: str,
        message_structure: str = "", message_attributes: Any = None, *rest: Any, **options: Any,
    ) -> None:  # fmt: skip
        attributes = {} if message_structure == "json" else message_attributes
        original(
            topic_arn, message_id, message, subject, message_structure, attributes,
            *rest, **options,
        )  # fmt: skip

    sns._fanout = fanout
