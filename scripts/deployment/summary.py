"""Summarises a plan's changes in a few lines. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Terraform's actions, and their names in the summary.
WORDS = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "delete": "destroyed",
    "import": "taken over",
    "move": "moved in state",
    "forget": "left to be unsubscribed",
}
#: Terraform's warning of what the summary counts.
FORGOTTEN = "Some objects will no longer be managed by Terraform"


@dataclass(frozen=True, slots=True)
class Summary:
    """The changes of a plan, and Terraform's diagnostics."""

    actions: Mapping[str, list[str]]
    """Addresses by action."""
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not any(self.actions.values())

    @property
    def lost(self) -> list[str]:
        """The existing resources that would be destroyed or replaced."""
        return sorted([*self.actions.get("delete", []), *self.actions.get("replace", [])])


def summarise(lines: Iterable[str]) -> Summary:
    """Return the summary of the output of ``terraform plan -json``."""
    actions: dict[str, list[str]] = {action: [] for action in WORDS}
    said: dict[str, list[str]] = {"error": [], "warning": []}
    for line in lines:
        event = _event(line)
        if event.get("type") == "planned_change":
            change = event["change"]
            actions.setdefault(change["action"], []).append(change["resource"]["addr"])
        elif event.get("type") == "diagnostic":
            found = event["diagnostic"]
            if found["summary"] == FORGOTTEN:
                continue
            said[found["severity"]].append(_sentence(found))
    return Summary(actions, said["error"], said["warning"])


def render(summary: Summary) -> str:
    """Return the counts, and the name of everything that would be destroyed."""
    if summary.is_empty:
        return "Nothing to change."
    counts = Counter({action: len(found) for action, found in summary.actions.items()})
    lines = [", ".join(f"{counts[a]} {WORDS.get(a, a)}" for a in counts if counts[a])]
    if summary.lost:
        lines.append("To be destroyed:")
        lines += [f"  {address}" for address in summary.lost]
    return "\n".join(lines)


def _event(line: str) -> Mapping[str, Any]:
    """Return Terraform's event on a line, or an empty one if there is none."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _sentence(diagnostic: Mapping[str, str]) -> str:
    """Return a diagnostic as one paragraph; our own rules need no heading."""
    detail = diagnostic.get("detail", "").strip()
    ours = diagnostic["summary"] in (
        "Invalid value for variable", "Module output value precondition failed",
        "Resource precondition failed", "Check block assertion failed",
    )  # fmt: skip
    told = detail.split("\n\nThis was checked by the validation rule")[0]
    return told if ours and told else f"{diagnostic['summary']}: {told}".rstrip(": ")
