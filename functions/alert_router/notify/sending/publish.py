"""Publish one form of one message, within the hour's limit of SMS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alert_router.incidents.subscriber import EVERYTHING, Form
from alert_router.notify.context import RouterContext

if TYPE_CHECKING:
    from alert_router.messages.formats.message import Message


def publish(context: RouterContext, message: Message, form: Form, to: Sequence[str]) -> bool:
    """Publish one form of one message; return whether SNS accepted it."""
    try:
        message_id = context.publisher.publish(message, form, to)
    except Exception as exc:  # noqa: BLE001 -- one failed message does not block the others
        context.stats.publish_failures += 1
        context.log.warning(
            "publish failed", subject=message.subject, form=form, error=type(exc).__name__
        )
        return False
    context.stats.published.append(
        {"message_id": message_id, "subject": message.subject, "form": form.value}
    )
    context.log.info(
        "message published",
        message_id=message_id,
        subject=message.subject,
        form=form.value,
        severity=message.severity.value,
        status=message.status.value,
        accounts=list(message.accounts),
        to=list(to),
    )
    if form is Form.EMAIL and EVERYTHING in to:
        context.stats.reduced += message.is_reduced
        _publish_chat(context, message)
    return True


def _publish_chat(context: RouterContext, message: Message) -> None:
    """Publish to chat rooms; subscribers already have the message, so a failure is only counted."""
    try:
        context.publisher.publish_chat(message)
    except Exception as exc:  # noqa: BLE001 -- repeating it would repeat the e-mail
        context.stats.publish_failures += 1
        context.log.warning(
            "publish to chat failed", subject=message.subject, error=type(exc).__name__
        )
