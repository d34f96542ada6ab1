"""Tables: drawn to fit on a terminal, plain anywhere else; JSON loses nothing."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from balancectl.cli import output as render
from balancectl.cli.output import Cell, Column
from balancectl.cli.redaction import remember

COLUMNS = (
    Column("Account", wraps=True),
    Column("Note", min_terminal_width=100),
    Column("Balance", justify="right"),
    Column("State", wraps=True),
)
ROWS: list[list[Cell | str]] = [
    ["main", "n1", Cell("3.20 USD", "bold"), Cell("critical: below 5.00 USD", "red")],
    ["a-name-that-is-as-long-as-names-get-" + "x" * 28, "n2", "1,250,000 credits", "word " * 20],
]


class Terminal(io.StringIO):
    """Standard output as a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, width: int, **variables: str) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return terminal


@pytest.mark.parametrize("width", [60, 80, 99, 100, 120, 200])
def test_table_when_on_a_terminal_then_never_wider_than_it(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    terminal = on_terminal(monkeypatch, width, NO_COLOR="1")

    render.print_table(COLUMNS, ROWS)

    text = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert max(map(len, text.splitlines())) <= width
    assert "1,250,000 credits" in text
    assert "3.20 USD" in text
    assert ("n1" in text) is (width >= 100)


def test_table_when_piped_then_has_one_line_a_row_and_no_colour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    render.print_table(COLUMNS, ROWS)

    text = capsys.readouterr().out
    assert len(text.splitlines()) == 3
    assert text.splitlines()[0].split() == ["ACCOUNT", "NOTE", "BALANCE", "STATE"]
    assert "\x1b" not in text


def test_colour_when_no_color_is_set_then_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = on_terminal(monkeypatch, 80)
    render.print_line("fine", "green")
    plain = on_terminal(monkeypatch, 80, NO_COLOR="1")
    render.print_line("fine", "green")

    assert "\x1b[32m" in coloured.getvalue()
    assert "\x1b[32m" not in plain.getvalue()


def test_markup_when_in_a_text_then_is_taken_literally(capsys: pytest.CaptureFixture[str]) -> None:
    render.print_line("errors[0].when [bold]x[/bold] :smile:")

    assert capsys.readouterr().out == "errors[0].when [bold]x[/bold] :smile:\n"


def test_lines_when_long_then_break_between_words_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    render.print_line("word " * 40)
    assert len(capsys.readouterr().out.splitlines()) == 1
    terminal = on_terminal(monkeypatch, 60)
    render.print_line("word " * 40)

    assert all(len(line) <= 60 for line in terminal.getvalue().splitlines())
    assert "wor\n" not in terminal.getvalue()


def test_facts_when_some_are_empty_then_they_are_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    render.print_fields([("wallet", "main"), ("resets", ""), ("expires at", "soon")])

    assert capsys.readouterr().out == "  wallet      main\n  expires at  soon\n"


def test_json_when_printed_then_amounts_lose_no_digit(capsys: pytest.CaptureFixture[str]) -> None:
    render.print_json(
        {"a": Decimal("1E+3"), "b": Decimal("0.10"), "at": datetime(2026, 1, 2, tzinfo=UTC)}
    )

    found = json.loads(capsys.readouterr().out)
    assert found == {"a": "1000", "b": "0.10", "at": "2026-01-02T00:00:00Z"}


def test_output_when_a_key_was_read_then_is_masked_everywhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    remember({"sid": "AC-canary-1", "token": "token-canary-2"})

    render.print_line("x token-canary-2")
    render.print_note("x AC-canary-1")
    render.print_warning("x AC-canary-1")
    render.print_json({"x": "AC-canary-1"})
    render.print_fields([("x", "AC-canary-1")])
    render.print_table([Column("X")], [["token-canary-2"]])

    printed = capsys.readouterr()
    assert "canary" not in printed.out + printed.err
