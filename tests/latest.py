"""LATEST records for tests, from flat fields as they are stored."""

from __future__ import annotations

from typing import Any

from shared.records import LastGood, Latest

_GOOD = frozenset(LastGood._fields)


def make_latest(**fields: Any) -> Latest:
    """Return a record; fields of the last good poll go where they belong."""
    good = {name: fields.pop(name) for name in _GOOD & fields.keys()}
    return Latest(**fields, good=LastGood(**good))


def changed(latest: Latest, **fields: Any) -> Latest:
    """Return ``latest`` with other values of ``fields``."""
    good = {name: fields.pop(name) for name in _GOOD & fields.keys()}
    return latest._replace(**fields, good=latest.good._replace(**good))
