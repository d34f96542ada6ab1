"""The local cloud's output: boxes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as ProgressBar
from rich.table import Table
from rich.text import Text

from balancectl.cli.printable import printable
from balancectl.localcloud.alarms.evaluator import Transition
from balancectl.localcloud.deploy.terraform import OnStage, Progress
from balancectl.localcloud.inbox import Message
from shared.money import format_amount
from shared.outcome import Outcome
from shared.records import Latest

_COLOURS = {"critical": "red", "warning": "yellow"}
_WIDTH = 100
#: As wide as "14:05 UTC  ".
_INDENT = " " * 11


class Screen:
    """Prints the story to ``console``."""

    def __init__(self, console: Console | None = None) -> None:
        found = console or Console()
        is_plain = not found.is_terminal
        width = _WIDTH if is_plain else min(found.width, _WIDTH)
        self._console = Console(file=found.file, width=width, highlight=False, soft_wrap=is_plain)
        self._started = time.monotonic()

    @property
    def elapsed(self) -> str:
        """The time since the start, as in "1 min 20 s"."""
        return _duration(time.monotonic() - self._started)

    def print(self, text: str = "", style: str = "") -> None:
        """Print a line."""
        self._console.print(Text(printable(text), style=style))

    def heading(self, text: str) -> None:
        """Print a section's heading."""
        self._console.print()
        if self._is_plain:
            self._console.print(f"== {text}")
        else:
            self._console.rule(f"[bold]{text}", align="left")

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Show ``title`` while the block runs, then its duration; yields a progress callback."""
        begun = time.monotonic()
        if self._is_plain:
            self._console.print(f"{title} ...")
            yield lambda done, total: None  # noqa: ARG005 -- plain lines show the end only
        else:
            columns = (SpinnerColumn(), TextColumn("{task.description}"))
            bar = (BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
            with ProgressBar(*columns, *bar, console=self._console, transient=True) as progress:
                task = progress.add_task(title, total=None)
                yield lambda done, total: progress.update(task, completed=done, total=total)
        took = _duration(time.monotonic() - begun)
        self._console.print(Text.assemble(("done  ", "green"), title, (f"  {took}", "dim")))

    @contextmanager
    def stages(self, titles: Mapping[str, str]) -> Iterator[OnStage]:
        """Show one stage after the other; yields a callback for the stages' progress.

        A stage without a title ends the previous one and is not shown.
        """
        with ExitStack() as current:
            report: Callable[[int, int], None] | None = None

            def on_stage(stage: str, progress: Progress | None) -> None:
                nonlocal report
                if progress is None:
                    current.close()
                    report = None
                    if stage in titles:
                        report = current.enter_context(self.stage(titles[stage]))
                elif report is not None:
                    report(progress.done, progress.total)

            yield on_stage

    def beat(self, at: datetime, text: str) -> None:
        """Print the event at ``at``."""
        self._console.print()
        if self._is_plain:
            self._console.print(f"{at:%H:%M} UTC  {text}")
            return
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_row(Text(f"{at:%H:%M} UTC", style="bold cyan"), Text(text, style="bold"))
        self._console.print(line)

    def transitions(self, changes: Sequence[Transition]) -> None:
        """Show the alarms that fired or cleared, except an alarm's first OK."""
        for change in changes:
            if "INSUFFICIENT_DATA" in (change.before, change.after):
                continue
            colour = "red" if change.after == "ALARM" else "green"
            line = Text.assemble(_INDENT, (f"{change.after:<5}", colour), f"  {change.alarm}")
            self._console.print(line)

    def no_message(self, why: str) -> None:
        """Print that no message was sent."""
        self._console.print(Text(f"{_INDENT}No message is sent. {why}".rstrip(), style="dim"))

    def message(self, message: Message) -> None:
        """Show an e-mail or SMS in full."""
        kind = "SMS" if message.is_sms else "E-mail"
        title = f"{kind} to {message.endpoint}"
        subject = "" if message.is_sms else f"Subject: {message.subject}\n\n"
        text = printable(f"{subject}{message.body.rstrip()}")
        if self._is_plain:
            self._console.print(Text(f"\n    --- {title}"))
            for line in text.splitlines():
                self._console.print(Text(f"    | {line}".rstrip()))
            self._console.print(Text("    ---"))
            return
        colour = _COLOURS.get(message.attribute("severity"), "blue")
        if message.attribute("status") == "resolved":
            colour = "green"
        self._console.print(Panel(Text(text), title=title, title_align="left", border_style=colour))

    def balances(self, latest: Mapping[str, Latest]) -> None:
        """Show each account's balance."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for column in (f"{_INDENT}Account", "Provider", "Balance", "Warning", "Critical", "Poll"):
            is_number = column in ("Balance", "Warning", "Critical")
            table.add_column(column, justify="right" if is_number else "left")
        for name, record in sorted(latest.items()):
            table.add_row(f"{_INDENT}{name}", record.provider_title, *_record_columns(record))
        self._console.print(table)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a small table."""
        table = Table(
            title=title,
            title_justify="left",
            title_style="bold",
            header_style="dim",
            box=None if self._is_plain else box.ROUNDED,
            show_lines=not self._is_plain,
        )
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        self._console.print(table)

    @property
    def _is_plain(self) -> bool:
        """Whether the output is not a terminal: no boxes or animation then."""
        return not self._console.is_terminal


def _record_columns(record: Latest) -> tuple[str, str, str, str]:
    """Return a record's columns: balance, warning, critical, outcome."""
    unit = record.good.unit or ""
    left = "-" if record.good.balance is None else format_amount(record.good.balance, unit)
    limits = (record.thresholds.warning, record.thresholds.critical)
    status = "ok" if record.outcome is Outcome.OK else record.reason or record.outcome.words
    warning, critical = ("-" if limit is None else f"{limit:,f}" for limit in limits)
    return left, warning, critical, status


def _duration(seconds: float) -> str:
    """Format a duration: "3.1 s", "1 min 20 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
