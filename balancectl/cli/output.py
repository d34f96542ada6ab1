"""Prints tables, lines and JSON: the answer to stdout, remarks and warnings to stderr.

The one place that masks keys and makes text printable; nothing else writes to the terminal.

On a terminal, rich draws tables that fit its width; elsewhere they are plain columns without
colour or wrapping, for grep, awk and CI logs.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from balancectl.cli.printable import printable, printable_json
from balancectl.cli.redaction import clean
from shared.times import format_time

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


#: Blanks between columns.
_GAP: Final = 2
#: Wrapping columns get no narrower than this.
_NARROWEST: Final = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and its rich style on a terminal."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    justify: Literal["left", "right"] = "left"
    min_terminal_width: int = 0
    """The column is left out on narrower terminals."""
    wraps: bool = False
    """Whether long texts wrap rather than widen the column."""


Row = Sequence[Cell | str]


def print_table(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print a table on stdout."""
    console = _console()
    if not console.is_terminal:
        for line in plain_lines(columns, rows):
            sys.stdout.write(f"{_safe(line)}\n")
        return
    from rich.table import Table  # noqa: PLC0415 -- loaded with the console

    shown = [i for i, c in enumerate(columns) if console.width >= c.min_terminal_width]
    rows = [[_single_line(cell) for cell in row] for row in rows]
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
    """Return the columns' widths: those of their texts; wrapping columns share the rest."""
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    wrapping = [i for i, column in enumerate(columns) if column.wraps]
    left = terminal_width - _GAP * (len(columns) - 1) - sum(widths)
    while left < 0 and any(widths[i] > _NARROWEST for i in wrapping):
        widest = max(wrapping, key=lambda i: widths[i])
        widths[widest] -= 1
        left += 1
    return widths


def plain_lines(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """Return the table as aligned columns, two spaces apart, with a header line."""
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


def print_line(text: str = "", style: str = "") -> None:
    """Print a line of the answer on stdout."""
    _print(_console(), _text(Cell(text, style)))


def print_command(text: str) -> None:
    """Print a command to copy, unbroken on its own line, on stderr."""
    _console(stderr=True).print(_text(Cell(f"  {text}", "cyan")), soft_wrap=True)


def print_note(text: str) -> None:
    """Print a remark, which is not part of the answer, on stderr."""
    _print(_console(stderr=True), _text(Cell(text, "dim")))


def print_warning(text: str) -> None:
    """Print a warning on stderr."""
    _labelled("warning: ", "yellow", text)


def print_error(text: str) -> None:
    """Print why the command failed, in one line on stderr."""
    _labelled("error: ", "bold red", text)


def print_traceback(exc: BaseException) -> None:
    """Print where an unexpected error comes from, on stderr."""
    sys.stderr.write(_safe("".join(traceback.format_exception(exc))))


def print_json(value: object) -> None:
    """Print ``value`` as JSON on stdout; amounts as exact strings, times as ISO 8601."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_json_value)
    sys.stdout.write(f"{printable_json(clean(text))}\n")


def progress(text: str) -> AbstractContextManager[Any]:
    """Show ``text`` beside a spinner during slow work; nothing off a terminal."""
    console = _console(stderr=True)
    return console.status(_safe(text)) if console.is_terminal else nullcontext()


def print_fields(pairs: Iterable[tuple[str, Cell | str]]) -> None:
    """Print names with aligned values, one pair a line; leave out empty values."""
    kept = [(name, value) for name, value in pairs if _plain(value)]
    width = max((len(name) for name, _ in kept), default=0)
    for name, value in kept:
        _print(_console(), _text(value), Cell(f"  {name.ljust(width)}  ", "dim"))


def _labelled(label: str, style: str, text: str) -> None:
    """Print a labelled line on stderr."""
    line = _text(Cell(label, style))
    line.append(_safe(text))
    _print(_console(stderr=True), line)


def _print(console: Console, text: Text, label: Cell | None = None) -> None:
    """Print a labelled text: wrapped between words on a terminal, else on one line."""
    start = _text(label or Cell(""))
    width = max(console.width - len(start), 20)
    parts = text.wrap(console, width) if console.is_terminal else [text]
    for number, part in enumerate(parts):
        part.rstrip()
        lead = start if number == 0 else _text(Cell(" " * len(start)))
        console.print(lead.copy().append_text(part), soft_wrap=True)


def _console(*, stderr: bool = False) -> Console:
    """Return a console on the current stdout or stderr; it honours NO_COLOR, TERM and COLUMNS."""
    from rich.console import Console  # noqa: PLC0415 -- verify --json need not load it

    return Console(file=sys.stderr if stderr else sys.stdout, highlight=False, emoji=False)


def _text(cell: Cell | str) -> Text:
    """Return the cell as rich text without markup, keys masked."""
    from rich.text import Text  # noqa: PLC0415 -- loaded with the console

    shown = Cell(cell) if isinstance(cell, str) else cell
    return Text(_safe(shown.text), style=shown.style)


def _safe(text: str) -> str:
    """Return ``text`` with keys masked, and without what could control a terminal."""
    return printable(clean(text))


def _single_line(cell: Cell | str) -> Cell:
    """Return a table's cell on one line: a break in foreign text must not look like a row."""
    style = cell.style if isinstance(cell, Cell) else ""
    return Cell(printable(" ".join(_plain(cell).split())), style)


def _plain(cell: Cell | str) -> str:
    """Return the cell's text."""
    return cell if isinstance(cell, str) else cell.text


def _json_value(value: object) -> object:
    """Return a JSON value for ``value``."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return format_time(value)
        case Mapping():
            return dict(value)
        case _:
            return str(value)
