"""Arguments and options that several commands share, and the parsing of their values."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from balancectl.cli.formatting import parse_duration
from balancectl.commands.completion import complete_account, complete_wallet
from balancectl.deployment.target import Target

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KeyEnvOption = Annotated[
    list[str] | None,
    typer.Option(
        "--key-env",
        metavar="[FIELD=]VARIABLE",
        help="Take the key, or one part of it, from this environment variable.",
    ),
]
KeyStdinOption = Annotated[
    bool, typer.Option("--key-stdin", help="Read the key from standard input.")
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Set a parameter of the provider."),
]
WalletOption = Annotated[
    str | None,
    typer.Option(
        "--wallet",
        metavar="NAME",
        help="The provider's wallet to watch.",
        autocompletion=complete_wallet,
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Address of a self-hosted service."),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Accept an account that is not configured.")
]
AccountArgument = Annotated[
    str,
    typer.Argument(help="Account name.", metavar="ACCOUNT", autocompletion=complete_account),
]
AccountsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ACCOUNT",
        help="Accounts to show; default: all.",
        autocompletion=complete_account,
    ),
]


def target_of(context: typer.Context) -> Target:
    """Return the deployment that the command line addresses."""
    target = context.find_object(Target)
    if target is None:
        raise RuntimeError("the root command did not run")
    return target


def read_duration(text: str) -> timedelta:
    """Parse a duration from the command line.

    Raises:
        typer.BadParameter: When it is not one.
    """
    try:
        return parse_duration(text)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from None


def read_params(params: list[str]) -> dict[str, str]:
    """Parse NAME=VALUE options."""
    pairs = [param.partition("=") for param in params]
    for name, sign, _ in pairs:
        if not sign or not name:
            raise typer.BadParameter("--param takes NAME=VALUE")
    return {name: value for name, _, value in pairs}
