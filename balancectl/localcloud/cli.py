"""``balancectl local …``: the whole stack on this machine, to see it or to use it."""

from __future__ import annotations

import signal
from types import FrameType

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Run the whole stack on this machine: an emulated AWS, no account, no cost.",
)


@app.command()
def demo() -> None:
    """Set the local cloud up, tell a short story in it, and leave nothing running."""
    from balancectl.localcloud.demo import Demo  # noqa: PLC0415 -- loaded when run
    from balancectl.localcloud.screen import Screen  # noqa: PLC0415 -- the same

    signal.signal(signal.SIGTERM, _interrupt)
    screen = Screen()
    try:
        is_right = Demo(screen).run()
    except KeyboardInterrupt:
        screen.say("\nStopped; nothing is left running.")
        raise
    if not is_right:
        raise typer.Exit(1)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that everything is cleaned up."""
    raise KeyboardInterrupt
