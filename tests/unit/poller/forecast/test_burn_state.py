"""The burn state as it is stored."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from balance_poller.forecast import Basis, BurnState, BurnStateError, forecast, observe
from tests.unit.poller.forecast.accounts import HOUR, MINUTE, START, observed, polled


def test_a_state_when_packed_then_is_small_and_keeps_what_matters() -> None:
    state, at, remaining = polled(24 * 9, lambda at: 1 + at.hour)
    state = observe(state, at + 5 * MINUTE, remaining + 5000)
    state = observe(state, at + 10 * MINUTE, remaining + 5000)
    state = observe(state, at + 15 * MINUTE, remaining + 9000)

    packed = state.to_item()
    unpacked = BurnState.from_item(packed)

    assert len(packed) <= 600
    assert unpacked.usage.week.means == pytest.approx(state.usage.week.means, rel=0.025)
    assert unpacked.usage.week.counts == state.usage.week.counts
    assert unpacked.usage.recent == pytest.approx(state.usage.recent, rel=0.025)
    assert (unpacked.at, unpacked.since, unpacked.level) == (state.at, state.since, state.level)
    assert (unpacked.rise, unpacked.last_top_up) == (state.rise, state.last_top_up)
    assert unpacked.calibration.corrections == state.calibration.corrections
    assert unpacked.usage.usual == pytest.approx(state.usage.usual, rel=0.025)
    assert unpacked.records.amounts == pytest.approx(state.records.amounts)
    assert unpacked.records.ratios == pytest.approx(state.records.ratios)


def test_a_huge_fall_when_packed_then_is_kept() -> None:
    state, at, remaining = polled(24 * 3)
    state = observe(state, at + 5 * MINUTE, remaining - 500)

    assert state.fall is not None
    assert BurnState.from_item(state.to_item()).fall == state.fall


def test_a_forecast_when_the_state_is_packed_at_every_poll_then_is_the_same() -> None:
    def rhythm(at: datetime) -> float:
        return 1.0 + (at.hour * 7 + at.day * 3) % 11

    kept, at, _ = polled(24 * 15, rhythm, step=15 * MINUTE)
    packed: BurnState | None = None
    remaining = 100_000.0
    moment = START
    while moment <= at:
        packed = observe(packed, moment, Decimal(f"{remaining:.6f}"))
        packed = BurnState.from_item(packed.to_item())
        remaining -= rhythm(moment) / 4
        moment += 15 * MINUTE
    assert packed is not None

    for balance in (5, 50, 500):
        once, always = (forecast(state, at, Decimal(balance)) for state in (kept, packed))

        assert always.runway_hours == pytest.approx(once.runway_hours, rel=0.03)
        assert always.at_least_hours == pytest.approx(once.at_least_hours, rel=0.03)


def test_amounts_when_of_very_different_size_then_none_is_lost_or_zero() -> None:
    amounts = iter([0.0, 1e-3, 1.0, 9.99e6, 1e7])
    readings, left = [(START, Decimal(2 * 10**7))], Decimal(2 * 10**7)
    for n, amount in enumerate(amounts, start=1):
        left -= Decimal(repr(amount))
        readings.append((START + n * HOUR, left))

    unpacked = BurnState.from_item(observed(readings).to_item()).usage.recent

    assert unpacked[0] == 0.0
    assert unpacked[3:] == pytest.approx((9.99e6, 1e7), rel=0.025)
    assert all(amount and amount <= 1e3 for amount in unpacked[1:3])


@pytest.mark.parametrize(
    "stored", [b"", b"\x01", b"\x02" + bytes(209), b"\x03" * 538, b"\x02" * 599, bytes(210)]
)
def test_bytes_when_not_a_state_then_are_refused(stored: bytes) -> None:
    with pytest.raises(BurnStateError):
        BurnState.from_item(stored)


class TestVersion1:
    """States that version 0.1 wrote: a week of hours, one byte each."""

    def _packed(self, known_hours: int) -> bytes:
        """Return a state of 24 consumed a day between 8:00 and 20:00, 3 of a top-up's 503."""
        at = START + 12 * HOUR
        step = struct.unpack(">d", struct.pack(">d", 9.210340371976184 / 253))[0]
        top = round(0.6931471805599453 / step)  # 2 an hour
        codes = bytearray(168)
        for back in range(1, known_hours + 1):
            hour = (at - back * HOUR).hour
            codes[-back] = 255 if 8 <= hour < 20 else 1
        header = struct.pack(
            ">BIIBddHhId",
            1,
            int(at.timestamp()),
            int((at - known_hours * HOUR).timestamp()),
            255,
            497.0,
            0.0,
            0,
            top,
            int((at - HOUR).timestamp()),
            503.0,
        )
        return header + bytes(codes)

    def test_a_state_when_of_a_week_then_becomes_the_first_week_of_the_profile(self) -> None:
        state = BurnState.from_item(self._packed(168))

        found = forecast(state, state.at, Decimal(34))

        assert found.basis is Basis.PROFILE
        assert found.runway_hours == pytest.approx(29, rel=0.03)  # 16 today, 18 from 8:00 on
        assert state.last_top_up is not None
        assert state.last_top_up.amount == 503
        assert state.records.amounts == pytest.approx((2, 6, 24), rel=0.03)
        assert state.records.ratios == pytest.approx((1, 1, 1), rel=0.2)
        assert BurnState.from_item(state.to_item()).to_item() == state.to_item()

    def test_a_state_when_of_some_hours_then_the_others_stay_unknown(self) -> None:
        state = BurnState.from_item(self._packed(6))

        assert len(state.usage.recent) == 6
        assert sum(state.usage.week.counts) == 6
        assert forecast(state, state.at, Decimal(8)).basis is Basis.RECENT

    def test_a_state_when_polled_on_then_is_written_as_version_3(self) -> None:
        state = BurnState.from_item(self._packed(168))

        state = observe(state, datetime(2026, 11, 16, 12, 5, tzinfo=UTC), Decimal("496.9"))

        assert state.to_item()[0] == 3


class TestVersion2:
    """States that said neither what was usual nor how far records were above it."""

    def _packed(self, state: BurnState) -> bytes:
        packed = state.to_item()
        usage_at = 1 + 4 + 4 + 1 + 8 + 12 + 12 + 16 + 1 + 12
        usual_at = usage_at + 39 + 168 + 84 + 48
        return b"\x02" + packed[1:usual_at] + packed[usual_at + 49 : -12]

    @pytest.mark.parametrize("hours", [5, 30, 24 * 9])
    def test_a_state_when_read_then_has_lost_nothing(self, hours: int) -> None:
        state, at, _ = polled(hours, lambda at: 1 + at.hour)

        read = BurnState.from_item(self._packed(state))

        kept = BurnState.from_item(state.to_item())
        assert len(self._packed(state)) == 538
        assert read._replace(usage=kept.usage, records=kept.records) == kept
        assert read.usage._replace(usual=kept.usage.usual) == kept.usage
        assert len(read.usage.usual) == len(read.usage.recent) + 1
        assert read.records.amounts == kept.records.amounts
        for balance in (5, 50):
            before, after = (forecast(each, at, Decimal(balance)) for each in (kept, read))
            assert after.at_least_hours == before.at_least_hours

    def test_a_state_when_read_then_neither_alarms_nor_misses_a_leak(self) -> None:
        state, at, remaining = polled(24 * 15, lambda at: 6.0 if 8 <= at.hour < 20 else 0.5)

        state = BurnState.from_item(self._packed(state))
        assert not forecast(state, at, remaining).is_abnormal

        for minutes in range(5, 65, 5):
            state = observe(state, at + minutes * MINUTE, remaining - Decimal(minutes) / 6)
        assert forecast(state, state.at, remaining).is_abnormal
