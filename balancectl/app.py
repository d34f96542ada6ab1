"""The root command: global options, and the module of each command."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from balancectl.cli.groups import SilenceGroup, command_group
from balancectl.cli.output import print_line
from balancectl.cli.root_group import LOCAL, RootGroup
from balancectl.commands import (
    channels,
    check,
    doctor,
    explain,
    heartbeat,
    help_,
    history,
    incidents,
    keys,
    keys_bind,
    keys_set,
    ledger,
    poll,
    preflight,
    provider,
    provider_check,
    push,
    report,
    setup,
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


class Commands(RootGroup):
    """Every command; the local cloud's are loaded on first use, as no other command needs them."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- click's context
        """Return the names of all commands, in the order of the help."""
        return [*super().list_commands(ctx), LOCAL]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 -- click's
        """Return the command called ``cmd_name``; None when there is none."""
        if cmd_name != LOCAL:
            return super().get_command(ctx, cmd_name)
        from balancectl.localcloud.cli import app as local  # noqa: PLC0415 -- loaded when asked for

        parent = typer.Typer(rich_markup_mode=None)  # its help inherits this form
        parent.add_typer(local, name=LOCAL)
        return typer.main.get_group(parent).get_command(ctx, LOCAL)


app = typer.Typer(
    name="balancectl",
    cls=Commands,
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


app.command("setup")(setup.setup)
app.command("check")(check.check)
app.command("verify")(verify.verify)
keys_group = command_group("Store the accounts' keys. No command shows one.")
keys_group.command("set")(keys_set.set_key)
keys_group.command("import")(keys_set.import_keys)
keys_group.command("list")(keys.list_keys)
keys_group.command("bind")(keys_bind.bind)
keys_group.command("move")(keys.move_key)
keys_group.command("remove")(keys.remove_keys)
app.add_typer(keys_group, name="keys")
heartbeat_group = command_group("Show an outside service that polling continues.")
heartbeat_group.command("set")(heartbeat.set_address)
heartbeat_group.command("remove")(heartbeat.remove_address)
app.add_typer(heartbeat_group, name="heartbeat")
app.command("poll")(poll.poll)
# A negative amount is no option.
app.command("push", context_settings={"ignore_unknown_options": True})(push.push_balances)
ledger_group = command_group("Keep the ledger of an account whose provider reports only cost.")
# A negative amount is no option.
ledger_group.command("set", context_settings={"ignore_unknown_options": True})(ledger.set_anchor)
ledger_group.command("top-up", context_settings={"ignore_unknown_options": True})(ledger.top_up)
ledger_group.command("show")(ledger.show)
app.add_typer(ledger_group, name="ledger")
app.command("status")(status.status)
app.command("history")(history.history)
app.command("report")(report.report)
app.command("preflight")(preflight.preflight)
app.command("test-alert")(test_alert.send_test_alert)
app.command("subscribers")(subscribers.subscribers)
channels_group = command_group("Manage the addresses of chats and pagers. No command shows one.")
channels_group.command("set")(channels.set_address)
channels_group.command("list")(channels.list_all)
channels_group.command("test")(channels.test)
channels_group.command("remove")(channels.remove)
app.add_typer(channels_group, name="channels")
app.command("explain")(explain.explain)
app.command("doctor")(doctor.doctor)
incidents_group = command_group("List the open incidents, and close one by hand.")
incidents_group.command("list")(incidents.list_all)
incidents_group.command("close")(incidents.close)
app.add_typer(incidents_group, name="incidents")
silence_group = command_group("Mute accounts for a while, with a reason.", cls=SilenceGroup)
silence_group.command("add")(silence.add)
silence_group.command("list")(silence.list_all)
silence_group.command("remove")(silence.remove)
app.add_typer(silence_group, name="silence")
app.command("silences", hidden=True)(silence.list_all)
app.command("unsilence", hidden=True)(silence.remove)
provider_group = command_group("List, write and check provider definitions.")
provider_group.command("list")(provider.list_all)
provider_group.command("show")(provider.show)
provider_group.command("new")(provider.new)
provider_group.command("check")(provider_check.check_file)
app.add_typer(provider_group, name="provider")
app.command("help")(help_.help_)
