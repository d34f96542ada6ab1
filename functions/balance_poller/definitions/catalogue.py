"""The shipped definitions, one JSON file each, read only when used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from balance_poller.definitions.definition import DefinitionError
from balance_poller.definitions.field import NAME

FOLDER: Final = Path(__file__).parents[1] / "providers"


def list_providers() -> list[str]:
    """Return the names of the shipped definitions, without reading one."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read_shipped(name: str) -> dict[str, Any]:
    """Return a shipped definition as written in its file.

    Raises:
        DefinitionError: when there is none with that name.
    """
    path = FOLDER / f"{name}.json"
    if not re.fullmatch(NAME, name) or not path.is_file():
        raise DefinitionError("", f"there is no provider {name[:40]}")
    definition: dict[str, Any] = json.loads(path.read_bytes())
    return definition


def skeleton(title: str) -> dict[str, Any]:
    """Return a valid definition to start from, every line of which needs adapting."""
    return {
        "title": title,
        "docs": "https://example.com/docs/balance",
        "top_up_url": "https://example.com/billing",
        "request": {
            "method": "GET",
            "url": "https://api.example.com/v1/balance",
            "headers": {"Authorization": "Bearer {key}"},
        },
        "wallets": {"balance": {"unit": "USD", "remaining": "data.balance"}},
        "errors": [
            {
                "status": 403,
                "when": "error.code == 'forbidden'",
                "outcome": "insufficient_scope",
                "reason": "the key may not read the balance",
            }
        ],
        "notes": "Where each fact comes from, and when it was read.",
    }
