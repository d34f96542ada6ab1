"""Arguments and options that several commands share, and how a value on them is read."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from balancectl.cli.formatting import parse_duration
from balancectl.deployment.target import Target

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
KeyEnvOption = Annotated[
    list[str] | None,
    typer.Option(
        "--key-env",
        metavar="[FIELD=]VARIABLE",
        help="Ask with the key, or one part of it, from this environment variable.",
    ),
]
KeyStdinOption = Annotated[
    bool, typer.Option("--key-stdin", help="Ask with the key on standard input.")
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="A parameter of the provider."),
]
WalletOption = Annotated[
    str | None,
    typer.Option("--wallet", metavar="NAME", help="Which of the provider's wallets to watch."),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="The address of a self-hosted service."),
]
AccountArgument = Annotated[str, typer.Argument(help="The account's name.", metavar="ACCOUNT")]


def target_of(context: typer.Context) -> Target:
    """Return the stack that the command line is about."""
    target = context.find_object(Target)
    if target is None:
        raise RuntimeError("the root command did not run")
    return target


def read_duration(text: str) -> timedelta:
    """Read a duration from the command line.

    Raises:
        typer.BadParameter: when it is none.
    """
    try:
        return parse_duration(text)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from None
