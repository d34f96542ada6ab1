"""``balancectl``, and ``python -m balancectl``."""

from __future__ import annotations


def main() -> None:
    """Run the command line of this process."""
    from balancectl.app import app  # noqa: PLC0415 -- loaded when run, not when imported

    app(prog_name="balancectl")


if __name__ == "__main__":
    main()
