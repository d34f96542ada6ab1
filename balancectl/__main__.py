"""``balancectl``, and ``python -m balancectl``."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows a question mark; it stops no command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    from balancectl.app import app  # noqa: PLC0415 -- loaded when run, not when imported

    app(prog_name="balancectl")


if __name__ == "__main__":
    main()
