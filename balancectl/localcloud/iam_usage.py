"""Compares roles' granted permissions with those they used. Pure.

A granted action that was never requested is one too many; a requested action that was denied is one
too few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """An action on a resource; in a grant, both may contain ``*``."""

    role: str
    action: str
    resource: str

    def covers(self, requested: Permission) -> bool:
        """Whether this grant allows ``requested``; conditions are ignored."""
        return (
            self.role == requested.role
            and _matches(self.action.lower(), requested.action.lower())
            and _matches(self.resource, requested.resource)
        )


@dataclass(frozen=True, slots=True)
class Differences:
    """Where policies and use differ; empty when they match exactly."""

    unused: tuple[Permission, ...]
    """Granted, but never requested."""
    missing: tuple[Permission, ...]
    """Requested, but denied."""
    too_wide: tuple[Permission, ...] = ()
    """Granted with a wildcard that is not one of the few that are expected."""

    def __bool__(self) -> bool:
        return bool(self.unused or self.missing or self.too_wide)

    def __str__(self) -> str:
        lines = [f"granted, never used: {one.role}: {one.action} on {one.resource}"
                 for one in self.unused]  # fmt: skip
        lines += [f"used, not granted: {one.role}: {one.action} on {one.resource}"
                  for one in self.missing]  # fmt: skip
        lines += [f"granted with a wildcard: {one.role}: {one.action} on {one.resource}"
                  for one in self.too_wide]  # fmt: skip
        return "\n".join(lines) or "exact"


def grants(role: str, policy: Mapping[str, Any]) -> set[Permission]:
    """Return what a policy document allows ``role``, one permission per action and resource.

    Raises:
        ValueError: for a statement other than a plain Allow, which cannot be compared.
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
    """Return what ``roles`` requested and were allowed, and what they were denied.

    Args:
        lines: the record written by ``patches.permissions``.
        roles: the roles to read; other roles' lines are ignored.
    """
    names = set(roles)
    allowed: set[Permission] = set()
    denied: set[Permission] = set()
    for line in lines:
        entry = json.loads(line)
        if entry["role"] in names:
            permission = Permission(entry["role"], entry["action"], entry["resource"])
            (allowed if entry["allowed"] else denied).add(permission)
    return allowed, denied


def compare(
    granted: Iterable[Permission],
    allowed: Iterable[Permission],
    denied: Iterable[Permission],
    open_ended: Mapping[str, Collection[str]],
) -> Differences:
    """Return where the grants and their use differ.

    Args:
        granted: what the policies allow.
        allowed: what was requested and allowed.
        denied: what was requested and denied.
        open_ended: the resources, by action, where a wildcard is expected; any other wildcard
            grants more than was used.
    """
    used, every = list(allowed), sorted(granted)
    return Differences(
        unused=tuple(grant for grant in every if not any(grant.covers(one) for one in used)),
        missing=tuple(sorted(set(denied))),
        too_wide=tuple(
            grant
            for grant in every
            if {"*", "?"} & set(grant.action + grant.resource)
            and grant.resource not in open_ended.get(grant.action, ())
        ),
    )


def _listed(value: object) -> list[Any]:
    """Return a policy element as a list; a single value may stand alone."""
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str) -> bool:
    """Whether ``text`` matches an IAM pattern."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return an IAM pattern as a regular expression."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in pattern), re.DOTALL)
