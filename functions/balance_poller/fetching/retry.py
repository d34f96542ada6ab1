"""When to ask again, and after how long. Pure: time and chance are passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.outcome import Outcome


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full jitter, as https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.

    Few and short attempts: the next run is minutes away and asks again anyway.
    """

    max_attempts: int = 3
    base_seconds: float = 0.5
    cap_seconds: float = 8.0

    def wait_before_retry(
        self,
        outcome: Outcome,
        attempts: int,
        retry_after: float | None,
        seconds_left: float,
        jitter: Callable[[], float],
    ) -> float | None:
        """Return the seconds to wait before asking again, or None when not to.

        Args:
            outcome: What the last attempt ended with; only two are worth a retry.
            attempts: How many were made.
            retry_after: What the provider asked for, in seconds. It is never undercut: a wait
                that leaves no time to ask again means that the next run asks.
            seconds_left: Time left for this run's requests.
            jitter: Returns a number from 0 to 1.
        """
        if not outcome.is_retryable or attempts >= self.max_attempts:
            return None
        backoff = min(self.cap_seconds, self.base_seconds * 2 ** (attempts - 1)) * jitter()
        wait = backoff if retry_after is None else retry_after + backoff
        return wait if wait < seconds_left else None


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header, seconds or HTTP date (RFC 9110, 10.2.3), as seconds from now.

    Anything else is None; a date that has passed is 0.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    at = _http_date(text)
    return None if at is None else max(0.0, (at - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    """Read "Sun, 06 Nov 1994 08:49:37 GMT"; None when it is not such a date."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- few answers carry a date

    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
