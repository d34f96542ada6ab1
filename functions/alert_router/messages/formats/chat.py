"""The form that Amazon Q Developer in chat applications (Slack, Teams) shows.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html, read 2026-11: version
"1.0", source "custom", ``content.description`` required; anything else is dropped silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from alert_router.messages.formats.message import Heading
from shared.names import Severity, Status

_EMOJI: Final = {Severity.CRITICAL: ":rotating_light:", Severity.WARNING: ":warning:"}
_OVER: Final = ":white_check_mark:"

#: Slack cuts longer texts itself, and less kindly.
_MAX_DESCRIPTION: Final = 2800


def chat(
    heading: Heading, description: str, next_steps: Sequence[str], thread: str
) -> dict[str, Any]:
    """Return a custom notification; messages of one thread are shown together."""
    emoji = _OVER if heading.status is Status.RESOLVED else _EMOJI[heading.severity]
    text = description
    if len(text) > _MAX_DESCRIPTION:
        text = text[:_MAX_DESCRIPTION].rpartition("\n")[0] + "\n..."
    content: dict[str, Any] = {
        "textType": "client-markdown",
        "title": f"{emoji} {heading.line}",
        "description": text,
        "keywords": [heading.severity.value, heading.status.value],
    }
    if next_steps:
        content["nextSteps"] = list(next_steps)
    return {
        "version": "1.0",
        "source": "custom",
        "content": content,
        "metadata": {"threadId": thread, "summary": heading.line},
    }
