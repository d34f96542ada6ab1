"""Sends entries to AWS in batches; a bad entry never affects others.

AWS refuses a whole batch for one bad entry; such a batch is halved until the entry is isolated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

#: Error codes that blame the request's content rather than the service.
_REJECTIONS: Final = frozenset(
    {
        "InvalidParameterCombination",
        "InvalidParameterCombinationException",
        "InvalidParameterException",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "InvalidRequestException",
        "MissingParameter",
        "MissingRequiredParameterException",
        "ParamValidationError",
        "RequestEntityTooLarge",
        "ValidationError",
        "ValidationException",
    }
)

#: After this many refusals and no success, the cause is the table, the namespace or a permission.
_MOST_REFUSALS: Final = 20


def in_batches(entries: Sequence[T], size: int) -> Iterator[list[T]]:
    """Yield ``entries`` in lists of up to ``size``."""
    for start in range(0, len(entries), size):
        yield list(entries[start : start + size])


def error_code(exc: Exception) -> str:
    """Return an AWS error's code, or the type of an error that has none; never its message."""
    response = getattr(exc, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code) if code else type(exc).__name__


def is_rejection(exc: Exception) -> bool:
    """Whether AWS refused the request's content, so that a part of it may still be accepted."""
    return error_code(exc) in _REJECTIONS


def send_halving(batch: list[T], send: Callable[[list[T]], None]) -> list[tuple[T, str]]:
    """Send ``batch``; return the entries that AWS refuses, with the error codes.

    Raises:
        botocore.exceptions.ClientError, BotoCoreError: when sending fails for another reason, or
            when many entries are refused before one is accepted, so that they cannot be the cause.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

    refused: list[tuple[T, str]] = []
    is_any_taken = False
    pending = [batch]
    while pending:
        part = pending.pop()
        try:
            send(part)
        except (ClientError, BotoCoreError) as exc:
            if not is_rejection(exc) or (len(refused) >= _MOST_REFUSALS and not is_any_taken):
                raise
            if len(part) == 1:
                refused.append((part[0], error_code(exc)))
            else:
                middle = len(part) // 2
                pending += (part[middle:], part[:middle])
        else:
            is_any_taken = True
    return refused
