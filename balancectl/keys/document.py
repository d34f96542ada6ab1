"""A secret's text as a ring of keys by account: pure edits that say what they changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from balance_poller.credentials.reference import SecretError, take_key
from balance_poller.definitions.template import Secret
from balancectl.cli.errors import CliError


class Change(StrEnum):
    """What became of one key."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    ABSENT = "absent"
    """There was none to remove."""


def read_ring(text: str | None, secret_id: str) -> dict[str, Any]:
    """Return the keys by name; an empty secret is an empty ring.

    Raises:
        CliError: when the text is something else, which must not be overwritten.
    """
    if text is None or not text.strip():
        return {}
    try:
        ring = json.loads(text)
    except (ValueError, RecursionError):
        ring = None
    if not isinstance(ring, dict):
        raise CliError(
            f"the secret {secret_id} does not hold a JSON object of keys by account, so nothing "
            "was changed: empty it, or give the accounts another secret"
        )
    return ring


def write_ring(ring: Mapping[str, Any]) -> str:
    """Return the ring as text, short: a secret holds 64 KiB."""
    return json.dumps(ring, ensure_ascii=False, separators=(",", ":"))


def put(
    ring: Mapping[str, Any], keys: Mapping[str, Secret]
) -> tuple[dict[str, Any], dict[str, Change]]:
    """Return the ring with ``keys`` in it, and what that changed."""
    changes = {name: _change(ring.get(name), key) for name, key in keys.items()}
    return {**ring, **keys}, changes


def whole(text: str | None, key: Secret) -> tuple[str | None, Change]:
    """Return the text of a secret that is one key, None when it is that already."""
    new = key if isinstance(key, str) else json.dumps(key, ensure_ascii=False)
    try:
        old: Secret | None = None if text is None else take_key(text, None)
    except SecretError:
        old = None
    change = _change(old, key)
    return None if change is Change.UNCHANGED else new, change


def remove(ring: Mapping[str, Any], name: str) -> tuple[dict[str, Any], Change]:
    """Return the ring without ``name``, and whether it was there."""
    rest = {other: key for other, key in ring.items() if other != name}
    return rest, Change.REMOVED if name in ring else Change.ABSENT


def _change(old: object, key: Secret) -> Change:
    """Say what setting ``key`` in place of ``old`` changes."""
    if old is None:
        return Change.ADDED
    return Change.UNCHANGED if old == key else Change.CHANGED


def why_unusable(text: str | None, json_key: str | None) -> str | None:
    """Return why the poller finds no key in a secret's text; None when it does."""
    if text is None:
        return "the secret has no value yet"
    try:
        take_key(text, json_key)
    except SecretError as exc:
        return str(exc)
    return None
