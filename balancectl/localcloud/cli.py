"""``balancectl local …``: the whole stack on this machine, to see it or to use it."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from balancectl.localcloud.up import Standing

_Result = TypeVar("_Result")

app = typer.Typer(
    no_args_is_help=True,
    help="Run the whole stack on this machine: an emulated AWS, no account, no cost.",
)


@app.command()
def demo() -> None:
    """Set the local cloud up, tell a short story in it, and leave nothing running."""
    from balancectl.localcloud.demo.demo import Demo  # noqa: PLC0415 -- loaded when run
    from balancectl.localcloud.demo.screen import Screen  # noqa: PLC0415 -- the same

    signal.signal(signal.SIGTERM, _interrupt)
    screen = Screen()
    try:
        is_right = _in_words(Demo(screen).run)
    except KeyboardInterrupt:
        screen.say("\nStopped; nothing is left running.")
        raise
    if not is_right:
        raise typer.Exit(1)


@app.command()
def up() -> None:
    """Keep a local cloud running, or apply changes of .local/terraform.tfvars to it."""
    from balancectl.localcloud import up as standing  # noqa: PLC0415 -- loaded when run
    from balancectl.localcloud.demo.screen import Screen  # noqa: PLC0415 -- the same
    from balancectl.localcloud.deploy.repository import build_packages  # noqa: PLC0415 -- the same

    screen = Screen()
    titles = {
        "packages": "Building dist/*.zip",
        "emulator": "Starting an emulated AWS with IAM enforced",
        "terraform": "Applying infra/terraform with .local/terraform.tfvars",
        "keys": "Storing the simulated accounts' keys",
    }
    with screen.stages(titles) as on_stage:
        on_stage("packages", None)
        _in_words(build_packages)
        running = _in_words(lambda: standing.up(on_stage))
    screen.say()
    screen.say(f"The local cloud is up at {running.emulator.url}; it polls every minute.", "bold")
    for line in _NEXT:
        screen.say(line)


_NEXT = (
    "  .venv/bin/balancectl local inbox --follow    the e-mails and SMS as they come",
    "  .venv/bin/balancectl local account simulated-openrouter --balance 3.20",
    '  eval "$(.venv/bin/balancectl local env)"     then balancectl status, keys set, ...',
    "  .local/terraform.tfvars                      your accounts; then make up again",
    "  make down                                    stop it; keys in it are gone then",
)


@app.command()
def down() -> None:
    """Stop what `up` started. The accounts in .local/terraform.tfvars stay."""
    from balancectl.localcloud import up as standing  # noqa: PLC0415 -- loaded when run

    typer.echo("The local cloud is down." if standing.down() else "No local cloud was up.")


@app.command()
def env() -> None:
    """Print what makes this shell reach the local cloud, for eval."""
    for name, value in _standing().emulator.settings().items():
        typer.echo(f"export {name}={value}")
    typer.echo("unset AWS_PROFILE AWS_SESSION_TOKEN")


@app.command()
def inbox(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as messages come.")] = False,
) -> None:
    """Show the e-mails and SMS that each subscriber would have got."""
    from balancectl.localcloud.demo.screen import Screen  # noqa: PLC0415 -- the same
    from balancectl.localcloud.inbox import Inbox  # noqa: PLC0415 -- loaded when run

    mailbox, screen = Inbox(_standing().emulator.mailbox_file), Screen()
    messages = mailbox.take()
    if not messages:
        screen.say("Nobody was told anything yet.")
    while True:
        for message in messages:
            screen.say(f"{message.received_at:%Y-%m-%d %H:%M:%S} UTC", "dim")
            screen.message(message)
        if not follow:
            return
        time.sleep(0.5)
        messages = mailbox.take()


@app.command()
def account(
    name: Annotated[
        str | None, typer.Argument(help="A simulated account; without it all are listed.")
    ] = None,
    *,
    balance: Annotated[str | None, typer.Option(help="What shall be left on it.")] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            help="active, revoked, suspended, restricted, unbilled, limited or down.",
        ),
    ] = None,
) -> None:
    """Show the simulated accounts, or let something happen to one."""
    change = {"balance": balance, "condition": condition}
    change = {field: value for field, value in change.items() if value is not None}
    url = f"http://127.0.0.1:{_standing().ports['control']}/accounts"
    request = urllib.request.Request(  # noqa: S310 -- loopback
        f"{url}/{name}" if name and change else url,
        data=json.dumps(change).encode() if name and change else None,
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- loopback
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        raise CliError(json.load(error)["error"]) from None
    for row in found if isinstance(found, list) else [found]:
        if name in (None, row["name"]):
            typer.echo(f"{row['name']}: {row['balance']} left, {row['condition']}")


def _standing() -> Standing:
    """Return the local cloud that is up."""
    from balancectl.localcloud.up import Standing  # noqa: PLC0415 -- loaded when run

    return _in_words(Standing.read)


def _in_words(run: Callable[[], _Result]) -> _Result:
    """Run something; what fails ends the command in its own words, which may be many."""
    try:
        return run()
    except LocalCloudError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(ExitCode.UNKNOWN) from None


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that everything is cleaned up."""
    raise KeyboardInterrupt
