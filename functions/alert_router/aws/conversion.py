"""Convert incidents written by 0.1 to today's names, once, at the first reconcile.

No other module knows the old names. Delete in 0.3: this module, ``AlertTable.convert_old_items``
and its call in ``notify.reconcile``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Item = Mapping[str, Any]

#: The scopes that 0.1 wrote incidents under, with today's names.
OLD_SCOPES: Final = {"episode": "incident", "foreign": "foreign"}

_INCIDENT: Final = {"facts": "alarms", "told": "last_notification", "note": "foreign_alarm"}
_NOTIFICATION: Final = {"troubles": "problems", "step": "reason", "told": "previous"}


def is_old(item: Item) -> bool:
    """Whether an item was written by 0.1 and is not yet converted."""
    return "facts" in item


def converted(item: Item, existing: Item | None = None) -> dict[str, Any]:
    """Return an old item with today's names.

    Args:
        item: what 0.1 wrote.
        existing: the same account's incident, if today's code wrote one before the conversion: the
            newest transition of each alarm counts, and what 0.1 announced stays announced.
    """
    incident = _renamed(item, _INCIDENT) | {"scope": OLD_SCOPES[item["scope"]]}
    if "told" in item:
        incident["last_notification"] = _renamed(item["told"], _NOTIFICATION)
    if "outbox" in item:
        incident["outbox"] = {
            "pending": _pending(item["outbox"]["intent"]),
            "lease_until": item["outbox"]["lease_until"],
        }
    if existing is None:
        return incident
    alarms = dict(incident["alarms"])
    for kind, status in existing["alarms"].items():
        if kind not in alarms or status["at"] >= alarms[kind]["at"]:
            alarms[kind] = status
    return incident | dict(existing) | {"alarms": alarms, "version": existing["version"]}


def tombstone(item: Item, expires_at: int) -> dict[str, Any]:
    """Return the item that replaces a converted one until the table's TTL removes it."""
    return {"scope": item["scope"], "id": item["id"], "expires_at": expires_at}


def _pending(intent: Item) -> dict[str, Any]:
    """Return a pending notification."""
    pending = _renamed(intent, _NOTIFICATION)
    if "told" in intent:
        pending["previous"] = _renamed(intent["told"], _NOTIFICATION)
    return pending


def _renamed(item: Item, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a map with some of its keys replaced."""
    return {names.get(name, name): value for name, value in item.items()}
