"""AWS clients whose responses tests decide, call by call."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError


def client_error(code: str, **fields: Any) -> ClientError:
    """Return an AWS error as boto3 raises it."""
    response: Any = {"Error": {"Code": code, "Message": "quoted"}, **fields}
    return ClientError(response, "Operation")


def unreachable() -> ConnectTimeoutError:
    """Return the error of a service that cannot be reached."""
    return ConnectTimeoutError(endpoint_url="https://service.example")


class TransactionCanceledError(ClientError):
    """What ``client.exceptions.TransactionCanceledException`` is here."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(
            {
                "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
                "CancellationReasons": [{"Code": reason} for reason in reasons],
            },
            "TransactWriteItems",
        )


class FakeClient:
    """Answers every operation with what ``answer`` returns or raises for its arguments."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.calls: list[dict[str, Any]] = []
        self.exceptions = SimpleNamespace(TransactionCanceledException=TransactionCanceledError)
        self._answer = answer

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.calls.append(arguments)
            return self._answer(**arguments)

        return call
