"""The emulator's front door: MiniStack never sees what it refuses.

It refuses browsers, wrong signatures, and requests that break AWS's rules (``aws_rules``).
MiniStack itself accepts unsigned requests as root, serves some paths without any check, lets every
web page read its responses (CORS), and checks few parameters.
"""

from __future__ import annotations

import gzip
import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from ministack.core import iam_actions, iam_evaluator, responses, router, sigv4
from ministack.services import scheduler

from balancectl.localcloud.browser_guard import refusal
from balancectl.localcloud.emulator.aws_rules.operations import WireRequest
from balancectl.localcloud.emulator.aws_rules.refusal import refuse

if TYPE_CHECKING:
    from hypercorn.typing import (
        ASGIFramework,
        ASGIReceiveCallable,
        ASGISendCallable,
        ASGISendEvent,
        HTTPScope,
        Scope,
    )

#: Lambda accepts zips of 50 MB in a request, which base64 makes a third larger.
_MAX_BODY_BYTES: Final = 70_000_000
_SIGNED: Final = "AWS4-HMAC-SHA256 "

_log = logging.getLogger("front_door")


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request as it arrived; header names in lower case."""

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        """The parsed query string."""
        return parse_qs(self.query_string, keep_blank_values=True)

    @property
    def service(self) -> str:
        """The AWS service that MiniStack routes it to."""
        path = self.raw_path.partition("?")[0]
        name: str = router.detect_service(self.method, path, self.headers, self.query)
        return name


@dataclass(frozen=True, slots=True)
class Response:
    """A refusal in the form that the caller's SDK expects."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FrontDoor:
    """An ASGI application that passes acceptable HTTP requests on to another one."""

    def __init__(self, app: ASGIFramework, port: int, root_key: str) -> None:
        self._app = app
        self._port = port
        self._root_key = root_key

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": None})

    async def _answer(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Refuse an HTTP request, or pass it on without CORS headers in its response."""
        headers = _joined(scope["headers"])
        reason = refusal(headers, self._port)
        if reason:
            await _send(send, _plain(403, reason))
            return
        body = await _read_body(receive)
        if body is None:
            await _send(send, _plain(413, "the request is too large"))
            return
        request = Request(
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            headers,
            body,
        )
        refused = self._signature_refusal(request) or _rule_refusal(request)
        if refused:
            await _send(send, refused)
            return
        await self._app(scope, _replayed(body, receive), _without_cors(send))

    def _signature_refusal(self, request: Request) -> Response | None:
        """Return the response to a request without a valid signature; None for a valid one."""
        failure = signature_failure(request, self._root_key)
        if failure is None:
            return None
        code, message = failure
        status, headers, body = iam_actions.access_denied_response(
            request.service,
            "",
            "",
            str(uuid.uuid4()),
            error_code=code,
            message=message,
            headers=dict(request.headers),
        )
        return Response(status, headers, body)


def _rule_refusal(request: Request) -> Response | None:
    """Return the response to a request that breaks AWS's rules; None for any other."""
    body = request.body
    if request.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    signature = sigv4.parse_header_signature(request.headers)
    wire = WireRequest(
        request.method, request.raw_path, request.query_string, request.headers, body
    )
    # Schedules and functions follow this clock, which may be the story's.
    now = datetime.fromtimestamp(scheduler.time.time(), UTC)
    refused = refuse(signature.service, wire, now)
    if refused is None:
        return None
    _log.warning("refused as AWS would: %s: %s", refused.code, refused.message)
    return Response(refused.status, refused.headers, refused.body)


def signature_failure(request: Request, root_key: str) -> tuple[str, str] | None:
    """Return the code and message of what is wrong with a request's signature, or None.

    Only signatures in the Authorization header count. MiniStack's other root keys (an empty one,
    "test", account numbers) are unknown here.
    """
    if not request.headers.get("authorization", "").startswith(_SIGNED):
        return "MissingAuthenticationToken", "Request is missing Authentication Token"
    signature = sigv4.parse_header_signature(request.headers)
    if isinstance(signature, tuple):
        code, message = signature
        return code, message
    failure: tuple[str, str] | None = sigv4.request_time_failure(signature)
    if failure:
        return failure
    credential = _credential(
        signature.access_key_id, request.headers.get("x-amz-security-token", ""), root_key
    )
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        return credential.code, credential.message
    mismatch: tuple[str, str] | None = sigv4.header_signature_failure(
        signature,
        credential.secret_access_key,
        request.method,
        request.raw_path,
        request.query,
        request.headers,
        request.body,
    )
    return mismatch


def _credential(
    key: str, token: str, root_key: str
) -> iam_evaluator.ResolvedCredential | iam_evaluator.CredentialResolutionError:
    """Return the credential that ``key`` names, or why there is none."""
    if iam_evaluator.is_root_access_key(key) and key != root_key:
        return iam_evaluator.CredentialResolutionError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    account = iam_evaluator.find_iam_access_key_account(key)
    return iam_evaluator.resolve_credential(key, account or responses.get_account_id(), token)


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by lower-case name; SigV4 signs repeated ones joined by a comma."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), sigv4.decode_header_value(raw_value)
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


async def _read_body(receive: ASGIReceiveCallable) -> bytes | None:
    """Return the request's body; None when it is too large."""
    body = b""
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return body
        body += event["body"]
        if len(body) > _MAX_BODY_BYTES:
            return None
        if not event["more_body"]:
            return body


def _replayed(body: bytes, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """Return a ``receive`` that yields ``body`` first."""
    events = [body]

    async def replay() -> object:
        if events:
            return {"type": "http.request", "body": events.pop(), "more_body": False}
        return await receive()

    return replay  # type: ignore[return-value]  # the union of all events


def _without_cors(send: ASGISendCallable) -> ASGISendCallable:
    """Return a ``send`` that leaves out every header that would let a page read the response."""

    async def filtered(event: ASGISendEvent) -> None:
        if event["type"] == "http.response.start":
            event["headers"] = [
                (name, value)
                for name, value in event["headers"]
                if not name.lower().startswith(b"access-control-")
            ]
        await send(event)

    return filtered


async def _send(send: ASGISendCallable, response: Response) -> None:
    """Send a whole response."""
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": False})


def _plain(status: int, message: str) -> Response:
    """Return a refusal for a caller that is no AWS client."""
    body = json.dumps({"message": message}).encode()
    return Response(status, {"content-type": "application/json"}, body)
