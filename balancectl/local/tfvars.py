"""Parses a ``.tfvars`` file: literals only, as in Terraform.

python-hcl2 returns strings in quotes and expressions as ``${…}``; here they become plain values,
and anything else is refused with its path.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from balancectl.cli.errors import CliError

_NUMBER: Final = re.compile(r"\$\{\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*\}", re.ASCII)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
#: A template's opening, not doubled: ``$${`` stands for the three characters ``${``.
_TEMPLATE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\{|(?<!%)(?:%%)*%\{")


def parse_tfvars(text: str, source: str) -> dict[str, Any]:
    """Return the file's variables; numbers are ``int`` or ``Decimal``.

    Raises:
        CliError: With the line that is not HCL, or the path of a value that is not a literal.
    """
    import hcl2  # noqa: PLC0415 -- a parser generator, loaded only for a tfvars file
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415 -- the same

    options = hcl2.SerializationOptions(with_comments=False, preserve_heredocs=False)
    try:
        # The grammar requires a line break at the end.
        parsed = hcl2.loads(f"{text}\n", serialization_options=options)
    except UnexpectedInput as exc:
        raise CliError(
            f"{source}, line {exc.line}, column {exc.column}: not valid in a tfvars file"
        ) from None
    except Exception as exc:  # noqa: BLE001 -- an internal error of the parser
        raise CliError(f"{source} cannot be read as a tfvars file ({type(exc).__name__})") from None
    return {
        _name(name, source): _value(value, f"{source}: {_name(name, source)}")
        for name, value in parsed.items()
        if not name.startswith("__")
    }


def _value(value: object, path: str) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a parsed value as plain data."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return Decimal(repr(value))
        case str():
            return _text(value, path)
        case list():
            return [_value(item, f"{path}[{i}]") for i, item in enumerate(value)]
        case dict() if "__is_block__" in value:
            raise CliError(f"{path.rstrip('[]0123456789')} is a block: write = before {{")
        case dict():
            return {
                _name(name, path): _value(item, f"{path}.{_name(name, path)}")
                for name, item in value.items()
            }
        case _:
            raise CliError(f"{path} is not a valid value in a tfvars file")


def _text(text: str, path: str) -> str | Decimal:
    """Return the text between quotes, or a number that the parser took for an expression."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        inner = text[1:-1]
        if _TEMPLATE.search(inner):
            raise _not_literal(path)
        return _ESCAPE.sub(_unescape, inner).replace("$${", "${").replace("%%{", "%{")
    number = _NUMBER.fullmatch(text)
    if number:
        return Decimal(number.group(1))
    raise _not_literal(path)


def _name(name: str, path: str) -> str:
    """Return an object's key, which may be quoted."""
    if name.startswith('"'):
        return str(_text(name, path))
    if name.startswith("${"):
        raise _not_literal(f"{path}, a name")
    return name


def _unescape(match: re.Match[str]) -> str:
    """Return the character of an escape sequence."""
    escape = match.group(1)
    if escape[0] in "uU" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _ESCAPES.get(escape, match.group(0))


def _not_literal(path: str) -> CliError:
    """Return the error for an expression."""
    return CliError(
        f"{path} is an expression: a tfvars file may contain only literal strings, "
        "numbers, booleans, lists and objects"
    )
