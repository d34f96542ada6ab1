"""Splits a variables file into tokens: HCL's literals, which include JSON's.

Syntax: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md, read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from textwrap import dedent
from typing import Final

from balancectl.cli.errors import CliError

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\r]+|(?:\#|//)[^\n]*|/\*.*?\*/)
      | (?P<newline>\n)
      | (?P<conflict>(?:<<<<<<<|=======|>>>>>>>)[^\n]*)
      | <<(?P<trim>-?)(?P<marker>[A-Za-z][A-Za-z0-9._-]*)\r?\n
        (?P<heredoc>(?:.*?\n)??)[ \t]*(?P=marker)(?=\r?\n|\Z)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<sign>=>|==|\.\.\.|[{}\[\]():=,.+*%?!&|<>-]|/(?!\*))""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
#: Texts that start no valid token, and what to do about them.
_ODD: Final = {
    '"': "the string has no closing quotation mark on this line",
    "'": "strings need double quotation marks",
    "\u201c": "typographic quotation mark: use a straight one",
    "\u201d": "typographic quotation mark: use a straight one",
    "\u201e": "typographic quotation mark: use a straight one",
    "\u2018": "typographic quotation mark: use a straight, double one",
    "\u2019": "typographic quotation mark: use a straight, double one",
    ";": "no semicolon is needed: use a new line",
    "$": "amounts are plain numbers, without a currency sign",
    "€": "amounts are plain numbers, without a currency sign",
    "\u00a0": "invisible non-breaking space: use a plain space",
    "\u200b": "invisible zero-width space: remove it",
}


class Kind(Enum):
    """The kinds of tokens."""

    NEWLINE = auto()
    STRING = auto()
    HEREDOC = auto()
    NUMBER = auto()
    NAME = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and where it starts."""

    kind: Kind
    text: str
    line: int
    column: int
    is_adjacent: bool
    """Whether it directly follows the previous token."""


def tokenize(text: str, source: str) -> list[Token]:
    """Return the tokens of ``text``, without comments, and an END.

    Raises:
        CliError: With the line and column of the invalid text.
    """
    tokens: list[Token] = []
    at, line, start_of_line, is_adjacent = 0, 1, 0, False
    while at < len(text):
        column = at - start_of_line + 1
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup == "conflict":
            raise CliError(f"{source}, line {line}, column {column}: {_oddity(text, at)}")
        kind = match.lastgroup or ""
        if kind != "blank":
            tokens.append(_token(match, line, column, is_adjacent=is_adjacent))
        is_adjacent = kind not in {"blank", "newline"}
        at = match.end()
        breaks = match.group().count("\n")
        if breaks:
            line += breaks
            start_of_line = text.rindex("\n", 0, at) + 1
    tokens.append(Token(Kind.END, "", line, at - start_of_line + 1, is_adjacent=False))
    return tokens


def _token(match: re.Match[str], line: int, column: int, *, is_adjacent: bool) -> Token:
    """Return the token of a match; a heredoc's text is its content."""
    kind = Kind[str(match.lastgroup).upper()]
    text = match.group()
    if kind is Kind.HEREDOC:
        text = dedent(match["heredoc"]) if match["trim"] else match["heredoc"]
    return Token(kind, text, line, column, is_adjacent)


def _oddity(text: str, at: int) -> str:
    """Explain a text that starts no valid token."""
    character = text[at]
    if character in "'\u2019" and text[at - 1 : at].isdigit():
        return "write numbers without separators between their digits"
    if character == "$" and (text[at + 1 : at + 2].isalpha() or text[at + 1 : at + 2] == "{"):
        return (
            "environment variables are not filled in: write the value itself; keys are stored with"
            " balancectl keys set"
        )
    if character in _ODD:
        return _ODD[character]
    if text[at : at + 7] in {"<<<<<<<", "=======", ">>>>>>>"}:
        return "merge conflict marker: resolve the conflict"
    if text[at : at + 2] == "/*":
        return "the comment is never closed"
    shown = f"'{character}'" if character.isprintable() else "invisible character"
    return f"unexpected {shown} (U+{ord(character):04X})"
