"""Messages about pushed accounts, and about accounts that top up automatically."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from alert_router.incidents.incident import NotificationReason, Problem
from alert_router.messages.wording import phrases
from alert_router.messages.wording.actions import actions
from shared.outcome import Outcome
from tests.unit.router.builders import LINKS, NOW, latest


@pytest.mark.parametrize(
    ("itself", "hours", "words"),
    [
        (False, None, ""),
        (True, None, "on"),
        (True, 2, "on"),
        (True, 5, "tops up automatically, but has not for 5 h"),
    ],
)
def test_an_automatic_top_up_is_shown_and_missed_once_it_is_late(
    itself: bool, hours: int | None, words: str
) -> None:
    since = None if hours is None else NOW - timedelta(hours=hours)
    record = latest(tops_up_itself=itself, top_up_due_since=since)
    notification: Any = SimpleNamespace(latest=record, now=NOW)

    assert phrases.auto_top_up(notification) == words


@pytest.mark.parametrize("reason", [NotificationReason.NOT_SET_UP, NotificationReason.OPENED])
def test_a_pushed_account_that_is_stale_needs_a_push_and_no_key(reason: NotificationReason) -> None:
    record = latest("ads", provider="pushed", outcome=Outcome.NOT_PUSHED)
    notification: Any = SimpleNamespace(
        account="ads", provider="pushed", latest=record, now=NOW, reason=reason, foreign_alarm=None,
        problems={Problem.STALE}, leading=Problem.STALE, firing={"stale"}, audience=None,
    )  # fmt: skip

    lines = actions(notification, LINKS._replace(runbook_url=""))

    assert "Push the balance: balancectl push ads AMOUNT --region eu-west-1" in lines
    assert not [line for line in lines if "keys set" in line]
    assert "Advice: find out why the job that pushes the balance no longer does" in lines
