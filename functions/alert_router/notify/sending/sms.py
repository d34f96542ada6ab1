"""Publish an SMS to subscribers below their hourly limit, and count those held back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from alert_router.incidents.incident import ConflictError, Incident
from alert_router.incidents.lifecycle.flapping import was_critical
from alert_router.incidents.notification import Notification
from alert_router.incidents.sms_budget import SmsBudget
from alert_router.incidents.subscriber import Form
from alert_router.notify.context import RouterContext
from alert_router.notify.sending.publish import publish
from shared.names import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from alert_router.messages.formats.message import Message

_ATTEMPTS: Final = 5


def is_new_critical(notification: Notification, incident: Incident) -> bool:
    """Whether this is a critical alert for an account that had none within the hour."""
    return (
        notification.status is Status.FIRING
        and notification.severity is Severity.CRITICAL
        and not was_critical(incident, notification.now)
    )


def publish_sms(
    context: RouterContext, message: Message, names: Sequence[str], *, is_urgent: bool
) -> list[str]:
    """Publish to those who may get another SMS; return those for whom the message is settled.

    Args:
        context: what the pipeline works with.
        message: the message.
        names: the subscribers.
        is_urgent: whether to send it regardless of the limit.
    """
    settled: list[str] = []
    admitted: dict[int, list[str]] = {}
    now = context.clock()
    for name in names:
        held_back = _take(context, name, now, is_urgent=is_urgent)
        if held_back is None:
            context.log.info("sms held back", subject=message.subject, to=name)
            settled.append(name)
        else:
            admitted.setdefault(held_back, []).append(name)
    for held_back, some in admitted.items():
        text = message.with_held_back(held_back) if held_back else message
        if publish(context, text, Form.SMS, some):
            settled += some
            continue
        for name in some:
            _change(context, name, partial(SmsBudget.returned, at=now, held_back=held_back), now)
    return settled


def _take(context: RouterContext, name: str, now: datetime, *, is_urgent: bool) -> int | None:
    """Use one SMS of a subscriber's budget; return how many were held back before, or None.

    If the budget cannot be read, the SMS goes out.
    """

    def change(budget: SmsBudget) -> SmsBudget:
        if budget.admits(now, is_urgent=is_urgent):
            return budget.used(now)
        return budget.exceeded()

    before = _change(context, name, change, now)
    if before is None:
        return 0
    return before.held_back if before.admits(now, is_urgent=is_urgent) else None


def _change(
    context: RouterContext, name: str, change: Callable[[SmsBudget], SmsBudget], now: datetime
) -> SmsBudget | None:
    """Change a subscriber's budget; return the previous one, or None if that failed."""
    for _ in range(_ATTEMPTS):
        try:
            budget = context.alert_table.sms_budget(name)
            context.alert_table.save_sms_budget(change(budget), now)
        except ConflictError:
            continue
        except Exception as exc:  # noqa: BLE001 -- in doubt people are alerted
            context.log.warning("sms budget unknown", to=name, error=type(exc).__name__)
            return None
        return budget
    return None
