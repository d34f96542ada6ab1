"""Reads accounts and custom providers from a file: Terraform's variables, or a map of accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from balance_poller.event import Account, AccountError, parse_account
from balancectl.cli.errors import CliError
from balancectl.configuration.hcl.nodes import plain
from balancectl.configuration.hcl.parser import parse_variables, repeated_names
from balancectl.configuration.problems import format_path

#: Names that mark a file of Terraform's variables, not a map of accounts.
_VARIABLES: Final = frozenset({"accounts", "custom_providers", "subscribers", "name"})


@dataclass(frozen=True, slots=True)
class AccountsFile:
    """The content of an accounts file."""

    accounts: tuple[Account, ...] = ()
    providers: Mapping[str, object] = field(default_factory=dict)
    """Definitions of custom providers by name."""
    subscribers: Mapping[str, Any] = field(default_factory=dict)
    operations_subscribers: Mapping[str, Any] = field(default_factory=dict)


def read_accounts_file(path: Path) -> AccountsFile:
    """Read ``path``: ``*.json`` as JSON, any other file as tfvars.

    JSON may be Terraform's variables, a poller's event, or a map of accounts.

    Raises:
        CliError: Naming the place in the file that cannot be read.
    """
    values = _parse(read_text(path), path)
    providers = _mapping(
        values.get("custom_providers") or values.get("providers"), path, "providers"
    )
    entries = _entries(values, path)
    accounts = tuple(_account(name, entry, path) for name, entry in entries.items())
    return AccountsFile(
        accounts=accounts,
        providers=providers,
        subscribers=_mapping(values.get("subscribers"), path, "subscribers"),
        operations_subscribers=_mapping(
            values.get("operations_subscribers"), path, "operations_subscribers"
        ),
    )


def read_text(path: Path) -> str:
    """Return a text file's content.

    Raises:
        CliError: When it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise CliError(f"{path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise CliError(f"{path} is not UTF-8 text") from None


def parse_json(text: str, source: str) -> Any:  # noqa: ANN401 -- any JSON value
    """Parse JSON with exact numbers.

    Raises:
        CliError: Naming line and column.
    """
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as exc:
        raise CliError(
            f"{source}, line {exc.lineno}, column {exc.colno}: not JSON: {exc.msg.lower()}"
        ) from None
    except RecursionError:
        raise CliError(f"{source} is nested too deeply") from None
    except ValueError:
        raise CliError(f"{source} contains a number with thousands of digits") from None


def _parse(text: str, path: Path) -> Mapping[str, Any]:
    """Return the file's top level.

    Raises:
        CliError: When it is malformed, or names something twice.
    """
    if path.suffix == ".json" and isinstance(values := parse_json(text, str(path)), list):
        return {"accounts": values}
    tree = parse_variables(text, str(path))
    for name, line, first in repeated_names(tree):
        raise CliError(
            f"{path}, line {line}: {format_path(name)} is already set in line {first}: remove one"
        )
    found: Mapping[str, Any] = plain(tree)
    return found


def _entries(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the accounts' objects by name."""
    entries = values.get("accounts")
    if isinstance(entries, list):
        return {
            str(entry.get("id", f"accounts[{i}]")) if isinstance(entry, dict) else f"[{i}]": entry
            for i, entry in enumerate(entries)
        }
    if entries is None and not _VARIABLES & values.keys():
        entries = values
    return dict(_mapping(entries, path, "accounts"))


def _account(name: str, entry: object, path: Path) -> Account:
    """Parse one account; without ``secret`` it has its own key."""
    if not isinstance(entry, dict):
        raise CliError(f"{path}: accounts.{name} is not an object")
    try:
        return parse_account({"secret": f"#{name}", **_without_nulls(entry), "id": name})
    except AccountError as exc:
        raise CliError(f"{path}: accounts.{name}: {exc}") from None


def _without_nulls(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Drop nulls: Terraform takes them as absent."""
    return {name: value for name, value in entry.items() if value is not None}


def _mapping(value: object, path: Path, name: str) -> Mapping[str, Any]:
    """Return an optional object."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CliError(f"{path}: {name} is not an object")
    return value
