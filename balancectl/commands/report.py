"""``report``: all accounts on one page, to look at and to share. Read-only."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.formatting import format_count
from balancectl.cli.output import print_line, print_note
from balancectl.commands.options import AccountsArgument, target_of
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.balances import read_all_latest
from balancectl.deployment.past import read_past
from status_page.account import view
from status_page.chart import Window
from status_page.page import page, render_report
from status_page.series import Past


def report(
    context: typer.Context,
    accounts: AccountsArgument = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")
    ] = Path("report.html"),
    *,
    namespace: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE",
            help="Terraform's metric_namespace, if it is set.",
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write a page of all accounts: what is left, how long it lasts, and the last 14 days.

    The page is one file without links to others: it can be mailed, printed and read offline.
    """
    target = target_of(context)
    stack = read_stack(target)
    chosen = [stack.account(name) for name in accounts or stack.accounts]
    now = target.now()
    window = Window(now)
    latest = read_all_latest(target, [account.id for account in chosen])
    past = read_past(target, latest, now, namespace)
    views = [
        view(each.id, latest.get(each.id), past.get(each.id, Past()), window, each.stale_after)
        for each in chosen
    ]
    html = render_report(
        page(f"Balances of {target.name}", now, views, latest.values()),
        lambda account: target.command("silence", "add", account, "--for", "2h", "--reason", "..."),
    )
    _write(output, html)
    print_line(f"{output}: {format_count(len(views), 'account')}")
    if open_ and not webbrowser.open(output.resolve().as_uri()):
        print_note(f"no browser was found: open {output} yourself")


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        CliError: When it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(path)
    except OSError as exc:
        partial.unlink(missing_ok=True)
        raise CliError(f"{path} cannot be written: {exc.strerror}") from None
