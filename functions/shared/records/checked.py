"""Reads a ``LATEST`` item that anything may have written, or that another version wrote. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from shared.records.last_good import LastGood
from shared.records.latest import Latest
from shared.records.thresholds import Thresholds

#: The types that a record's fields are checked for, by the name in their annotation.
_TYPES: Final = {"str": str, "Decimal": Decimal, "datetime": datetime, "bytes": bytes}


def latest_or_none(item: Mapping[str, Any]) -> Latest | None:
    """Read one record; None if it is not as the poller writes it."""
    try:
        latest = Latest.from_item(item)
        _check(latest)
        _check(latest.good)
        _check(latest.thresholds)
    except Exception:  # noqa: BLE001 -- whatever is in it, it costs itself alone
        return None
    return latest


def _check(value: Latest | LastGood | Thresholds) -> None:
    """Check that a record's fields have their declared types.

    Raises:
        TypeError: when one does not.
    """
    for field in fields(value):
        held, declared = getattr(value, field.name), str(field.type).split(" | ")
        types = tuple(_TYPES[name] for name in declared if name in _TYPES)
        is_absent = held is None and "None" in declared
        if types and not is_absent and not isinstance(held, types):
            raise TypeError(f"{field.name} is a {type(held).__name__}")
