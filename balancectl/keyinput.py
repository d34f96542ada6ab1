"""Where keys come from: a hidden prompt, standard input, the environment, a file. Never arguments.

Every key read here is masked in all output from then on. No error text quotes one.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import typer

from balance_poller.provider import Secret
from balancectl.errors import CliError
from balancectl.redaction import remember

ENVIRONMENT_PREFIX: Final = "BALANCE_KEY_"
#: Straight ones, and those that word processors make of them.
_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"


def variable_of(account: str) -> str:
    """Return the environment variable of an account's key: BALANCE_KEY_OPENROUTER_MAIN."""
    return ENVIRONMENT_PREFIX + re.sub(r"[^A-Z0-9]", "_", account.upper())


def parse_key(text: str, what: str) -> Secret:
    """Return a key as it is stored: trimmed; a JSON object is a credential of several parts.

    Raises:
        CliError: when it is empty, has characters that no key has, or is JSON but not of texts.
    """
    text = text.strip()
    if text:
        remember(text)
    if not text.startswith("{"):
        return _checked(text, what)
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        raise CliError(f"{what} begins with '{{' but is not a JSON object") from None
    if not isinstance(parts, dict) or not parts:
        raise CliError(f"{what} is a JSON object without any part")
    return {name: _part(value, f"{what}, part '{name}'") for name, value in parts.items()}


def read_key(account: str, *, from_stdin: bool, fields: Iterable[str] = ()) -> Secret:
    """Read one key from standard input when asked to or when it is piped, else from a prompt.

    Args:
        account: named in the prompt.
        from_stdin: whether to read standard input although it may be a terminal.
        fields: the parts to prompt for, for a credential of several.
    """
    names = list(fields)
    if from_stdin or not sys.stdin.isatty():
        key = parse_key(_stdin_text(), "the key on standard input")
        return _with_fields(key, names)
    if names:
        return {name: _part(prompt(f"{account}, {name}"), f"'{name}'") for name in names}
    return parse_key(prompt(f"Key of {account}"), "the key")


def prompt(label: str) -> str:
    """Ask for a text that is not shown."""
    text: str = typer.prompt(
        f"{label} (not shown)", hide_input=True, default="", show_default=False
    )
    return text


def key_from_environment(sources: Iterable[str]) -> Secret:
    """Read a key from ``VARIABLE``, or its parts from ``FIELD=VARIABLE`` each.

    Raises:
        CliError: when a variable is not set, or whole keys and parts are mixed.
    """
    pairs = [source.partition("=") for source in sources]
    if len(pairs) == 1 and not pairs[0][1]:
        variable = pairs[0][0]
        return parse_key(_variable(variable), f"the key in {variable}")
    if not all(sign and field and variable for field, sign, variable in pairs):
        raise CliError("--key-env takes one VARIABLE, or FIELD=VARIABLE for each part of the key")
    return {
        field: _part(_variable(variable), f"the key's part in {variable}")
        for field, _, variable in pairs
    }


def read_keys(source: str) -> dict[str, Secret]:
    """Read many keys from a dotenv or JSON file; "-" is standard input.

    Raises:
        CliError: naming the line or the key that cannot be read.
    """
    if source == "-":
        return parse_keys(_stdin_text(), "standard input")
    try:
        text = Path(source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise CliError(f"the keys file {source} cannot be read: {reason}") from None
    return parse_keys(text, source)


def parse_keys(text: str, source: str) -> dict[str, Secret]:
    """Return keys by name from dotenv lines (``name=key``) or a JSON object (``{"name": key}``)."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise CliError(f"{source} is empty: expected lines of ACCOUNT=KEY, or a JSON object")
    pairs = (
        _json_pairs(text, source) if text.lstrip().startswith("{") else _dotenv_pairs(text, source)
    )
    keys: dict[str, Secret] = {}
    for name, value in pairs:
        if name in keys:
            raise CliError(f"{source} names '{name}' twice")
        keys[name] = _key_of(value, f"the key of '{name}' in {source}")
    return keys


def assign(keys: Mapping[str, Secret], accounts: Iterable[str]) -> dict[str, Secret]:
    """Return keys by account: names are an account's id, or its ``BALANCE_KEY_…`` variable.

    A name that is neither stays as it is.

    Raises:
        CliError: when a variable stands for two accounts, or an account is named twice.
    """
    by_variable: dict[str, list[str]] = {}
    for account in accounts:
        by_variable.setdefault(variable_of(account), []).append(account)
    assigned: dict[str, Secret] = {}
    for name, key in keys.items():
        named = by_variable.get(name, [name])
        if len(named) > 1:
            raise CliError(f"{name} stands for {' and '.join(named)}: use the accounts' own names")
        if named[0] in assigned:
            raise CliError(f"the key of '{named[0]}' is given twice: by its name and as {name}")
        assigned[named[0]] = key
    return assigned


def _checked(text: str, what: str) -> str:
    """Return a key that can be one."""
    if not text:
        raise CliError(f"{what} is empty")
    for place, character in enumerate(text, start=1):
        if not character.isprintable():
            raise CliError(
                f"{what} has a control or invisible character at place {place} "
                f"(U+{ord(character):04X}): was more than the key copied?"
            )
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        raise CliError(f"{what} is in quotation marks: give it without them")
    return text


def _part(value: object, what: str) -> str:
    """Return one part of a key."""
    if not isinstance(value, str):
        raise CliError(f"{what} is not a text")
    remember(value.strip())
    return _checked(value.strip(), what)


def _key_of(value: object, what: str) -> Secret:
    """Return a key from a file: a text, or an object of parts."""
    if isinstance(value, dict):
        if not value:
            raise CliError(f"{what} is an object without any part")
        return {str(name): _part(part, f"{what}, part '{name}',") for name, part in value.items()}
    if not isinstance(value, str):
        raise CliError(f"{what} is neither a text nor an object of texts")
    return parse_key(value, what)


def _with_fields(key: Secret, fields: list[str]) -> Secret:
    """Check that a key from standard input has the parts that were asked for."""
    if not fields:
        return key
    if isinstance(key, str):
        raise CliError("--field with standard input needs a JSON object with these parts on it")
    missing = [name for name in fields if name not in key]
    if missing:
        raise CliError(f"the JSON object on standard input has no part '{missing[0]}'")
    return key


def _json_pairs(text: str, source: str) -> list[tuple[str, object]]:
    """Return the members of a JSON object, repeated ones included."""
    try:
        pairs: list[tuple[str, object]] = json.JSONDecoder(object_pairs_hook=_Pairs).decode(text)
    except ValueError as exc:
        where = f", line {exc.lineno}" if isinstance(exc, json.JSONDecodeError) else ""
        raise CliError(f"{source} is not a JSON object{where}") from None
    return [(name, dict(value) if isinstance(value, _Pairs) else value) for name, value in pairs]


class _Pairs(list[tuple[str, object]]):
    """A JSON object's members, in order."""


def _dotenv_pairs(text: str, source: str) -> list[tuple[str, object]]:
    """Return the assignments of dotenv lines; ``$`` and quotes inside of keys are theirs."""
    from dotenv.parser import parse_stream  # noqa: PLC0415 -- only where a file is read

    pairs: list[tuple[str, object]] = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            raise CliError(f"{source}, line {binding.original.line}: expected ACCOUNT=KEY")
        if binding.key is not None:
            pairs.append((binding.key, binding.value))
    return pairs


def _variable(name: str) -> str:
    """Return an environment variable that must be set."""
    value = os.environ.get(name)
    if value is None:
        raise CliError(f"the environment variable {name} is not set")
    return value


def _stdin_text() -> str:
    """Return what is on standard input."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise CliError("standard input is not UTF-8 text") from None
