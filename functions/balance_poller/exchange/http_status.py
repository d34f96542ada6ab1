"""The meaning of an HTTP status by itself. Pure."""

from __future__ import annotations

from typing import Final

from shared.outcome import Outcome

Failure = tuple[Outcome, str]
"""How a poll failed, and the reason for a person."""

_BY_STATUS: Final[dict[int, Failure]] = {
    204: (Outcome.SCHEMA_CHANGED, "the answer is empty"),
    401: (Outcome.INVALID_KEY, "the key was rejected"),
    402: (Outcome.ACCOUNT_BLOCKED, "the provider wants a payment first"),
    403: (Outcome.INVALID_KEY, "the key was rejected"),
    404: (Outcome.ENDPOINT_GONE, "the balance endpoint is not there"),
    407: (Outcome.TRANSIENT, "a proxy before the API wants credentials"),
    408: (Outcome.TRANSIENT, "the provider timed out"),
    410: (Outcome.ENDPOINT_GONE, "the balance endpoint is gone"),
    425: (Outcome.TRANSIENT, "the provider asks to try again"),
    429: (Outcome.RATE_LIMITED, "the provider limits our requests"),
}
_BY_HUNDRED: Final[dict[int, Failure]] = {
    3: (Outcome.SCHEMA_CHANGED, "the provider redirects, which is not followed"),
    4: (Outcome.BAD_CONFIG, "the provider refused the request"),
    5: (Outcome.TRANSIENT, "the provider has a problem"),
}
_ODD: Final[Failure] = (Outcome.SCHEMA_CHANGED, "the answer's status is not one of HTTP")
#: Error codes that only repeat the status, as gateways write them, too.
_SAYS_403: Final = frozenset({"", "403", "forbidden"})
#: Firewalls refuse with 403, too, so that it names no key as wrong.
_REFUSED_BY_SOMEONE: Final[Failure] = (
    Outcome.TRANSIENT,
    "refused by the API or by something before it",
)


def status_failure(status: int, code: str) -> Failure | None:
    """Return what ``status`` means; None when it lets the body decide.

    Args:
        status: The HTTP status.
        code: The error code that the body has where the API writes its own; empty when none.
    """
    if 200 <= status < 300 and status not in _BY_STATUS:
        return None
    outcome, words = _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, _ODD)
    if status == 403 and code.lower() in _SAYS_403:
        outcome, words = _REFUSED_BY_SOMEONE
    return outcome, f"{words} (HTTP {status})"


def intermediary_failure(status: int) -> Failure:
    """Return the failure that an answer from in front of the API means, at any status."""
    words = "a CDN or proxy answered, not the API"
    if 200 <= status < 300:
        words = "a web page came instead of the API's answer, perhaps a proxy's"
    return Outcome.TRANSIENT, f"{words} (HTTP {status})"
