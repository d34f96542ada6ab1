"""The root command group: global options anywhere, errors as one line, exit codes.

The only place that catches what commands raise and prints errors.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import typer
from typer.core import TyperGroup

from balancectl.cli.errors import CliError, one_line, translate
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import print_error, print_note, print_traceback
from balancectl.cli.redaction import remember

_GLOBAL: Final = ("--name", "--region", "--profile")
#: The group of the local cloud's commands.
LOCAL: Final = "local"

#: Errors of the AWS client may quote these.
_AWS_SECRETS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

#: If set, an unexpected error is printed with its traceback, without local values.
DEBUG_VARIABLE: Final = "BALANCE_MONITOR_DEBUG"


class RootGroup(TyperGroup):
    """The root command: accepts global options anywhere and explains every failure."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 -- click's signature
    ) -> Any:  # noqa: ANN401 -- the same
        """Run the command line ``args``; exits the process unless ``standalone_mode`` is off."""
        given = hoist_global_options(list(sys.argv[1:] if args is None else args))
        run = partial(
            super().main,
            given,
            prog_name,
            complete_var,
            standalone_mode=False,
            windows_expand_args=windows_expand_args,
            **extra,
        )
        if not standalone_mode:
            return run()
        sys.exit(run_guarded(run))


def hoist_global_options(args: list[str]) -> list[str]:
    """Move global options to the front, so that they may also follow the command.

    Leaves the local cloud's commands alone: they have options of their own.
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--" or (word == LOCAL and not rest):
            rest += [word, *words]
        elif word in _GLOBAL:
            front += [word, *[value for value in [next(words, None)] if value is not None]]
        elif word.startswith(tuple(f"{option}=" for option in _GLOBAL)):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def run_guarded(run: Callable[[], Any]) -> int:
    """Run a command and return its exit code; print what it raises as one line on stderr.

    If the reader of a pipe left early (`| head`), return 2, so that it does not pass for an answer.
    """
    for name in _AWS_SECRETS:
        remember(os.environ.get(name, "").strip())
    try:
        result = run()
    except typer.Abort:
        print_note("stopped: nothing changed")
        return ExitCode.INTERRUPTED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as exc:  # typer and rich exit with 1 for it, which means no here
        if isinstance(exc.__context__, BrokenPipeError):
            return _reader_left()
        raise
    except Exception as exc:  # noqa: BLE001 -- the frame
        return _explain(exc)
    return result if isinstance(result, int) else ExitCode.OK


def _reader_left() -> int:
    """Keep Python from raising the error again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.UNKNOWN


def _explain(exc: Exception) -> int:
    """Print the error and return the exit code."""
    if isinstance(exc, CliError):
        print_error(str(exc))
        return exc.code
    if type(exc).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{exc.ctx.get_help()}\n")  # type: ignore[attr-defined]  # click's
        return ExitCode.UNKNOWN
    if (usage := _usage_error(exc)) is not None:
        print_error(usage)
        return ExitCode.UNKNOWN
    translated = translate(exc)
    if translated is not None:
        print_error(str(translated))
    else:
        print_error(
            f"unexpected {type(exc).__name__}: {one_line(exc)}; this is a bug in "
            f"balancectl; set {DEBUG_VARIABLE}=1 for a traceback"
        )
    if os.environ.get(DEBUG_VARIABLE):
        print_traceback(exc)
    return ExitCode.UNKNOWN


def _usage_error(exc: Exception) -> str | None:
    """Return the message for a usage error, with the help to read; None for any other error.

    Tested by attribute, not by class: typer brings its own copy of click.
    """
    words = getattr(exc, "format_message", None)
    if not callable(words):
        return None
    context = getattr(exc, "ctx", None)
    path = context.command_path if context is not None else "balancectl"
    text = " ".join(str(words()).split()).rstrip(".")
    end = "" if text.endswith("?") else ";"
    return f"{text[:1].lower()}{text[1:]}{end} see `{path} --help`"
