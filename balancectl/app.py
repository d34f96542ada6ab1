"""The root command: global options, and the module of each command."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from balancectl.cli.output import print_line
from balancectl.cli.root_group import RootGroup
from balancectl.commands import (
    doctor,
    history,
    keys,
    poll,
    preflight,
    provider,
    provider_check,
    silence,
    status,
    subscribers,
    test_alert,
    verify,
)
from balancectl.deployment.target import Target
from shared.names import DEFAULT_NAME
from shared.version import VERSION

EPILOG: Final = (
    "Exit codes: 0 success, or yes; 1 no, or something needs attention; 2 the result is unknown, "
    "or the command failed; 130 interrupted with Ctrl-C. --name, --region and --profile may also "
    "follow the command."
)

app = typer.Typer(
    name="balancectl",
    cls=RootGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    # Plain help wraps its paragraphs, and reads the same in a log, a pipe and the documentation.
    rich_markup_mode=None,
    epilog=EPILOG,
)


def _print_version(wanted: bool) -> None:
    """Print the version and exit, if requested."""
    if wanted:
        print_line(f"balancectl {VERSION}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    *,
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", envvar="BALANCE_MONITOR_NAME", help="Name of the deployment."
        ),
    ] = DEFAULT_NAME,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="REGION",
            envvar=["AWS_REGION", "AWS_DEFAULT_REGION"],
            help="AWS Region; default: the profile's.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="PROFILE", envvar="AWS_PROFILE", help="AWS profile."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Watch over prepaid API accounts: balances, keys, alerts and who receives them."""
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
provider.app.command("check")(provider_check.check_file)
app.add_typer(provider.app, name="provider")
