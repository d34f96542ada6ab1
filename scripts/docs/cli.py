"""Keep the generated parts of docs/balancectl.md current: every command's help, and permissions.

    python scripts/docs/cli.py [--check]

The help is what ``balancectl COMMAND --help`` prints at 80 columns.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "balancectl.md"
MARKER = re.compile(r"(<!-- (?P<name>[a-z-]+): generated -->\n).*?(<!-- end -->)", re.DOTALL)

# The developer's shell settings must not affect the page.
for variable in [name for name in os.environ if name.startswith(("AWS_", "BALANCE_", "_TYPER"))]:
    del os.environ[variable]


def main() -> int:
    """Write the page, or with --check report whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether it is current")
    arguments = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    current = MARKER.sub(_generate, page)
    if current == page:
        return 0
    if arguments.check:
        print(f"{PAGE.relative_to(ROOT)} is not current: run `make docs`", file=sys.stderr)
        return 1
    PAGE.write_text(current, encoding="utf-8")
    return 0


def _generate(match: re.Match[str]) -> str:
    """Return a marked part with its current content."""
    parts = {"commands": commands, "permissions": permissions}
    return f"{match[1]}\n{parts[match['name']]()}\n{match[3]}"


def commands() -> str:
    """Return the help of every command, each under its heading."""
    import typer  # noqa: PLC0415 -- after the environment is clean

    from balancectl.app import app  # noqa: PLC0415 -- the same

    paths = list(_paths(typer.main.get_command(app), ()))
    sections = [
        f"### {' '.join(('balancectl', *path))}\n\n```text\n{_help(path)}\n```\n" for path in paths
    ]
    return "\n".join(sections)


def _paths(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 -- click's
    """Yield the words of a command and of its subcommands."""
    yield path
    if hasattr(command, "list_commands"):
        context = command.context_class(command)
        for name in command.list_commands(context):
            yield from _paths(command.get_command(context, name), (*path, name))


def _help(path: tuple[str, ...]) -> str:
    """Return a command's help."""
    from typer.testing import CliRunner  # noqa: PLC0415 -- after the environment is clean

    from balancectl.app import app  # noqa: PLC0415 -- the same

    runner = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"})
    result = runner.invoke(app, [*path, "--help"], prog_name="balancectl")
    if result.exit_code:
        raise SystemExit(f"balancectl {' '.join(path)} --help failed: {result.output}")
    return "\n".join(line.rstrip() for line in result.stdout.strip().splitlines())


def permissions() -> str:
    """Return the table of commands, the AWS actions that they need, and on what."""
    from balancectl.cli.permissions import COMMANDS  # noqa: PLC0415 -- after the environment is clean

    rows = []
    for command, needs in COMMANDS.items():
        named = f"`{command}`"
        for resource, actions in sorted(needs.items()) or [("", ())]:
            shown = ", ".join(f"`{action}`" for action in actions) or "none"
            # With the function's full ARN, the page would seem to grant access to it.
            part = resource.partition(":<region>:<account>:")[2] or resource
            rows.append(f"| {named} | {shown} | {part and f'`{part}`'} |")
            named = ""
    return "\n".join(["| Command | Actions | Resource |", "|---|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
