"""When to retry, and after how long. Pure: time and randomness are passed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from shared.outcome import Outcome

_NUMBER: Final = r"[0-9]+(\.[0-9]+)?"
#: Numbers from here on are times since 1970, in seconds or milliseconds, as some servers send
#: (github.com/cloudfoundry/cloud_controller_ng/issues/2544 and openclaw/clawhub/issues/407, read
#: 2026-11). As a delay, the first would be 31 years.
_TIMES_FROM: Final = 1e9
_MILLISECONDS_FROM: Final = 1e11


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

    Servers send more than that: fractions (github.com/OpenFeign/feign/pull/980, read 2026-11),
    times since 1970, ISO 8601, and the header twice, of which the longest wait counts. Anything
    else is None; a past time is 0.
    """
    if value is None:
        return None
    numbers = [re.fullmatch(_NUMBER, part.strip()) for part in value.split(", ")]
    if all(numbers):
        return max(_wait(float(number[0]), now) for number in numbers if number)
    at = _date(value.strip())
    return None if at is None else max(0.0, (at - now).total_seconds())


def _wait(number: float, now: datetime) -> float:
    """Return the seconds to wait that a number means."""
    if number < _TIMES_FROM:
        return number
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return max(0.0, seconds - now.timestamp())


def _date(text: str) -> datetime | None:
    """Read "Sun, 06 Nov 1994 08:49:37 GMT" or "1994-11-06T08:49:37Z"; None for anything else."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- few answers carry a date

    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = parse(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
