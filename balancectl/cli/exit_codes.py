"""Exit codes, the same for every command, so that scripts and CI can rely on them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code says. ``docs/balancectl.md`` and the help's end repeat it."""

    OK = 0
    """Done; or the answer is yes."""
    NO = 1
    """The answer is no, or some account, key or subscriber is not in order."""
    UNKNOWN = 2
    """Could not be told or done: wrong usage, no access, no such stack, no usable record."""
    INTERRUPTED = 130
    """Stopped with Ctrl-C."""
