"""The form for Amazon Q Developer in chat applications (Slack, Teams). Pure.

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

#: Slack cuts longer texts itself, in worse places.
_MAX_DESCRIPTION: Final = 2800


#: Slack's control characters, and what would turn foreign text into a link in Teams.
#: https://docs.slack.dev/messaging/formatting-message-text, read 2026-11.
_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "(", "]": ")", "`": "'"}
)


def escape(text: str) -> str:
    """Return ``text`` so that it mentions nobody and contains no disguised link."""
    return text.translate(_ESCAPES)


def chat(
    heading: Heading, description: str, next_steps: Sequence[str], thread: str
) -> dict[str, Any]:
    """Return a custom notification; messages of one thread are shown together."""
    emoji = _OVER if heading.status is Status.RESOLVED else _EMOJI[heading.severity]
    text = escape(description)
    if len(text) > _MAX_DESCRIPTION:
        text = text[:_MAX_DESCRIPTION].rpartition("\n")[0] + "\n..."
    content: dict[str, Any] = {
        "textType": "client-markdown",
        "title": f"{emoji} {escape(heading.line)}",
        "description": text,
        "keywords": [heading.severity.value, heading.status.value],
    }
    if next_steps:
        content["nextSteps"] = [escape(step) for step in next_steps]
    return {
        "version": "1.0",
        "source": "custom",
        "content": content,
        "metadata": {"threadId": thread, "summary": heading.line},
    }
