"""Identifies the AWS operation of a request, and parses its parameters as the service would.

Three protocols are read: JSON with a target header, REST with JSON bodies, and the query protocol.
Sources: the service models in botocore, and "AWS JSON 1.0/1.1", "AWS restJson1" and "AWS query"
in the Smithy specification, read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

from balancectl.localcloud.emulator.aws_rules.query_protocol import parse_query

#: Services whose requests are checked, by the name in their signatures.
SERVICES: Final = {
    "dynamodb": "dynamodb",
    "iam": "iam",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "sts": "sts",
}


class UnknownOperationError(Exception):
    """The request names no operation of its service, or its body cannot be read."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """The parts of a request that determine its operation; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One operation with its parameters."""

    service: str
    """The service's name in botocore."""
    operation: str
    shape: Shape | None
    """The model of the parameters; None for an operation without any."""
    parameters: Mapping[str, Any]


def identify(signing_name: str, request: WireRequest) -> Call | None:
    """Return the call that a request makes; None for a service that is not checked.

    Raises:
        UnknownOperationError: when the request cannot be understood.
    """
    if signing_name not in SERVICES:
        return None
    model = service_model(SERVICES[signing_name])
    try:
        if "x-amz-target" in request.headers:
            return _from_target(model, request)
        if model.protocol == "rest-json":
            return _from_path(model, request)
        return _from_query(model, request)
    except (ValueError, KeyError, IndexError) as error:
        raise UnknownOperationError(f"{model.service_name}: {error}") from error


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return _session().get_service_model(service)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def _operation(model: ServiceModel, name: str) -> OperationModel:
    """Return an operation by its name."""
    if name not in model.operation_names:
        raise UnknownOperationError(f"{model.service_name} has no operation {name!r}")
    return model.operation_model(name)


def _call(operation: OperationModel, parameters: Mapping[str, Any]) -> Call:
    return Call(
        str(operation.service_model.service_name),
        operation.name,
        operation.input_shape,
        parameters,
    )


def _from_target(model: ServiceModel, request: WireRequest) -> Call:
    """Read the JSON protocol."""
    operation = _operation(model, request.headers["x-amz-target"].rpartition(".")[2])
    return _call(operation, _document(request.body))


def _from_query(model: ServiceModel, request: WireRequest) -> Call:
    """Read the query protocol, whose fields are in the body or in the address."""
    fields = {
        name: values[0]
        for text in (request.query, request.body.decode())
        for name, values in parse_qs(text, keep_blank_values=True).items()
    }
    operation = _operation(model, fields.get("Action", ""))
    shape = operation.input_shape
    return _call(operation, parse_query(shape, fields) if shape else {})


def _from_path(model: ServiceModel, request: WireRequest) -> Call:
    """Read a REST request: parameters are in its path, query, headers and body."""
    operation, found = _routed(model, request)
    shape = operation.input_shape
    if shape is None:
        return _call(operation, {})
    query = parse_qs(request.query, keep_blank_values=True)
    parameters: dict[str, Any] = {}
    payload = shape.serialization.get("payload")
    document = {} if payload else _document(request.body)
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                parameters[name] = found[wire_name]
            case "querystring" if wire_name in query:
                parameters[name] = _from_text(member, query[wire_name])
            case "header" if wire_name.lower() in request.headers:
                parameters[name] = _from_text(member, [request.headers[wire_name.lower()]])
            case None if name == payload and request.body:
                parameters[name] = request.body
            case None if wire_name in document:
                parameters[name] = document[wire_name]
            case _:
                continue
    return _call(operation, parameters)


def _routed(model: ServiceModel, request: WireRequest) -> tuple[OperationModel, dict[str, str]]:
    """Return the operation that a path belongs to, and the labels in the path."""
    for name, method, pattern in _routes(model.service_name):
        match = pattern.fullmatch(request.path) if method == request.method else None
        if match:
            labels = {label: unquote(text) for label, text in match.groupdict().items()}
            return model.operation_model(name), labels
    raise UnknownOperationError(
        f"{model.service_name} has no operation {request.method} {request.path}"
    )


@cache
def _routes(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    """Return a REST service's operations with their paths, the most specific first."""
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\{(\w+)\\\+\}", r"(?P<\1>.+)", re.escape(path).replace(r"\{", "{"))
        pattern = re.sub(r"\{(\w+)\\?\}", r"(?P<\1>[^/]+)", pattern.replace(r"\}", "}"))
        routes.append(
            (path.count("{"), name, http["method"], re.compile(pattern.rstrip("/") + "/?"))
        )
    return [(name, method, pattern) for _, name, method, pattern in sorted(routes, key=_specific)]


def _specific(route: tuple[int, str, str, re.Pattern[str]]) -> tuple[int, str]:
    return route[0], route[1]


def _document(body: bytes) -> dict[str, Any]:
    """Return a JSON body; an empty one has no parameters."""
    document = json.loads(body or b"{}")
    if not isinstance(document, dict):
        raise UnknownOperationError("the body is no JSON object")
    return document


def _from_text(shape: Shape, values: list[str]) -> Any:  # noqa: ANN401 -- any type of the model
    """Return a parameter that travels as text."""
    match shape.type_name:
        case "list":
            return values
        case "integer" | "long":
            return int(values[0])
        case "boolean":
            return values[0] == "true"
        case _:
            return values[0]
