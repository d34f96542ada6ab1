"""Adds operations that MiniStack lacks to one of its services, in the JSON protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Operation = Callable[[dict[str, Any]], dict[str, Any]]
"""From a request's input to its output; both as the JSON protocol has them."""


class OperationError(Exception):
    """An error that an operation returns to its caller."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def add_operations(service: ModuleType, operations: Mapping[str, Operation]) -> None:
    """Let ``service`` answer ``operations``, by name, before its own."""
    original = service.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        operation = operations.get(name)
        if operation is None:
            answer: Answer = await original(method, path, headers, body, query)
            return answer
        return _answer(operation, json.loads(body or b"{}"))

    service.handle_request = handle_request  # type: ignore[attr-defined]  # MiniStack's


def _answer(operation: Operation, request: dict[str, Any]) -> Answer:
    """Run an operation, and return its response or error."""
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    try:
        return 200, headers, json.dumps(operation(request)).encode()
    except OperationError as error:
        body = {"__type": error.code, "message": str(error)}
        return 400, headers | {"x-amzn-errortype": error.code}, json.dumps(body).encode()
