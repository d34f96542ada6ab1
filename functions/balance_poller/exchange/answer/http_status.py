"""The meaning of an HTTP status by itself. Pure."""

from __future__ import annotations

from typing import Final

from shared.outcome import Outcome

Failure = tuple[Outcome, str]
"""How a poll failed, and the reason for a person."""

_BY_STATUS: Final[dict[int, Failure]] = {
    204: (Outcome.SCHEMA_CHANGED, "the answer is empty"),
    401: (Outcome.INVALID_KEY, "the key was rejected"),
    402: (Outcome.ACCOUNT_BLOCKED, "the provider requires a payment first"),
    # Firewalls and gateways also refuse with 403 and codes of their own: only a definition's
    # rule for the API's documented answer names a key as wrong.
    403: (Outcome.TRANSIENT, "refused by the API or by something in front of it"),
    404: (Outcome.ENDPOINT_GONE, "the balance endpoint does not exist"),
    407: (Outcome.TRANSIENT, "a proxy in front of the API requires credentials"),
    408: (Outcome.TRANSIENT, "the provider timed out"),
    410: (Outcome.ENDPOINT_GONE, "the balance endpoint is gone"),
    425: (Outcome.TRANSIENT, "the provider asks to try again"),
    429: (Outcome.RATE_LIMITED, "the provider limits our requests"),
}
_BY_HUNDRED: Final[dict[int, Failure]] = {
    3: (Outcome.SCHEMA_CHANGED, "the provider redirects, and redirects are not followed"),
    4: (Outcome.BAD_CONFIG, "the provider refused the request"),
    5: (Outcome.TRANSIENT, "the provider has a problem"),
}
_ODD: Final[Failure] = (Outcome.SCHEMA_CHANGED, "the answer's status is not one of HTTP")


def status_failure(status: int) -> Failure | None:
    """Return the meaning of ``status`` by itself; None if the body decides."""
    if 200 <= status < 300 and status not in _BY_STATUS:
        return None
    outcome, words = _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, _ODD)
    return outcome, f"{words} (HTTP {status})"


def intermediary_failure(status: int) -> Failure:
    """Return the failure for an answer from something in front of the API, at any status."""
    words = "a CDN or proxy answered, not the API"
    if 200 <= status < 300:
        words = "a web page came instead of the API's answer, perhaps from a proxy"
    return Outcome.TRANSIENT, f"{words} (HTTP {status})"
