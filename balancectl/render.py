"""What is printed, and how: tables, lines, JSON. stdout has the answer; stderr what goes with it.

On a terminal tables are drawn by rich and fit its width; anywhere else they are plain columns
without colour or wrapping, so that grep, awk and CI logs read them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from balancectl.redaction import clean
from shared.times import format_time

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and the rich style it has on a terminal."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    justify: Literal["left", "right"] = "left"
    min_terminal_width: int = 0
    """The terminal's width below which the column is left out."""
    wraps: bool = False
    """Whether long texts go over several lines rather than push others aside."""


Row = Sequence[Cell | str]


def print_table(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print a table on stdout."""
    console = _console()
    if not console.is_terminal:
        for line in plain_lines(columns, rows):
            sys.stdout.write(f"{clean(line)}\n")
        return
    from rich import box  # noqa: PLC0415 -- loaded with the console
    from rich.table import Table  # noqa: PLC0415 -- the same

    shown = [i for i, c in enumerate(columns) if console.width >= c.min_terminal_width]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in (columns[i] for i in shown):
        table.add_column(
            column.title,
            justify=column.justify,
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ellipsis",
            ratio=1 if column.wraps else None,
        )
    for row in rows:
        table.add_row(*[_text(row[i]) for i in shown])
    console.print(table)


def plain_lines(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """Return the table as aligned columns, two spaces apart, with a line of titles."""
    texts = [[column.title.upper() for column in columns]]
    texts += [[" ".join(_plain(cell).split()) or "-" for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    return [
        "  ".join(
            text.rjust(width) if column.justify == "right" else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in texts
    ]


def say(text: str = "", style: str = "") -> None:
    """Print a line of the answer on stdout."""
    _console().print(_text(Cell(text, style)), soft_wrap=True)


def note(text: str) -> None:
    """Print a remark on stderr: it is not part of the answer."""
    _console(stderr=True).print(_text(Cell(text, "dim")), soft_wrap=True)


def warn(text: str) -> None:
    """Print a warning on stderr."""
    _labelled("warning: ", "yellow", text)


def print_error(text: str) -> None:
    """Print the one line that says why the command failed, on stderr."""
    _labelled("error: ", "bold red", text)


def print_json(value: object) -> None:
    """Print ``value`` as JSON on stdout; amounts as strings that lose no digit, times as ISO."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_json_value)
    sys.stdout.write(f"{clean(text)}\n")


def progress(text: str) -> AbstractContextManager[Any]:
    """Show ``text`` beside a spinner while something takes its time; nothing off a terminal."""
    console = _console(stderr=True)
    return console.status(clean(text)) if console.is_terminal else nullcontext()


def facts(pairs: Iterable[tuple[str, Cell | str]]) -> None:
    """Print names and values under each other, values aligned; empty values are left out."""
    kept = [(name, value) for name, value in pairs if _plain(value)]
    width = max((len(name) for name, _ in kept), default=0)
    for name, value in kept:
        line = _text(Cell(f"  {name.ljust(width)}  ", "dim"))
        line.append_text(_text(value))
        _console().print(line, soft_wrap=True)


def _labelled(label: str, style: str, text: str) -> None:
    """Print a labelled line on stderr."""
    line = _text(Cell(label, style))
    line.append(clean(text))
    _console(stderr=True).print(line, soft_wrap=True)


def _console(*, stderr: bool = False) -> Console:
    """Return a console on what stdout or stderr is now; honours NO_COLOR, TERM and COLUMNS."""
    from rich.console import Console  # noqa: PLC0415 -- verify --json need not load it

    return Console(file=sys.stderr if stderr else sys.stdout, highlight=False, emoji=False)


def _text(cell: Cell | str) -> Text:
    """Return rich text with the cell's words taken literally, keys masked."""
    from rich.text import Text  # noqa: PLC0415 -- loaded with the console

    return Text(cell) if isinstance(cell, str) else Text(clean(cell.text), style=cell.style)


def _plain(cell: Cell | str) -> str:
    """Return the cell's words."""
    return cell if isinstance(cell, str) else cell.text


def _json_value(value: object) -> object:
    """Return what JSON can hold in place of ``value``."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return format_time(value)
        case Mapping():
            return dict(value)
        case _:
            return str(value)
