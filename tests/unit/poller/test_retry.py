"""Retries: only where they can help, with full jitter, and never before the provider allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from balance_poller.fetching.retry import RetryPolicy, parse_retry_after
from shared.outcome import Outcome

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
POLICY = RetryPolicy(max_attempts=3, base_seconds=1.0, cap_seconds=3.0)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_retry_when_the_outcome_cannot_change_then_is_not_made(outcome: Outcome) -> None:
    wait = POLICY.wait_before_retry(outcome, 1, None, 60, lambda: 0.5)

    assert (wait is not None) == (outcome in {Outcome.RATE_LIMITED, Outcome.TRANSIENT})


@pytest.mark.parametrize(
    ("attempts", "jitter", "expected"),
    [(1, 0.0, 0.0), (1, 1.0, 1.0), (2, 1.0, 2.0), (2, 0.25, 0.5), (3, 1.0, None), (9, 0.0, None)],
)
def test_the_wait_when_attempts_grow_then_doubles_with_full_jitter_and_ends(
    attempts: int, jitter: float, expected: float | None
) -> None:
    wait = POLICY.wait_before_retry(Outcome.TRANSIENT, attempts, None, 60, lambda: jitter)

    assert wait == expected


def test_the_backoff_when_it_would_exceed_the_cap_then_is_the_cap() -> None:
    policy = RetryPolicy(max_attempts=99, base_seconds=1.0, cap_seconds=3.0)

    assert policy.wait_before_retry(Outcome.TRANSIENT, 50, None, 60, lambda: 1.0) == 3.0


def test_the_wait_when_the_provider_names_one_then_is_never_shorter() -> None:
    wait = POLICY.wait_before_retry(Outcome.RATE_LIMITED, 1, 20.0, 60, lambda: 0.5)

    assert wait == 20.5


@pytest.mark.parametrize(("retry_after", "left"), [(3600.0, 60.0), (60.0, 60.0), (None, 0.2)])
def test_a_retry_when_the_wait_leaves_no_time_then_is_left_to_the_next_run(
    retry_after: float | None, left: float
) -> None:
    assert POLICY.wait_before_retry(Outcome.RATE_LIMITED, 1, retry_after, left, lambda: 1.0) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Mon, 23 Nov 2026 14:00:30 GMT", 30.0),
        ("Monday, 23-Nov-26 14:00:30 GMT", 30.0),
        ("Mon Nov 23 14:00:30 2026", 30.0),
        ("Mon, 23 Nov 2026 13:00:00 GMT", 0.0),
        # Times since 1970, in seconds and milliseconds: github.com/openclaw/clawhub/issues/407.
        (f"{NOW.timestamp() + 60:.0f}", 60.0),
        (f"{NOW.timestamp() - 60:.0f}", 0.0),
        (f"{NOW.timestamp() * 1000 + 60_000:.0f}", 60.0),
        (f"{NOW.timestamp() + 0.5:.3f}", 0.5),
        ("999999999", 999_999_999.0),
        # A proxy's header beside the API's, as httpx joins them.
        ("60, 3600", 3600.0),
        ("3600, 0.5", 3600.0),
        ("60, soon", None),
        ("-5", None),
        ("1.5", 1.5),
        ("0.25", 0.25),
        ("3600.000", 3600.0),
        ("1.", None),
        (".5", None),
        ("1,5", None),
        ("1e3", None),
        ("60s", None),
        ("mon, 23 nov 2026 14:00:30 gmt", 30.0),
        ("Mon, 23 Nov 2026 15:00:30 +0100", 30.0),
        ("2026-11-23T14:00:30Z", 30.0),
        ("2026-11-23 14:00:30.000", 30.0),
        ("2026-11-23T15:00:30+01:00", 30.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣", None),
        ("Mon, 99 Nov 2026 14:00:30 GMT", None),
        # Read as a year, as now, or as a moment in the past elsewhere (read 2026-11):
        # github.com/mastra-ai/mastra/issues/23778,
        # github.com/NousResearch/hermes-agent/issues/84738.
        ("+3", None),
        ("-3", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after_when_seconds_or_a_date_then_is_seconds_from_now(
    header: str | None, seconds: float | None
) -> None:
    assert parse_retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "counted",
    [
        # github.com/realiti4/claude-swap/issues/146, read 2026-11: each names the same end.
        [(0, 3600), (1231, 2369), (2134, 1466)],
        [(0, 60), (59, 1), (60, 0)],
    ],
)
def test_retry_after_when_it_counts_down_then_its_end_stays(counted: list[tuple[int, int]]) -> None:
    ends = set()
    for passed, left in counted:
        now = NOW + timedelta(seconds=passed)
        seconds = parse_retry_after(str(left), now)
        assert seconds is not None
        ends.add(now + timedelta(seconds=seconds))

    assert len(ends) == 1
