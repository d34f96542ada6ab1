"""``help``: the help of a command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.formatting import did_you_mean


def help_(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="A command, such as keys set.")
    ] = None,
) -> None:
    """Show the help of a command."""
    root: Any = context.find_root()
    command: Any = root.command
    for place, word in enumerate(words or [], start=1):
        names = command.list_commands(root) if hasattr(command, "list_commands") else []
        if word not in names:
            path = " ".join(["balancectl", *(words or [])[: place - 1]])
            raise CliError(f"`{path}` has no command '{word}': {did_you_mean(word, names)}")
        command = command.get_command(root, word)
    root.command.main([*(words or []), "--help"], prog_name="balancectl", standalone_mode=False)
