"""Whether an invocation came through the alias ``push``. Pure."""

from __future__ import annotations

from shared.names import PUSH_ALIAS


def is_push(invoked_function_arn: str) -> bool:
    """Return whether the function was invoked through its alias ``push``.

    The ARN is the one that the caller was allowed to invoke, with the alias as its last part
    (docs.aws.amazon.com/lambda/latest/dg/python-context.html, read 2026-11).
    """
    # arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME, and a version or alias if one was named.
    parts = invoked_function_arn.split(":")
    return len(parts) == 8 and parts[7] == PUSH_ALIAS
