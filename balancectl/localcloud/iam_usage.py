"""Compares what roles may do with what was asked of them, both ways. Pure.

An action that a policy grants and nothing ever asked for is a grant too many; one that was asked
for and refused is a grant too few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """An action on a resource; in a grant both may hold ``*``."""

    role: str
    action: str
    resource: str

    def covers(self, asked: Permission) -> bool:
        """Whether this grant allows what was ``asked``; conditions are not looked at."""
        return (
            self.role == asked.role
            and _matches(self.action.lower(), asked.action.lower())
            and _matches(self.resource, asked.resource)
        )


@dataclass(frozen=True, slots=True)
class Differences:
    """Where policies and use disagree; empty when they are exact."""

    unused: tuple[Permission, ...]
    """Granted, and never asked for."""
    missing: tuple[Permission, ...]
    """Asked for, and refused."""

    def __bool__(self) -> bool:
        return bool(self.unused or self.missing)

    def __str__(self) -> str:
        lines = [f"granted, never used: {one.role}: {one.action} on {one.resource}"
                 for one in self.unused]  # fmt: skip
        lines += [f"used, not granted: {one.role}: {one.action} on {one.resource}"
                  for one in self.missing]  # fmt: skip
        return "\n".join(lines) or "exact"


def grants(role: str, policy: Mapping[str, Any]) -> set[Permission]:
    """Return what a policy document allows ``role``, one permission an action and resource.

    Raises:
        ValueError: for a statement that is not a plain Allow, which a comparison cannot judge.
    """
    found = set()
    for statement in _listed(policy["Statement"]):
        if statement["Effect"] != "Allow" or {"NotAction", "NotResource"} & set(statement):
            raise ValueError(f"cannot compare statement {statement.get('Sid')!r} of {role}")
        found |= {
            Permission(role, action, resource)
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        }
    return found


def read_record(
    lines: Iterable[str], roles: Iterable[str]
) -> tuple[set[Permission], set[Permission]]:
    """Return what ``roles`` asked for and got, and what they asked for and were refused.

    Args:
        lines: what ``patches.permissions`` wrote.
        roles: the roles that matter; others' lines are left out.
    """
    wanted = set(roles)
    allowed: set[Permission] = set()
    refused: set[Permission] = set()
    for line in lines:
        entry = json.loads(line)
        if entry["role"] in wanted:
            permission = Permission(entry["role"], entry["action"], entry["resource"])
            (allowed if entry["allowed"] else refused).add(permission)
    return allowed, refused


def compare(
    granted: Iterable[Permission], allowed: Iterable[Permission], refused: Iterable[Permission]
) -> Differences:
    """Return where the grants and their use disagree."""
    used = list(allowed)
    return Differences(
        unused=tuple(
            sorted(grant for grant in granted if not any(grant.covers(one) for one in used))
        ),
        missing=tuple(sorted(set(refused))),
    )


def _listed(value: object) -> list[Any]:
    """Return a policy element that may stand alone as a list."""
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str) -> bool:
    """Whether ``text`` matches an IAM pattern."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return an IAM pattern as a regular expression."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in pattern), re.DOTALL)
