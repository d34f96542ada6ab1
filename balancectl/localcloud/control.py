"""What the emulator's server answers beside AWS's paths, for the process that started it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc, sqs

from balancectl.localcloud.patches import schedules
from balancectl.localcloud.settings import ACTIVITY_PATH, RELEASE_PATH

if TYPE_CHECKING:
    from hypercorn.typing import ASGISendCallable, HTTPResponseStartEvent


async def answer(path: str, send: ASGISendCallable) -> bool:
    """Answer a request to one of our paths; return False for any other."""
    document: dict[str, Any]
    if path == RELEASE_PATH:
        schedules.release()
        document = {}
    elif path == ACTIVITY_PATH:
        document = {"sweeps": schedules.sweeps(), "busy": _busy()}
    else:
        return False
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json")],
    }
    await send(start)
    body = json.dumps(document).encode()
    await send({"type": "http.response.body", "body": body, "more_body": False})
    return True


def _busy() -> int:
    """Return how many functions run, and messages wait in queues that trigger one."""
    running, _ = lambda_svc.executions_in_flight()
    triggers = {esm["EventSourceArn"] for _, _, esm in lambda_svc._iter_all_esms()}  # noqa: SLF001
    queues = [sqs._queue_by_arn(arn) for arn in triggers]  # noqa: SLF001
    return int(running) + sum(len(queue["messages"]) for queue in queues if queue)
