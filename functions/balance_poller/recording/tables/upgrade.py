"""Renames attributes of LATEST items that versions before 0.2 wrote, at the first poll. Pure.

Delete in 0.3, with its call in ``latest_table`` and its test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_RENAMED: Final = {"asked": "source_hash"}


def upgraded(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``item`` with today's attribute names."""
    return {_RENAMED.get(name, name): value for name, value in item.items()}
