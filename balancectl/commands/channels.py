"""``channels``: the addresses of chats and pagers. No command takes or shows one."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import join_names
from balancectl.cli.output import (
    Cell,
    Column,
    print_json,
    print_line,
    print_note,
    print_table,
    print_warning,
    progress,
)
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.alerts.channels import declared_channels, test_channel
from balancectl.keys import sources
from balancectl.keys.channels import checked_address, remove_address, save_address, services
from balancectl.keys.document import Change
from shared.names import ACCOUNT_PATTERN

ChannelArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The channel, as in the subscriber's endpoint.")
]

_LIST: Final = (
    Column("Channel", wraps=True),
    Column("Subscriber", wraps=True),
    Column("Service"),
    Column("Address"),
    Column("Why", wraps=True),
)


def set_address(
    context: typer.Context,
    name: ChannelArgument,
    from_stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Read the address from standard input; implied by a pipe."),
    ] = False,
) -> None:
    """Store a channel's address, from a hidden prompt or standard input.

    The address contains a token: it is kept in the deployment's secret, and shown nowhere.
    """
    target = target_of(context)
    if not ACCOUNT_PATTERN.fullmatch(name):
        raise typer.BadParameter(f"'{name}' is not a valid channel name")
    known = sorted(each.channel for each in declared_channels(target))
    if from_stdin or sources.is_piped():
        text = sources.stdin_text()
    else:
        text = sources.prompt(f"Address of {name}")
    change = save_address(target, name, checked_address(text))
    print_line(f"{name}: address {change} in {target.names.channels_secret}", "green")
    if name not in known:
        print_warning(f"no subscriber has the endpoint {name}: they have {join_names(known)}")
    print_note(f"post a test: {target.command('channels', 'test', name)}")


def list_all(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the channels, and whether each has an address.

    Exits 0 if all have a usable address, 1 if one has not.
    """
    target = target_of(context)
    declared = {each.channel: each.name for each in declared_channels(target)}
    stored = services(target)
    rows = []
    for channel in sorted({*declared, *stored}):
        service, why = stored.get(channel, ("", "no address"))
        if channel not in declared:
            why = why or "no subscriber uses it"
        rows.append(
            {
                "channel": channel,
                "subscriber": declared.get(channel),
                "service": service or None,
                "is_usable": bool(service),
                "why": why,
            }
        )
    if as_json:
        print_json({"channels": rows})
    else:
        print_table(
            _LIST,
            [
                [
                    str(row["channel"]),
                    str(row["subscriber"] or "-"),
                    str(row["service"] or "-"),
                    Cell("yes", "green") if row["is_usable"] else Cell("missing", "bold red"),
                    str(row["why"] or ""),
                ]
                for row in rows
            ],
        )
    if not all(stored.get(channel, ("", ""))[0] for channel in declared):
        raise typer.Exit(ExitCode.NO)


def test(context: typer.Context, name: ChannelArgument) -> None:
    """Post a test to a channel, from the deployed courier. A pager's incident is closed again.

    Exits 0 if the service accepted it, 1 if it did not.
    """
    target = target_of(context)
    known = sorted(each.channel for each in declared_channels(target))
    with progress("posting …"):
        reason = test_channel(target, name)
    if not reason:
        print_line(f"{name}: the service accepted the test", "green")
        return
    print_line(f"{name}: not posted: {reason}", "red")
    if name not in known:
        print_note(f"the channels are {join_names(known)}")
    raise typer.Exit(ExitCode.NO)


def remove(
    context: typer.Context,
    name: ChannelArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove a channel's address. Also revoke its token at the service.

    Exits 1 if there was none.
    """
    target = target_of(context)
    secret = target.names.channels_secret
    if not yes:
        if sources.is_piped():
            raise CliError(f"this removes the address of '{name}': pass --yes to confirm")
        if not typer.confirm(f"Remove the address of {name} from {secret}?"):
            print_note("nothing changed")
            raise typer.Exit(ExitCode.NO)
    if remove_address(target, name) is Change.ABSENT:
        print_line(f"{name}: no address in {secret}")
        raise typer.Exit(ExitCode.NO)
    print_line(f"{name}: address removed from {secret}", "yellow")
