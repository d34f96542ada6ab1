"""Burn, and the time until a balance is empty. Pure: no clock, no query, O(1) a poll.

Two functions are the package's interface; nothing else need be imported::

    from balance_poller.forecast import BurnState, forecast, observe

    state = observe(state, at, remaining)          # at every poll; None at the first one
    ahead = forecast(state, at, remaining)         # hours, their bound and range, abnormal drain
    packed = state.to_item()                       # up to 600 bytes, to be stored
    state = BurnState.from_item(packed)            # also reads version 1

``observe(…, unseen=True)`` marks the difference from the previous reading as not consumption, as
when credit expired or the key belongs to another account. In :class:`Forecast`, ``runway_hours`` is
the most likely time; 9 times in 10 it takes at least ``at_least_hours``, 19 times in 20 at least
``at_least_95_hours``, and 9 times in 10 at most ``at_most_hours``. Consumption is abnormal where
``drain.ratio`` is above 1.
"""

from balance_poller.forecast.burn_state import BurnState, BurnStateError
from balance_poller.forecast.drain import NORMAL_SENSITIVITY, Drain
from balance_poller.forecast.observation import observe
from balance_poller.forecast.projection import MAX_HOURS
from balance_poller.forecast.runway import Basis, Forecast, forecast

__all__ = [
    "MAX_HOURS",
    "NORMAL_SENSITIVITY",
    "Basis",
    "BurnState",
    "BurnStateError",
    "Drain",
    "Forecast",
    "forecast",
    "observe",
]
