"""A secret's text as a JSON object of keys by account. Pure edits that return what changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from secrets import token_hex
from typing import Any

from balance_poller.credentials.reference import BOUND_TO, KEY_ID, SecretError
from balance_poller.credentials.stored import parse_stored
from balancectl.cli.errors import CliError
from shared.secret import PlainKey, seal


class Change(StrEnum):
    """What an edit did to a key."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    ABSENT = "absent"
    """There was no key to remove."""


def parse_document(text: str | None, secret_id: str) -> dict[str, Any]:
    """Return the keys by name; an empty secret is an empty document.

    Raises:
        CliError: When the text is anything else, which must not be overwritten.
    """
    if text is None or not text.strip():
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise CliError(
            f"nothing changed: the secret {secret_id} is not a JSON object of keys by account; "
            "empty it, or give the accounts another secret"
        )
    return document


def format_document(document: Mapping[str, Any]) -> str:
    """Return the document as compact text: a secret is limited to 64 KiB."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def set_keys(
    document: Mapping[str, Any],
    keys: Mapping[str, PlainKey],
    bound_to: Mapping[str, str],
    new_id: Callable[[], str] = lambda: token_hex(4),
) -> tuple[dict[str, Any], dict[str, Change]]:
    """Return the document with ``keys`` and their notes, and the changes made.

    Args:
        document: The keys and notes by name.
        keys: The keys to set.
        bound_to: Where they may be sent; a key not listed keeps its note.
        new_id: Returns an id for a replaced key.
    """
    changes = {name: _change(document.get(name), key) for name, key in keys.items()}
    new = {**document, **keys}
    for name, change in changes.items():
        if change is not Change.UNCHANGED:
            new[name + KEY_ID] = new_id()
        if name in bound_to:
            new[name + BOUND_TO] = bound_to[name]
    return new, changes


def bind(document: Mapping[str, Any], name: str, bound_to: str) -> tuple[dict[str, Any], Change]:
    """Return the document with a note of where the key ``name`` may be sent."""
    if name not in document:
        return dict(document), Change.ABSENT
    change = _change(document.get(name + BOUND_TO), bound_to)
    return {**document, name + BOUND_TO: bound_to}, change


def key_names(document: Mapping[str, Any]) -> set[str]:
    """Return the names of keys, without the notes beside them."""
    return {name for name in document if not name.endswith((BOUND_TO, KEY_ID))}


def replace_text(text: str | None, key: PlainKey) -> tuple[str | None, Change]:
    """Return the new text of a secret that is a single key; None if unchanged."""
    new = key if isinstance(key, str) else json.dumps(key, ensure_ascii=False)
    try:
        old = None if text is None else parse_stored(text).take(None).key
    except SecretError:
        old = None
    change = _change(old, seal(key))
    return None if change is Change.UNCHANGED else new, change


def remove(document: Mapping[str, Any], name: str) -> tuple[dict[str, Any], Change]:
    """Return the document without ``name`` and its notes, and whether it was there."""
    gone = {name, name + BOUND_TO, name + KEY_ID}
    rest = {other: key for other, key in document.items() if other not in gone}
    return rest, Change.REMOVED if name in document else Change.ABSENT


def rename(
    document: Mapping[str, Any], old: str, new: str, *, keep_old: bool
) -> tuple[dict[str, Any], Change]:
    """Return the document with the key of ``old`` and its notes under ``new``, and the change."""
    moved = {f"{new}{name[len(old) :]}": name for name in document if _belongs_to(name, old)}
    rest = {n: value for n, value in document.items() if keep_old or n not in moved.values()}
    change = _change(document.get(new), document[old])
    return {**rest, **{name: document[source] for name, source in moved.items()}}, change


def _belongs_to(name: str, account: str) -> bool:
    """Whether an entry is the account's key, or a note beside it: ``<account>@for``."""
    return name == account or name.startswith(f"{account}@")


def _change(old: object, key: object) -> Change:
    """Return the change made by replacing ``old`` with ``key``."""
    if old is None:
        return Change.ADDED
    return Change.UNCHANGED if old == key else Change.CHANGED


def why_unusable(text: str | None, json_key: str | None) -> str | None:
    """Return why the poller would find no key in a secret's text; None if it would."""
    if text is None:
        return "the secret has no value yet"
    try:
        parse_stored(text).take(json_key)
    except SecretError as exc:
        return str(exc)
    return None
