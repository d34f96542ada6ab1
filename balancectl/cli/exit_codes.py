"""Exit codes, the same for every command, so that scripts and CI can rely on them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The meaning of an exit code, as in ``docs/balancectl.md`` and at the end of ``--help``."""

    OK = 0
    """Success, or the answer is yes."""
    NO = 1
    """The answer is no, or an account, key or subscriber needs attention."""
    UNKNOWN = 2
    """Unknown or failed: wrong usage, no access, no such deployment, no usable record."""
    INTERRUPTED = 130
    """Interrupted with Ctrl-C."""
