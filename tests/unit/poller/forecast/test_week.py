"""An account's week follows from the consumption of its hours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance_poller.forecast.burn_profile import BurnProfile, usual_in
from balance_poller.forecast.usage import Usage
from balance_poller.forecast.week import UNSEEN, Week

HOURS = st.integers(0, 167)


class TestWeek:
    @settings(deadline=None, max_examples=30)
    @given(seen=st.lists(st.tuples(HOURS, st.floats(0, 1e9)), max_size=40))
    def test_a_week_when_hours_are_seen_then_is_that_of_its_means_and_counts(
        self, seen: list[tuple[int, float]]
    ) -> None:
        week = UNSEEN

        for hour, amount in seen:
            week = week.see(hour, amount)

        assert week == Week.of(week.means, week.counts)
        assert sum(week.counts) == sum(
            min(15, [hour for hour, _ in seen].count(each)) for each in {hour for hour, _ in seen}
        )

    @settings(deadline=None, max_examples=30)
    @given(
        means=st.lists(st.sampled_from([0.0, 0.1, 3.0, 1e6]), min_size=24, max_size=24),
        counts=st.lists(st.sampled_from([0, 1, 2, 15]), min_size=24, max_size=24),
        hour=HOURS,
    )
    def test_an_hour_when_asked_for_alone_then_is_that_of_the_whole_profile(
        self, means: list[float], counts: list[int], hour: int
    ) -> None:
        means[5] = counts[5] = 1
        usage = Usage(Week.of(tuple(means * 7), bytes(counts * 7)))

        usual, _ = usual_in(usage, hour)

        assert usual == pytest.approx(BurnProfile.of(usage).per_hour[hour])

    def test_an_hour_when_seen_again_then_counts_more_than_the_week_before(self) -> None:
        week = UNSEEN.see(100, 10.0).see(100, 20.0)

        assert week.means[100] == pytest.approx((0.85 * 10 + 20) / 1.85)
        assert week.means[99] == week.means[101] == 0.0
