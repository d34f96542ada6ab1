"""``incidents list`` and ``close``: what is open, and how to end it by hand."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from alert_router.incidents.incident import Incident, Scope
from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import did_you_mean
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
from balancectl.commands.completion import complete_account
from balancectl.commands.options import JsonOption, read_duration, target_of
from balancectl.deployment.alerts.incidents import (
    called,
    name_of,
    read_incidents,
    request_closing,
    wait_until_closed,
)
from balancectl.deployment.target import Target
from shared.times import format_clock, format_duration, format_time

_COLUMNS: Final = (
    Column("What", wraps=True),
    Column("Open for", justify="right"),
    Column("Announced as"),
    Column("Alarms in ALARM", wraps=True),
)


def list_all(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the open incidents, including those of foreign alarms."""
    target = target_of(context)
    found = read_incidents(target)
    if as_json:
        print_json({"incidents": [_document(each) for each in found.opened]})
    elif not found.opened:
        print_note("no incident is open")
    else:
        print_table(_COLUMNS, [_row(each, target) for each in found.opened])
    for id_, why in found.unreadable.items():
        print_warning(f"incident {id_} cannot be read ({why}); the router starts a new one")


def close(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT|ALARM",
            autocompletion=complete_account,
            help="An account, or the name or id of a foreign alarm, as `incidents list` shows it.",
        ),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for the subscribers to read.")
    ],
    wait: Annotated[
        str,
        typer.Option("--wait", metavar="TIME", help="How long to wait for the router: 30s, 2m."),
    ] = "60s",
) -> None:
    """Close an incident by hand.

    Those who were alerted get one message that says who closed it and why. An alarm that still
    fires is not announced again until it has cleared and fires again.

    Exits 0 once it is closed, 2 if the router has not closed it in time.
    """
    target = target_of(context)
    patience = read_duration(wait)
    if not reason.strip():
        raise typer.BadParameter("--reason must not be empty")
    incident = _find(target, what)
    request_closing(target, incident.key, " ".join(reason.split()))
    with progress("waiting for the router …"):
        is_closed = wait_until_closed(target, incident.key, patience.total_seconds())
    if is_closed:
        print_line(f"closed: {name_of(incident)}", "green")
        return
    print_line(f"requested; the router has not closed it within {format_duration(patience)}", "red")
    print_note(f"see log group /aws/lambda/{target.names.router_function}")
    raise typer.Exit(ExitCode.UNKNOWN)


def _find(target: Target, what: str) -> Incident:
    """Return the one open incident that ``what`` names."""
    opened = read_incidents(target).opened
    found = called(opened, what)
    if not found:
        hint = did_you_mean(what, {name_of(each) for each in opened})
        raise CliError(f"no incident of '{what}' is open{'; ' if hint else ''}{hint}")
    if len(found) > 1:
        ids = ", ".join(each.key.id for each in found)
        raise CliError(f"'{what}' names several incidents; give the id of one: {ids}")
    return found[0]


def _row(incident: Incident, target: Target) -> list[Cell | str]:
    """Return an incident's row."""
    now, last = target.now(), incident.last_notification
    opened = incident.opened_at
    announced = f"{last.severity}, {format_clock(last.at, now)}" if last is not None else "-"
    return [
        name_of(incident),
        format_duration(now - opened) if opened is not None else "-",
        Cell(announced, "red" if last is not None and last.severity == "critical" else ""),
        ", ".join(sorted(incident.firing)) or "-",
    ]


def _document(incident: Incident) -> dict[str, Any]:
    """Return an incident as JSON."""
    last = incident.last_notification
    return {
        "id": incident.key.id,
        "account": incident.key.id if incident.key.scope is Scope.ACCOUNT else None,
        "alarm_name": incident.foreign_alarm and incident.foreign_alarm.alarm_name,
        "opened_at": incident.opened_at and format_time(incident.opened_at),
        "severity": last.severity.value if last is not None else None,
        "announced_at": format_time(last.at) if last is not None else None,
        "firing": sorted(incident.firing),
    }
