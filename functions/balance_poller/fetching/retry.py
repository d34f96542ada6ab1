"""When to retry, and after how long. Pure: time and randomness are passed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from shared.outcome import Outcome

_SECONDS: Final = re.compile(r"([0-9]+)(\.[0-9]{1,9})?")


class RetryPolicy(NamedTuple):
    """Full jitter, as https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.

    Few attempts and short waits: the next run is only minutes away.
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
        """Return the seconds to wait before a retry, or None for no retry.

        Args:
            outcome: The last attempt's; only two are worth a retry.
            attempts: The number of attempts so far.
            retry_after: The provider's demand, in seconds. The wait is never shorter: if
                that leaves no time, the next run sends the request.
            seconds_left: The time left for this run's requests.
            jitter: Returns a number from 0 to 1.
        """
        if not outcome.is_retryable or attempts >= self.max_attempts:
            return None
        backoff = min(self.cap_seconds, self.base_seconds * 2 ** (attempts - 1)) * jitter()
        wait = backoff if retry_after is None else retry_after + backoff
        return wait if wait < seconds_left else None


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header, seconds or HTTP date (RFC 9110, 10.2.3), as seconds from now.

    Seconds may have a fraction, as some providers send (github.com/OpenFeign/feign/pull/980,
    read 2026-11). Anything else is None; a past date is 0.
    """
    if value is None:
        return None
    text = value.strip()
    if seconds := _SECONDS.fullmatch(text):
        return float(f"{seconds[1][:9]}{seconds[2] or ''}")
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
