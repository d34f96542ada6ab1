"""What the handlers use of the context that Lambda passes them."""

from __future__ import annotations

from typing import Protocol


class LambdaContext(Protocol):
    """Lambda's context object."""

    invoked_function_arn: str
    """With the alias, if one was invoked."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left until Lambda stops the invocation."""
        ...
