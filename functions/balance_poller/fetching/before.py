"""Makes a definition's preceding request, and then its own with the values from that answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from balance_poller.exchange.answer.reading import Reading
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.before import Taken
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.kept import Kept
from balance_poller.fetching.request_group import Before, KeptValues, RequestGroup, fail_all
from shared.outcome import Outcome
from shared.redactor import redactor

_KEY_IS_WRONG: Final = frozenset({Outcome.INVALID_KEY, Outcome.INSUFFICIENT_SCOPE})

Readings = dict[str, Reading]


async def exchange_two(  # noqa: PLR0913, PLR0917 -- whatever two requests need
    group: RequestGroup,
    before: Before,
    kept_values: KeptValues,
    send: Callable[[PreparedRequest], Awaitable[Response]],
    read: Callable[[Response], Awaitable[Readings]],
    now: Callable[[], float],
) -> tuple[Response, Readings]:
    """Make both requests; return the last answer, and each account's reading.

    Kept values may have expired early: then they are requested once more.

    Args:
        group: The accounts.
        before: The preceding request.
        kept_values: Its values from earlier requests.
        send: Sends a request.
        read: Reads the answer to the group's own request.
        now: The clock of ``kept_values``.

    Raises:
        ConfigError: when a value cannot stand in the group's request.
        FetchError: when there is no answer.
    """
    kept = Kept(kept_values)
    while True:
        values = known = kept.get(before.request, now())
        if values is None:
            response = await send(before.request)
            taken = group.provider.read_before(response)
            if not isinstance(taken, Taken):
                return response, fail_all(group, *taken)
            values = taken.values
            redactor().add(values.values())
            kept.put(before.request, taken, now())
        response = await send(before.complete(values))
        readings = await read(response)
        is_refused = any(one.outcome in _KEY_IS_WRONG for one in readings.values())
        if known is None or not is_refused:
            return response, readings
        kept.forget(before.request)
