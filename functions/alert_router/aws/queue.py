"""The router's own queue, for delayed requests to the router."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: SQS delays a message by up to 15 minutes.
_LONGEST: Final = timedelta(minutes=15)


class FlushQueue:
    """Sends messages to the router itself.

    Args:
        client: Returns the SQS client; called on first use, which critical incidents do not need.
        queue_url: The router's queue.
    """

    def __init__(self, client: Callable[[], SQSClient], queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def request_flush(self, group: str, wait: timedelta) -> None:
        """Request a flush of ``group`` after ``wait``.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when SQS did not accept it.
        """
        self._client().send_message(
            QueueUrl=self._queue_url,
            MessageBody=json.dumps({"kind": "flush", "group": group}),
            DelaySeconds=math.ceil(min(wait, _LONGEST).total_seconds()),
        )
