"""Parses Terraform variable files, ``*.tfvars`` and ``*.tfvars.json``, into a tree with lines.

Both hold literals only; an expression is refused with its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from balancectl.cli.errors import CliError
from balancectl.configuration.hcl.cursor import Cursor, shown
from balancectl.configuration.hcl.hints import assignment_hint, comma_hint, unclosed_hint
from balancectl.configuration.hcl.lexer import Kind, Token, tokenize
from balancectl.configuration.hcl.nodes import Mapping, Member, Node, Plain, Scalar, Sequence, walk
from balancectl.configuration.problems import Path

_DEEPEST: Final = 100
#: These turn a value before them into an expression.
_OPERATORS: Final = frozenset(".([+-*/?<>%!&|") | {"=="}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
#: A template's opening, unless doubled: ``$${`` is an escaped ``${``.
_TEMPLATE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\{|(?<!%)(?:%%)*%\{")
_LITERALS: Final[dict[str, Plain]] = {"true": True, "false": False, "null": None}


def parse_variables(text: str, source: str) -> Mapping:
    """Return the variables that a file sets; ``source`` is its name, and ``.json`` means JSON.

    Raises:
        CliError: With the line of a syntax error, or the path of an expression.
    """
    text = text.removeprefix("\ufeff")
    if source.endswith(".json"):
        return _parse_json(text, source)
    if text.lstrip().startswith("{"):
        raise CliError(f"{source} is JSON: give it a name that ends in .tfvars.json")
    return _Parser(tokenize(text, source), source).variables()


def repeated_names(node: Node) -> Iterator[tuple[Path, int, int]]:
    """Yield the path, line and first line of every member with a repeated name."""
    for path, mapping in walk(node):
        first: dict[str, int] = {}
        for member in mapping.members:
            if member.name in first:
                yield (*path, member.name), member.line, first[member.name]
            first.setdefault(member.name, member.line)


def _parse_json(text: str, source: str) -> Mapping:
    """Parse a JSON file: Python's parser checks the syntax, ours finds the lines."""
    try:
        is_object = isinstance(json.loads(text), dict)
    except json.JSONDecodeError as exc:
        raise CliError(
            f"{source}, line {exc.lineno}, column {exc.colno}: not JSON: {exc.msg.lower()}"
        ) from None
    except (RecursionError, ValueError):
        raise CliError(
            f"{source} is nested too deeply, or has a number of that many digits"
        ) from None
    if not is_object:
        raise CliError(f"{source} is not a JSON object of variables")
    node = _Parser(tokenize(text, source), source, is_json=True).document()
    return node if isinstance(node, Mapping) else Mapping((), 1)


class _Parser(Cursor):
    """A recursive descent parser over tokens."""

    def variables(self) -> Mapping:
        """Parse ``name = value`` lines to the end of the file."""
        members: list[Member] = []
        while self._skip_newlines().kind is not Kind.END:
            token = self._next()
            if token.kind is not Kind.NAME:
                self._fail(token, self._variable_hint(token))
            self._expect_assignment(token)
            members.append(self._member(token.text, token.line))
            end = self._peek()
            if end.kind not in {Kind.NEWLINE, Kind.END}:
                closes = end.text in {"}", "]"}
                hint = self._variable_hint(end) if closes else self._value_hint(end, "a new line")
                self._fail(end, hint)
        return Mapping(tuple(members), 1)

    def document(self) -> Node:
        """Parse one value, which is the whole file."""
        self._skip_newlines()
        return self._value()

    def _member(self, name: str, line: int) -> Member:
        """Parse the value of a member after its name and sign."""
        self._path.append(f".{name}" if self._path else name)
        node = self._value()
        self._path.pop()
        return Member(name, node, line)

    def _value(self) -> Node:
        """Parse a value."""
        token = self._next()
        if len(self._path) > _DEEPEST:
            self._fail(token, "nested too deeply")
        node = self._literal(token)
        follows = self._peek()
        if token.kind is Kind.NUMBER and follows.text == "%":
            self._fail(follows, self._value_hint(follows, "a new line"))
        if follows.text in _OPERATORS:
            self._fail_expression()
        return node

    def _literal(self, token: Token) -> Node:
        """Parse the literal that ``token`` starts."""
        if token.kind is Kind.SIGN and token.text == "{":
            return self._object(token)
        if token.kind is Kind.SIGN and token.text == "[":
            return self._list(token)
        return Scalar(self._scalar(token), token.line)

    def _scalar(self, token: Token) -> Plain:
        """Return the string, number, boolean or null that ``token`` starts."""
        value: Plain = None
        match token.kind, token.text:
            case Kind.STRING, _:
                value = self._string(token)
            case Kind.HEREDOC, text:
                value = text
            case Kind.NUMBER, text:
                value = _number(text)
            case Kind.SIGN, "-" if self._peek().kind is Kind.NUMBER:
                value = _number(f"-{self._next().text}")
            case Kind.NAME, text if text in _LITERALS:
                value = _LITERALS[text]
            case _:
                self._fail_value(token)
        return value

    def _object(self, opening: Token) -> Mapping:
        """Parse members up to the closing brace."""
        members: list[Member] = []
        while not self._closes(opening, "}"):
            token = self._next()
            name = self._member_name(token)
            self._expect_assignment(token)
            members.append(self._member(name, token.line))
            self._separator(opening, "}", newline_separates=True)
        return Mapping(tuple(members), opening.line)

    def _list(self, opening: Token) -> Sequence:
        """Parse items up to the closing bracket."""
        items: list[Node] = []
        while not self._closes(opening, "]"):
            self._path.append(f"[{len(items)}]")
            items.append(self._value())
            self._path.pop()
            self._separator(opening, "]", newline_separates=False)
        return Sequence(tuple(items), opening.line)

    def _closes(self, opening: Token, sign: str) -> bool:
        """Consume the closing sign if it is next."""
        token = self._skip_newlines()
        if token.kind is Kind.END:
            hint = unclosed_hint(opening, self._tokens)
            self._fail(token, f"the '{opening.text}' of line {opening.line} is never closed{hint}")
        if token.kind is Kind.SIGN and token.text == sign:
            self._next()
            return True
        return False

    def _separator(self, opening: Token, sign: str, *, newline_separates: bool) -> None:
        """Consume the separator between two members or items."""
        separated = newline_separates and self._peek().kind is Kind.NEWLINE
        token = self._skip_newlines()
        if token.kind is Kind.SIGN and token.text == ",":
            comma = self._next()
            number = self._peek()
            if number.kind is Kind.NUMBER and number.is_adjacent and opening.text == "{":
                self._fail(comma, comma_hint(number))
            return
        if token.kind is Kind.END or (token.kind is Kind.SIGN and token.text == sign) or separated:
            return
        expected = "a comma or a new line" if newline_separates else "a comma"
        self._fail(token, self._value_hint(token, expected))

    def _member_name(self, token: Token) -> str:
        """Return the name of an object's member."""
        follows = self._peek()
        if token.kind is Kind.STRING:
            return self._string(token)
        if token.kind is Kind.SIGN and token.text == "(":
            self._path.append(", a name")
            self._fail_expression()
        if token.kind not in {Kind.NAME, Kind.NUMBER}:
            self._fail(token, "expected a name")
        if token.kind is Kind.NUMBER and follows.is_adjacent and follows.kind is Kind.NAME:
            self._fail(token, "put the name in quotation marks")
        if follows.text == ".":
            self._fail(token, "put a name with a dot in quotation marks")
        return token.text

    def _expect_assignment(self, name: Token) -> None:
        """Consume the sign between a name and its value."""
        token = self._next()
        is_top = not self._path and not self._is_json
        if token.kind is Kind.SIGN and (token.text == "=" or (token.text == ":" and not is_top)):
            self._skip_newlines()
            return
        hint = assignment_hint(name.text, token) if is_top or token.text[:1] == "=" else None
        if token.text == "{" and hint is None:
            path = "".join([*self._path, f".{name.text}" if self._path else name.text])
            self._fail(name, f"{path} is a block: write = before {{")
        if token.text == ":":
            self._fail(token, f"write {name.text} = …, with an equals sign")
        self._fail(token, hint or f"expected = after {shown(name)}")

    def _string(self, token: Token) -> str:
        """Return the content of a quoted string."""
        if self._is_json:
            return str(json.loads(token.text))
        inner = token.text[1:-1]
        if _TEMPLATE.search(inner):
            self._fail_expression()
        return _ESCAPE.sub(_unescape, inner).replace("$${", "${").replace("%%{", "%{")


def _number(text: str) -> int | Decimal:
    """Return an exact number."""
    return int(text) if text.lstrip("-").isdigit() and len(text) < 400 else Decimal(text)


def _unescape(match: re.Match[str]) -> str:
    """Return the character of an escape sequence."""
    escape = match.group(1)
    if escape[0] in "uU" and len(escape) > 1:
        return chr(min(int(escape[1:], 16), 0x10FFFF))
    return _ESCAPES.get(escape, match.group(0))
