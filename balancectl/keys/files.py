"""Parses many keys from dotenv lines or a JSON object, named by account or variable."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from balancectl.cli.errors import CliError
from balancectl.keys.sources import checked_part, parse_key, stdin_text
from shared.names import ACCOUNT_PATTERN
from shared.secret import PlainKey

if TYPE_CHECKING:
    from dotenv.parser import Original

ENVIRONMENT_PREFIX: Final = "BALANCE_KEY_"


def variable_of(account: str) -> str:
    """Return the environment variable of an account's key: BALANCE_KEY_OPENROUTER_MAIN."""
    return ENVIRONMENT_PREFIX + re.sub(r"[^A-Z0-9]", "_", account.upper())


def read_keys(source: str) -> dict[str, PlainKey]:
    """Read many keys from a dotenv or JSON file; "-" is standard input.

    Raises:
        CliError: Naming the line or the key that cannot be read.
    """
    if source == "-":
        return parse_keys(stdin_text(), "standard input")
    try:
        text = Path(source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise CliError(f"the keys file {source} cannot be read: {reason}") from None
    return parse_keys(text, source)


def parse_keys(text: str, source: str) -> dict[str, PlainKey]:
    """Return keys by name from dotenv lines (``name=key``) or a JSON object (``{"name": key}``)."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise CliError(f"{source} is empty: expected lines of ACCOUNT=KEY, or a JSON object")
    pairs = (
        _json_pairs(text, source) if text.lstrip().startswith("{") else _dotenv_pairs(text, source)
    )
    keys: dict[str, PlainKey] = {}
    for name, value in pairs:
        if name in keys:
            raise CliError(f"{source} contains '{name}' twice")
        keys[name] = _key_of(value, f"the key of '{name}' in {source}")
    return keys


def assign(keys: Mapping[str, PlainKey], accounts: Iterable[str]) -> dict[str, PlainKey]:
    """Return keys by account, from names that are accounts or ``BALANCE_KEY_…`` variables.

    Keeps any other name.

    Raises:
        CliError: When a variable stands for two accounts, or an account has two keys.
    """
    by_variable: dict[str, list[str]] = {}
    for account in accounts:
        by_variable.setdefault(variable_of(account), []).append(account)
    assigned: dict[str, PlainKey] = {}
    for name, key in keys.items():
        named = by_variable.get(name, [name])
        if len(named) > 1:
            raise CliError(f"{name} stands for {' and '.join(named)}: use account names")
        if named[0] in assigned:
            raise CliError(f"the key of '{named[0]}' is given twice: by its name and as {name}")
        assigned[named[0]] = key
    return assigned


def _key_of(value: object, what: str) -> PlainKey:
    """Return a key from a file: a string, or an object of parts."""
    if isinstance(value, dict):
        if not value:
            raise CliError(f"{what} is an empty object")
        return {
            str(name): checked_part(part, f"{what}, part '{name}',") for name, part in value.items()
        }
    if not isinstance(value, str):
        raise CliError(f"{what} is neither a string nor an object of strings")
    return parse_key(value, what)


def _json_pairs(text: str, source: str) -> list[tuple[str, object]]:
    """Return the members of a JSON object, including repeated ones."""
    try:
        pairs: list[tuple[str, object]] = json.JSONDecoder(object_pairs_hook=_Pairs).decode(text)
    except (ValueError, RecursionError) as exc:
        where = f", line {exc.lineno}" if isinstance(exc, json.JSONDecodeError) else ""
        raise CliError(f"{source} is not a JSON object{where}") from None
    for place, (name, _) in enumerate(pairs, start=1):
        if not ACCOUNT_PATTERN.fullmatch(name):
            raise CliError(f"{source}: the name of member {place} is not a valid account name")
    return [(name, dict(value) if isinstance(value, _Pairs) else value) for name, value in pairs]


class _Pairs(list[tuple[str, object]]):
    """A JSON object's members, in order."""


def _dotenv_pairs(text: str, source: str) -> list[tuple[str, object]]:
    """Return the assignments of dotenv lines; ``$`` and quotes within a key belong to it."""
    from dotenv.parser import parse_stream  # noqa: PLC0415 -- only where a file is read

    pairs: list[tuple[str, object]] = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is None and not binding.error:
            continue  # a comment or an empty line
        # A key alone on a line, such as a base64 one, may look like "KEY=", so it is never quoted.
        is_name = ACCOUNT_PATTERN.fullmatch(binding.key or "")
        if is_name and not binding.error and binding.value == "":
            raise CliError(
                f"{source}, line {_line(binding.original)}: {binding.key} has no key after the "
                "equals sign: add it, or remove the line"
            )
        if binding.error or not is_name or not (binding.value or "").strip("= "):
            raise CliError(f"{source}, line {_line(binding.original)}: expected ACCOUNT=KEY")
        pairs.append((str(binding.key), binding.value))
    return pairs


def _line(original: Original) -> int:
    """Return a statement's line; the parser counts from any blank lines before it."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")
