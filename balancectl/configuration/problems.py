"""Problems in a variables file, and where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Path = tuple[str, ...]
"""The names that lead to a value, outermost first; an item of a list is "[0]"."""

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*|\[\d+\]", re.ASCII)


class Severity(StrEnum):
    """Whether a plan would refuse the file."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, with its remedy."""

    text: str
    path: Path = ()
    """The variable or value; empty for the file."""
    line: int | None = None
    severity: Severity = Severity.ERROR
    names_itself: bool = False
    """Whether the text begins with what it is about, as the rules' sentences do."""

    @property
    def sentence(self) -> str:
        """The text, preceded by the path unless it already names it."""
        is_named = self.names_itself or not self.path
        return self.text if is_named else f"{format_path(self.path)}: {self.text}"


def format_path(path: Path) -> str:
    """Return a path as it is written: ``accounts.main.warning``, ``accounts."fire.crawl"``."""
    text = "".join(
        name
        if name.startswith("[")
        else f".{name}"
        if _PLAIN_NAME.fullmatch(name)
        else f'."{name}"'
        for name in path
    )
    return text.removeprefix(".")
