"""A message links the alarm and the runbook heading that it is about."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.records import Thresholds
from tests.unit.router.builders import alarm, latest, minutes
from tests.unit.router.world import World

LIMITS = Thresholds(
    warning=Decimal(20),
    critical=Decimal(5),
    runway_warning_hours=Decimal(48),
    runway_critical_hours=Decimal(12),
)


@pytest.mark.parametrize(
    ("fires", "left", "about"),
    [
        (["warning"], "12.30", "warning"),
        (["warning"], "3.20", "critical"),
        (["critical", "warning"], "3.20", "critical"),
        (["runway-critical", "warning"], "12.30", "runway-critical"),
        (["critical", "runway-critical"], "12.30", "runway-critical"),
        (["runway-critical", "critical", "warning"], "3.20", "critical"),
        (["runway-warning"], "80", "runway-warning"),
        (["runway-warning", "warning"], "12.30", "warning"),
        (["stale", "critical"], "3.20", "critical"),
        (["drain", "critical"], "3.20", "critical"),
        (["expiry", "warning"], "12.30", "warning"),
    ],
)
@pytest.mark.parametrize("order", [1, -1], ids=["in-order", "reversed"])
def test_message_when_several_alarms_fire_then_it_links_what_it_is_about(
    fires: list[str], left: str, about: str, order: int
) -> None:
    """Whichever of the alarms came first."""
    hours = Decimal(6 if "critical" in about else 24)
    record = latest(balance=Decimal(left), thresholds=LIMITS, at_least_hours=hours)
    world = World(records={"openrouter-main": record})
    for kind in fires[::order]:
        world.transition(alarm(kind, at=world.now))
        world.wait(minutes(2))

    email = [m.email for m in world.messages if " left" in m.subject][-1]
    assert f"openrouter-main%2F{about}\n" in email
    assert f"runbook.md#{about}\n" in email
