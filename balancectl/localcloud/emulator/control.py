"""The emulator's own endpoints, beside AWS's: for the process that started it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc, sqs

from balancectl.localcloud.emulator.patches import delays, schedules
from balancectl.localcloud.emulator.settings import ACTIVITY_PATH, RELEASE_PATH

if TYPE_CHECKING:
    from hypercorn.typing import ASGISendCallable, HTTPResponseStartEvent


async def answer(path: str, send: ASGISendCallable) -> bool:
    """Answer a request to a control path; return False for any other path."""
    document: dict[str, Any]
    if path == RELEASE_PATH:
        schedules.release()
        document = {}
    elif path == ACTIVITY_PATH:
        document = _activity()
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


def _activity() -> dict[str, int]:
    """Return how many functions are running or due to run, and how many messages are delayed."""
    running, _ = lambda_svc.executions_in_flight()
    triggers = {esm["EventSourceArn"] for _, _, esm in lambda_svc._iter_all_esms()}  # noqa: SLF001
    queues = [sqs._queue_by_arn(arn) for arn in triggers]  # noqa: SLF001
    messages = [message for queue in queues if queue for message in queue["messages"]]
    delays.release(messages)
    now = time.time()
    delayed = sum(
        1 for message in messages if not message["receive_count"] and message["visible_at"] > now
    )
    return {
        "sweeps": schedules.sweeps(),
        "busy": int(running) + len(messages) - delayed,
        "delayed": delayed,
    }
