"""``balancectl local …``: commands that run the whole stack on this machine."""

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
    from balancectl.localcloud.up import RunningCloud

_Result = TypeVar("_Result")

app = typer.Typer(
    no_args_is_help=True,
    help="Run the whole stack on this machine: an emulated AWS, no account, no cost.",
)


@app.command()
def demo() -> None:
    """Start a local cloud, play a short story in it, and stop it again."""
    from balancectl.localcloud.demo.demo import Demo  # noqa: PLC0415 -- loaded when run
    from balancectl.localcloud.demo.screen import Screen  # noqa: PLC0415 -- the same

    signal.signal(signal.SIGTERM, _interrupt)
    screen = Screen()
    try:
        is_as_expected = _or_exit(Demo(screen).run)
    except KeyboardInterrupt:
        screen.print("\nStopped; nothing is left running.")
        raise
    if not is_as_expected:
        raise typer.Exit(1)


@app.command()
def up() -> None:
    """Start a local cloud that keeps running, or apply .local/terraform.tfvars to it."""
    from balancectl.localcloud import up as local_up  # noqa: PLC0415 -- loaded when run
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
        _or_exit(build_packages)
        running = _or_exit(lambda: local_up.up(on_stage))
    screen.print()
    screen.print(f"The local cloud is up at {running.emulator.url}; it polls every minute.", "bold")
    for line in _NEXT:
        screen.print(line)


_NEXT = (
    "  .venv/bin/balancectl local inbox --follow    show e-mails and SMS as they arrive",
    "  .venv/bin/balancectl local account simulated-openrouter --balance 3.20",
    '  eval "$(.venv/bin/balancectl local env)"     then balancectl status, keys set, ...',
    "  .local/terraform.tfvars                      add your accounts, then make up again",
    "  make down                                    stop it; the keys in it are lost",
)


@app.command()
def down() -> None:
    """Stop what `up` started. The accounts in .local/terraform.tfvars are kept."""
    from balancectl.localcloud import up as local_up  # noqa: PLC0415 -- loaded when run

    typer.echo("The local cloud is stopped." if local_up.down() else "No local cloud was running.")


@app.command()
def env() -> None:
    """Print the shell settings for reaching the local cloud; use with eval."""
    for name, value in _or_exit(_running_cloud().emulator.settings).items():
        typer.echo(f"export {name}={value}")
    typer.echo("unset AWS_PROFILE AWS_SESSION_TOKEN")


@app.command()
def inbox(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep showing messages as they arrive.")
    ] = False,
) -> None:
    """Show the e-mails and SMS that each subscriber would have received."""
    from balancectl.localcloud.demo.screen import Screen  # noqa: PLC0415 -- the same
    from balancectl.localcloud.inbox import Inbox  # noqa: PLC0415 -- loaded when run

    mailbox, screen = Inbox(_running_cloud().emulator.mailbox_file), Screen()
    messages = mailbox.read_new()
    if not messages:
        screen.print("No message has been sent yet.")
    while True:
        for message in messages:
            screen.print(f"{message.received_at:%Y-%m-%d %H:%M:%S} UTC", "dim")
            screen.message(message)
        if not follow:
            return
        time.sleep(0.5)
        messages = mailbox.read_new()


@app.command()
def account(
    name: Annotated[
        str | None, typer.Argument(help="A simulated account. Omit it to list all.")
    ] = None,
    *,
    balance: Annotated[str | None, typer.Option(help="The new balance.")] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            help="active, revoked, suspended, restricted, unbilled, limited or down.",
        ),
    ] = None,
) -> None:
    """List the simulated accounts, or change one."""
    change = {"balance": balance, "condition": condition}
    change = {field: value for field, value in change.items() if value is not None}
    running = _running_cloud()
    token = _or_exit(lambda: running.emulator.credentials).control_token
    url = f"http://127.0.0.1:{running.ports['control']}/accounts"
    request = urllib.request.Request(  # noqa: S310 -- loopback
        f"{url}/{name}" if name and change else url,
        data=json.dumps(change).encode() if name and change else None,
        headers={"Authorization": f"Bearer {token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- loopback
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        raise CliError(json.load(error)["error"]) from None
    for row in found if isinstance(found, list) else [found]:
        if name in (None, row["name"]):
            typer.echo(f"{row['name']}: {row['balance']} left, {row['condition']}")


def _running_cloud() -> RunningCloud:
    """Return the running local cloud."""
    from balancectl.localcloud.up import RunningCloud  # noqa: PLC0415 -- loaded when run

    return _or_exit(RunningCloud.read)


def _or_exit(run: Callable[[], _Result]) -> _Result:
    """Call ``run``; if it fails, print the local cloud's error, which may be long, and exit."""
    try:
        return run()
    except LocalCloudError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(ExitCode.UNKNOWN) from None


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM like Ctrl-C, so that everything is cleaned up."""
    raise KeyboardInterrupt
