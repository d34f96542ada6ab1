"""Reads keys from a hidden prompt, standard input or the environment. Never from arguments.

Every key read here is masked in all later output. No error quotes one.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable
from typing import Final

import typer

from balance_poller.credentials.stored import key_problem
from balancectl.cli.errors import CliError
from balancectl.cli.redaction import remember
from shared.secret import PlainKey

_PLACEHOLDER: Final = re.compile(
    r"^<.*>$|^\$\{?\w+\}?$|^\{\{.*\}\}$|\.\.\.|\u2026|\*{3}|x{6}|"
    r"your[-_ ]?(api|key|token|secret)|change[-_ ]?me|place[-_ ]?holder|replace[-_ ]?me|"
    r"insert[-_ ]?(your|key)|example|dummy|\btodo\b|^(api[-_]?key|key|token|secret|password|test)$",
    re.IGNORECASE,
)
#: Outside these lengths a key is suspicious: no documented key is shorter, and only certificates
#: are longer.
_SHORTEST: Final = 8
_LONGEST: Final = 4_096
#: Straight quotes, and the typographic ones of word processors.
_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"


def parse_key(text: str, what: str) -> PlainKey:
    """Return a key in its stored form, trimmed; a JSON object is a credential of several parts.

    Raises:
        CliError: When it is empty, has invalid characters, or is JSON but not of strings.
    """
    text = text.strip()
    if text:
        remember(text)
    if not text.startswith("{"):
        return _checked(text, what)
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        raise CliError(f"{what} starts with '{{' but is not a JSON object") from None
    if not isinstance(parts, dict) or not parts:
        raise CliError(f"{what} is an empty JSON object")
    return {name: checked_part(value, f"{what}, part '{name}'") for name, value in parts.items()}


def key_warnings(key: PlainKey) -> list[str]:
    """Return why a key is probably not the real one: a placeholder, or of an odd length."""
    parts = {"the key": key} if isinstance(key, str) else {f"part '{n}'": v for n, v in key.items()}
    warnings = []
    for what, text in parts.items():
        if _PLACEHOLDER.search(text) or len(set(text)) == 1:
            warnings.append(f"{what} looks like a placeholder")
        elif isinstance(key, str) and len(text) < _SHORTEST:
            warnings.append(f"{what} has only {len(text)} characters")
        elif len(text) > _LONGEST:
            warnings.append(f"{what} has {len(text):,} characters: was a whole file copied?")
        elif " " in text:
            warnings.append(f"{what} contains a space")
    return warnings


def read_key(account: str, *, from_stdin: bool, fields: Iterable[str] = ()) -> PlainKey:
    """Read one key from standard input if requested or piped, else from a prompt.

    Args:
        account: Named in the prompt.
        from_stdin: Whether to read standard input even if it is a terminal.
        fields: The parts to prompt for, of a credential of several parts.
    """
    names = list(fields)
    if from_stdin or is_piped():
        key = parse_key(stdin_text(), "the key on standard input")
        return _with_fields(key, names)
    if names:
        return {name: checked_part(prompt(f"{account}, {name}"), f"'{name}'") for name in names}
    return parse_key(prompt(f"Key of {account}"), "the key")


def prompt(label: str) -> str:
    """Prompt for a text without showing it."""
    text: str = typer.prompt(
        f"{label} (not shown)", hide_input=True, default="", show_default=False
    )
    return text


def key_from_environment(sources: Iterable[str]) -> PlainKey:
    """Read a key from ``VARIABLE``, or its parts from ``FIELD=VARIABLE`` each.

    Raises:
        CliError: When a variable is not set, or whole keys and parts are mixed.
    """
    pairs = [source.partition("=") for source in sources]
    if len(pairs) == 1 and not pairs[0][1]:
        variable = pairs[0][0]
        return parse_key(_variable(variable), f"the key in {variable}")
    if not all(sign and field and variable for field, sign, variable in pairs):
        raise CliError("--key-env takes one VARIABLE, or FIELD=VARIABLE for each part of the key")
    return {
        field: checked_part(_variable(variable), f"the key's part in {variable}")
        for field, _, variable in pairs
    }


def _checked(text: str, what: str) -> str:
    """Return ``text`` if it can be a key."""
    if not text:
        raise CliError(f"{what} is empty")
    for place, character in enumerate(text, start=1):
        if not character.isprintable():
            raise CliError(
                f"{what} has an invisible character at position {place} "
                f"(U+{ord(character):04X}): copy the key alone"
            )
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        raise CliError(f"{what} is in quotation marks: remove them")
    if problem := key_problem(text):
        raise CliError(f"{what} {problem}")
    return text


def checked_part(value: object, what: str) -> str:
    """Return one part of a key."""
    if not isinstance(value, str):
        raise CliError(f"{what} is not a string")
    remember(value.strip())
    return _checked(value.strip(), what)


def _with_fields(key: PlainKey, fields: list[str]) -> PlainKey:
    """Check that a key from standard input has the requested parts."""
    if not fields:
        return key
    if isinstance(key, str):
        raise CliError("--field with standard input needs a JSON object of these parts")
    missing = [name for name in fields if name not in key]
    if missing:
        raise CliError(f"the JSON object on standard input has no part '{missing[0]}'")
    return key


def _variable(name: str) -> str:
    """Return the value of an environment variable that must be set."""
    value = os.environ.get(name)
    if value is None:
        raise CliError(f"the environment variable {name} is not set")
    return value


def is_piped() -> bool:
    """Whether standard input is not a terminal."""
    return sys.stdin is None or not sys.stdin.isatty()


def stdin_text() -> str:
    """Return the text on standard input."""
    if sys.stdin is None:
        return ""
    try:
        return sys.stdin.read().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise CliError("standard input is not UTF-8 text") from None
