"""The command line as a whole: global options, and which module has which command."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Final

import typer

from balancectl.cli.output import say
from balancectl.cli.root_group import Frame
from balancectl.commands import (
    doctor,
    history,
    keys,
    poll,
    preflight,
    provider,
    silence,
    status,
    subscribers,
    test_alert,
    verify,
)
from balancectl.deployment.target import Target
from shared.names import DEFAULT_NAME

EPILOG: Final = (
    "Exit codes: 0 done, or yes; 1 the answer is no, or something is not in order; 2 it could not "
    "be told or done; 130 stopped with Ctrl-C. --name, --region and --profile may also follow the "
    "command."
)

app = typer.Typer(
    name="balancectl",
    cls=Frame,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    # Plain help wraps its paragraphs, and reads the same in a log, a pipe and the documentation.
    rich_markup_mode=None,
    epilog=EPILOG,
)


def _print_version(wanted: bool) -> None:
    """Print the version and end, when asked to."""
    if wanted:
        say(f"balancectl {version('balance-monitor')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    *,
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", envvar="BALANCE_MONITOR_NAME", help="The stack's name."
        ),
    ] = DEFAULT_NAME,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="REGION",
            envvar=["AWS_REGION", "AWS_DEFAULT_REGION"],
            help="The AWS Region; by default the profile's.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="PROFILE", envvar="AWS_PROFILE", help="The AWS profile."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
) -> None:
    """Look after prepaid API accounts: is there enough, who is told, are the keys in place."""
    if context.obj is None:
        context.obj = Target(name=name, region=region, profile=profile)


app.command("verify")(verify.verify)
app.add_typer(keys.app, name="keys")
app.command("poll")(poll.poll)
app.command("status")(status.status)
app.command("history")(history.history)
app.command("preflight")(preflight.preflight)
app.command("test-alert")(test_alert.send_test_alert)
app.command("subscribers")(subscribers.subscribers)
app.command("doctor")(doctor.doctor)
app.command("silence")(silence.silence)
app.command("silences")(silence.silences)
app.command("unsilence")(silence.unsilence)
app.add_typer(provider.app, name="provider")
