"""A plan in a few lines: counts, what would be destroyed, and our own errors unadorned."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployment.summary import FORGOTTEN, render, summarise


def change(action: str, address: str) -> str:
    """Return a line of ``terraform plan -json``."""
    return json.dumps(
        {"type": "planned_change", "change": {"action": action, "resource": {"addr": address}}}
    )


def complaint(summary: str, detail: str, severity: str = "error") -> str:
    """Return a diagnostic of ``terraform plan -json``."""
    told: dict[str, Any] = {"summary": summary, "detail": detail, "severity": severity}
    return json.dumps({"type": "diagnostic", "diagnostic": told})


def test_counts_come_in_order_and_what_is_lost_by_name() -> None:
    lines = [
        change("delete", "b"), change("create", "c"), change("create", "d"),
        change("replace", "a"), change("update", "e"), "no JSON", '"text"',
        json.dumps({"type": "version"}),
    ]  # fmt: skip

    text = render(summarise(lines))

    assert text == ("2 created, 1 changed, 1 replaced, 1 destroyed\nTo be destroyed:\n  a\n  b")


def test_nothing_to_change_is_said_so() -> None:
    assert render(summarise([])) == "Nothing to change."


def test_moves_alone_are_a_change_of_state() -> None:
    summary = summarise([change("move", "a")])

    assert not summary.is_empty
    assert render(summary) == "1 moved in state"


@pytest.mark.parametrize(
    ("summary", "detail", "expected"),
    [
        (
            "Invalid value for variable",
            "history_days must be 1.\n\nThis was checked by the validation rule at a.tf:1,2-3.",
            "history_days must be 1.",
        ),
        ("Module output value precondition failed", 'Account "a": no.', 'Account "a": no.'),
        ("creating queue", "AccessDenied", "creating queue: AccessDenied"),
        ("Reference to undeclared variable", "", "Reference to undeclared variable"),
    ],
)
def test_our_own_sentences_stand_alone(summary: str, detail: str, expected: str) -> None:
    found = summarise([complaint(summary, detail), complaint("Check", "careful", "warning")])

    assert found.errors == [expected]
    assert found.warnings == ["Check: careful"]


def test_a_subscription_that_waits_to_be_unsubscribed_is_counted_without_a_warning() -> None:
    summary = summarise([change("forget", "a"), complaint(FORGOTTEN, "Import it.", "warning")])

    assert summary.warnings == []
    assert render(summary) == "1 left to be unsubscribed"
