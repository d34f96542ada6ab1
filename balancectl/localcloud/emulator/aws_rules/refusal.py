"""Refuses a request that breaks AWS's rules, in the form that its service would use. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

from balancectl.localcloud.emulator.aws_rules.constraints import violations
from balancectl.localcloud.emulator.aws_rules.limits import exceeded
from balancectl.localcloud.emulator.aws_rules.operations import (
    UnknownOperationError,
    WireRequest,
    identify,
)

_CONSTRAINT_CODES: Final = {
    "cloudwatch": "ValidationError",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
    "sts": "ValidationError",
}
_CONSTRAINT_CODE: Final = "ValidationException"
_UNKNOWN: Final = "UnknownOperationException"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response."""

    code: str
    message: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 400


def refuse(signing_name: str, request: WireRequest, now: datetime) -> Refusal | None:
    """Return the error that AWS would return for a request; None for an acceptable one."""
    try:
        call = identify(signing_name, request)
    except UnknownOperationError as error:
        return _refusal(request, _UNKNOWN, str(error))
    if call is None:
        return None
    found = violations(call.shape, call.parameters)
    if found:
        noun = "error" if len(found) == 1 else "errors"
        message = f"{len(found)} validation {noun} detected: {'; '.join(found)}"
        code = _CONSTRAINT_CODES.get(call.service, _CONSTRAINT_CODE)
        return _refusal(request, code, message)
    limit = exceeded(call, now)
    return _refusal(request, *limit) if limit else None


def _refusal(request: WireRequest, code: str, message: str) -> Refusal:
    """Return an error in the request's own protocol."""
    if "json" in request.headers.get("content-type", "") or not _is_query(request):
        body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amzn-errortype": code,
            "x-amzn-query-error": f"{code};Sender",
        }
        return Refusal(code, message, headers, body)
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error><RequestId>local</RequestId></ErrorResponse>"
    )
    return Refusal(code, message, {"content-type": "text/xml"}, text.encode())


def _is_query(request: WireRequest) -> bool:
    """Whether a request uses the query protocol."""
    is_form = "x-www-form-urlencoded" in request.headers.get("content-type", "")
    return is_form or "Action=" in request.query
