"""Sends the message that shows whether messages arrive."""

from __future__ import annotations

from datetime import timedelta

from alert_router.events.envelope import TestRequest
from alert_router.incidents.incident import Scope, Subject
from alert_router.messages import single
from alert_router.notify.context import Desk
from alert_router.notify.send import publish
from alert_router.notify.update import BusyError
from shared.times import format_time

#: A request that comes back within a day is the same request.
_REMEMBERED = timedelta(days=1)


class TrialError(Exception):
    """The test message was not taken."""


def send_trial(desk: Desk, request: TestRequest) -> None:
    """Publish a message marked TEST, once however often the request arrives.

    Raises:
        BusyError: when another invocation is sending it.
        TrialError: when SNS did not take it.
    """
    now = desk.clock()
    what = f"test/{request.account}/{request.severity}/{format_time(request.at)}"
    if not desk.memory.try_lease(what, now, desk.policy.lease):
        if desk.memory.is_leased(what, now + desk.policy.lease):
            desk.log.info("test was sent already", account=request.account)
            return
        raise BusyError("another invocation is sending the test")
    latest = desk.knowledge.latest(Subject(Scope.ACCOUNT, request.account))
    message = single.trial(request, latest, desk.links, now)
    if not publish(desk, message):
        desk.memory.end_lease(what, now)
        raise TrialError("the test message was not taken")
    desk.memory.end_lease(what, now + _REMEMBERED)
