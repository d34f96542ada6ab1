"""The closed set of outcomes that one poll of one account can have."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """How a poll ended. Only ``OK`` publishes metrics; only two are worth a retry."""

    OK = "ok"
    UNVERIFIED = "unverified"
    INVALID_KEY = "invalid_key"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    ACCOUNT_BLOCKED = "account_blocked"
    NO_BILLING_ACCOUNT = "no_billing_account"
    BAD_CONFIG = "bad_config"
    RATE_LIMITED = "rate_limited"
    TRANSIENT = "transient"
    ENDPOINT_GONE = "endpoint_gone"
    SCHEMA_CHANGED = "schema_changed"
    NOT_PUSHED = "not_pushed"
    """No balance was pushed for a pushed account, or none that is recent enough."""

    @property
    def is_retryable(self) -> bool:
        """Whether a retry soon may help."""
        return self in (Outcome.RATE_LIMITED, Outcome.TRANSIENT)

    @property
    def words(self) -> str:
        """The outcome as a clause that a person reads: "the key was rejected"."""
        return _WORDS[self]


_WORDS: Final = {
    Outcome.OK: "the balance was read",
    Outcome.UNVERIFIED: "the answer cannot be trusted",
    Outcome.INVALID_KEY: "the key was rejected",
    Outcome.INSUFFICIENT_SCOPE: "the key may not read the balance",
    Outcome.ACCOUNT_BLOCKED: "the account is blocked",
    Outcome.NO_BILLING_ACCOUNT: "the account has no billing",
    Outcome.BAD_CONFIG: "the account is not configured correctly",
    Outcome.RATE_LIMITED: "the provider limits our requests",
    Outcome.TRANSIENT: "the provider cannot be reached",
    Outcome.ENDPOINT_GONE: "the balance endpoint is gone",
    Outcome.SCHEMA_CHANGED: "the answer is not what the provider documents",
    Outcome.NOT_PUSHED: "no new balance was pushed",
}
