"""``balancectl``, and ``python -m balancectl``."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line with this process's arguments."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal cannot show becomes a question mark, not an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    from balancectl.app import app  # noqa: PLC0415 -- loaded when run, not when imported

    app(prog_name="balancectl")


if __name__ == "__main__":
    main()
