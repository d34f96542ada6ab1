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
from typing import TYPE_CHECKING, Any, Final, Literal

from balancectl.cli.redaction import clean
from shared.times import format_time

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


#: Blanks between columns.
_GAP: Final = 2
#: A wrapping column gets no narrower, so that words can still be read.
_NARROWEST: Final = 12


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
    """Whether long texts go over several lines rather than push the other columns aside."""


Row = Sequence[Cell | str]


def print_table(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print a table on stdout."""
    console = _console()
    if not console.is_terminal:
        for line in plain_lines(columns, rows):
            sys.stdout.write(f"{clean(line)}\n")
        return
    from rich.table import Table  # noqa: PLC0415 -- loaded with the console

    shown = [i for i, c in enumerate(columns) if console.width >= c.min_terminal_width]
    texts = [[columns[i].title for i in shown], *[[_plain(row[i]) for i in shown] for row in rows]]
    widths = fitting_widths([columns[i] for i in shown], texts, console.width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold underline")
    for i, width in zip(shown, widths, strict=True):
        column = columns[i]
        table.add_column(column.title, justify=column.justify, overflow="fold", width=width)
    for row in rows:
        table.add_row(*[_text(row[i]) for i in shown])
    console.print(table)


def fitting_widths(
    columns: Sequence[Column], texts: Sequence[Sequence[str]], terminal_width: int
) -> list[int]:
    """Return the columns' widths: as wide as their texts, but wrapping ones share what is left."""
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    wrapping = [i for i, column in enumerate(columns) if column.wraps]
    left = terminal_width - _GAP * (len(columns) - 1) - sum(widths)
    while left < 0 and any(widths[i] > _NARROWEST for i in wrapping):
        widest = max(wrapping, key=lambda i: widths[i])
        widths[widest] -= 1
        left += 1
    return widths


def plain_lines(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """Return the table as aligned columns, two spaces apart, with a line of titles."""
    texts = [[column.title.upper() for column in columns]]
    texts += [[" ".join(_plain(cell).split()) or "-" for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    return [
        (" " * _GAP)
        .join(
            text.rjust(width) if column.justify == "right" else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        )
        .rstrip()
        for row in texts
    ]


def say(text: str = "", style: str = "") -> None:
    """Print a line of the answer on stdout."""
    _print(_console(), _text(Cell(text, style)))


def command(text: str) -> None:
    """Print a command to be copied, on a line of its own that is never broken, on stderr."""
    _console(stderr=True).print(_text(Cell(f"  {text}", "cyan")), soft_wrap=True)


def note(text: str) -> None:
    """Print a remark on stderr: it is not part of the answer."""
    _print(_console(stderr=True), _text(Cell(text, "dim")))


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
        _print(_console(), _text(value), Cell(f"  {name.ljust(width)}  ", "dim"))


def _labelled(label: str, style: str, text: str) -> None:
    """Print a labelled line on stderr."""
    line = _text(Cell(label, style))
    line.append(clean(text))
    _print(_console(stderr=True), line)


def _print(console: Console, text: Text, label: Cell | None = None) -> None:
    """Print a text after its label: broken between words on a terminal, else in one piece."""
    start = _text(label or Cell(""))
    width = max(console.width - len(start), 20)
    parts = text.wrap(console, width) if console.is_terminal else [text]
    for number, part in enumerate(parts):
        part.rstrip()
        lead = start if number == 0 else _text(Cell(" " * len(start)))
        console.print(lead.copy().append_text(part), soft_wrap=True)


def _console(*, stderr: bool = False) -> Console:
    """Return a console on what stdout or stderr is now; honours NO_COLOR, TERM and COLUMNS."""
    from rich.console import Console  # noqa: PLC0415 -- verify --json need not load it

    return Console(file=sys.stderr if stderr else sys.stdout, highlight=False, emoji=False)


def _text(cell: Cell | str) -> Text:
    """Return rich text with the cell's words taken literally, keys masked."""
    from rich.text import Text  # noqa: PLC0415 -- loaded with the console

    shown = Cell(cell) if isinstance(cell, str) else cell
    return Text(clean(shown.text), style=shown.style)


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
