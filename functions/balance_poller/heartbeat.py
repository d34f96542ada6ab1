"""The heartbeat to an outside service, which notices its absence when AWS itself is gone.

The requested address is a credential: anyone who has it can pretend that polling continues. It is
masked like a key, and nothing here contains it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from balance_poller.credentials.store import SecretStore
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.transport.client import Fetcher
from balance_poller.fetching.transport.errors import FetchError
from shared.secret import Secret, reveal

#: For the request; a run has more important things to do with its time.
_SECONDS: Final = 5.0
#: Of the run's time, what remains for all else: a run that Lambda ends counts as failed.
_MARGIN: Final = 3.0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Requests the address of a shard."""

    secrets: SecretStore
    transport: Callable[[], Fetcher]
    secret: str
    """The name of the secret that holds an address for each shard."""
    allow_http_loopback: bool = False

    def beat(self, shard: int, seconds_left: float) -> str:
        """Request the shard's address; return why that failed, or "". It never raises.

        Args:
            shard: The shard.
            seconds_left: Until Lambda ends the run.
        """
        seconds = min(_SECONDS, seconds_left - _MARGIN)
        if seconds <= 0:
            return "no time was left for it"
        try:
            keys = self.secrets.read([f"{self.secret}#{shard}"])
            if keys.missing:
                return next(str(why) for why in keys.missing.values())
            (stored,) = keys.found.values()
            address = stored.key if isinstance(stored.key, Secret) else None
            return self._request(address, seconds)
        except FetchError as exc:
            return str(exc)
        except Exception as exc:  # noqa: BLE001 -- it tells of the run, and is no part of it
            return type(exc).__name__

    def _request(self, address: Secret | None, seconds: float) -> str:
        """Request an address; return why the service did not accept it, or "".

        Raises:
            FetchError: when there is no answer.
        """
        beginnings = ("https://", *(("http://127.0.0.1:",) if self.allow_http_loopback else ()))
        if address is None or not reveal(address).startswith(beginnings):
            return "the address does not begin with https://"
        request = PreparedRequest("GET", reveal(address), {}, None, lambda: "GET ********")
        response = asyncio.run(self._send(request, seconds))
        return "" if 200 <= response.status < 300 else f"the service answered {response.status}"

    async def _send(self, request: PreparedRequest, seconds: float) -> Response:
        """Send one request over a separate connection."""
        async with self.transport() as transport:
            return await transport.send(request, 0, seconds)
