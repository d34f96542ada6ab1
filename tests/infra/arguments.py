"""Lists the resources and arguments that Terraform files use, if terraform fmt formatted them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

#: Terraform's own arguments, which no provider knows.
META = {"for_each", "count", "depends_on", "provider", "lifecycle", "dynamic"}
_TOP = re.compile(r'^(resource|data) "(aws_\w+)" "\w+" \{(\}?)$')
_BLOCK = re.compile(r'^(?:dynamic )?"?(\w+)"? \{$')
_ARGUMENT = re.compile(r"^(\w+) += ")


def arguments(files: Iterable[Path]) -> Mapping[str, set[str]]:
    """Return the arguments by type, data sources as ``data aws_…``, nested ones with dots."""
    found: dict[str, set[str]] = {}
    for file in files:
        blocks: list[str] = []
        open_brackets = 0
        for line in map(str.strip, file.read_text(encoding="utf-8").splitlines()):
            if not line or line.startswith("#"):
                continue
            if open_brackets:
                open_brackets += _opened(line)
            elif not blocks:
                if top := _TOP.match(line):
                    kind = f"data {top[2]}" if top[1] == "data" else top[2]
                    found.setdefault(kind, set())
                    blocks = [] if top[3] else [kind]
            elif line == "}":
                blocks.pop()
            elif argument := _ARGUMENT.match(line):
                _note(found, [*blocks, argument[1]])
                open_brackets = _opened(line)
            elif block := _BLOCK.match(line):
                blocks.append(block[1])
                _note(found, blocks)
    return found


def _note(found: Mapping[str, set[str]], path: list[str]) -> None:
    """Add an argument, unless it is Terraform's own or the iteration of a dynamic block."""
    kind, *names = (name for name in path if name != "content")
    if names and not META & set(names):
        found[kind].add(".".join(names))


def _opened(line: str) -> int:
    """Return how many more brackets a line opens than it closes."""
    return sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
