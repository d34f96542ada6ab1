"""A position among tokens, and errors at it. No error quotes what may be a key."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from balancectl.cli.errors import CliError
from balancectl.configuration.hcl.hints import comma_hint, number_hint, plus_hint
from balancectl.configuration.hcl.lexer import Kind, Token

#: Other languages' words for literals.
_LITERALS: Final = {
    "true": "true",
    "false": "false",
    "null": "null",
    "yes": "true",
    "on": "true",
    "no": "false",
    "off": "false",
    "none": "null",
}
#: Matches providers, fields and variables; keys have digits, dashes or capitals, or are longer.
_HARMLESS: Final = re.compile(r"[a-z_]{1,24}", re.ASCII)


class Cursor:
    """Reads tokens in order, and tracks the path of the value being parsed."""

    def __init__(self, tokens: list[Token], source: str, *, is_json: bool = False) -> None:
        self._tokens = tokens
        self._at = 0
        self._source = source
        self._is_json = is_json
        self._path: list[str] = []

    def _fail_value(self, token: Token) -> NoReturn:
        """Refuse a token that cannot be a value."""
        if token.kind in {Kind.NEWLINE, Kind.END} or token.text in {"}", "]", ","}:
            self._fail(token, f"{self._where()} has no value")
        follows = self._peek()
        if token.kind is Kind.NAME and follows.text not in {".", "("}:
            if word := _LITERALS.get(token.text.lower()):
                self._fail(token, f"{self._where()}: write {word}")
            self._fail(token, f"{self._where()}: strings need quotation marks{_example(token)}")
        if token.text == "." and follows.kind is Kind.NUMBER:
            self._fail(token, f"{self._where()}: write 0.{follows.text}")
        if token.text == "+" and follows.kind is Kind.NUMBER:
            self._fail(token, f"{self._where()}: {plus_hint(follows)}")
        if token.text == "<" and follows.text != "<":
            self._fail(token, f"{self._where()}: put your own value in place of <…>")
        if token.text == "<":
            self._fail(
                token, f"{self._where()}: a text that begins with << ends with its word alone"
            )
        self._fail_expression()

    def _value_hint(self, token: Token, expected: str) -> str:
        """Explain what wrongly follows a value."""
        before, sign = self._tokens[self._at - 1], self._tokens[self._at - 2].text
        if before.kind is Kind.NUMBER:
            hint = number_hint(before, "-" if sign == "-" else "", token)
            if hint:
                return hint
            if token.text == ",":
                return comma_hint(self._tokens[self._at + 1])
        return f"expected {expected} before {shown(token)}"

    def _variable_hint(self, token: Token) -> str:
        """Explain what is found in place of a variable's name."""
        if token.kind is Kind.STRING:
            return f"write {token.text.strip(chr(34))} = …, without quotation marks around the name"
        if token.kind is Kind.SIGN and token.text in {"}", "]"}:
            return f"'{token.text}' closes nothing"
        return "expected the name of a variable"

    def _where(self) -> str:
        """Return the path of the value being parsed."""
        return "".join(self._path) or "the value"

    def _fail(self, token: Token, text: str) -> NoReturn:
        """Refuse the file at ``token``."""
        raise CliError(f"{self._source}, line {token.line}, column {token.column}: {text}")

    def _fail_expression(self) -> NoReturn:
        """Refuse an expression."""
        line = self._tokens[max(self._at - 1, 0)].line
        raise CliError(
            f"{self._source}, line {line}: {self._where()} is an expression: a tfvars file may "
            "contain only literal strings, numbers, booleans, lists and objects"
        )

    def _peek(self) -> Token:
        """Return the next token."""
        return self._tokens[self._at]

    def _next(self) -> Token:
        """Consume the next token; END stays."""
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _skip_newlines(self) -> Token:
        """Consume line breaks; return the token after them."""
        while self._peek().kind is Kind.NEWLINE:
            self._next()
        return self._peek()


def shown(token: Token) -> str:
    """Return a token in a form that an error may show."""
    if token.kind is Kind.SIGN or _HARMLESS.fullmatch(token.text):
        return f"'{token.text}'"
    return {Kind.NEWLINE: "the line break", Kind.END: "the end of the file"}.get(
        token.kind, f"a {token.kind.name.lower()}"
    )


def _example(token: Token) -> str:
    """Return a word in quotation marks, if it may be shown."""
    return f': "{token.text}"' if _HARMLESS.fullmatch(token.text) else ""
