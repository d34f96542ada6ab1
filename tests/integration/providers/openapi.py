"""An OpenAPI document: its operations, and what is wrong with a request. Knows no provider."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "openapi"
_PLACES: Final = ("header", "query")


@dataclass(frozen=True)
class Request:
    """A request, without its host and port, which are the mock's."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def values(self, place: str) -> dict[str, str]:
        """Return the headers by name in lower case, or the query's entries."""
        if place == "header":
            return {name.lower(): value for name, value in self.headers.items()}
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    document: Document
    method: str
    template: str
    """The whole path, with the server's, and braces where parameters stand."""
    data: Mapping[str, Any]

    @property
    def responses(self) -> dict[int, Mapping[str, Any]]:
        """The documented responses by status."""
        found = self.data["responses"].items()
        return {int(status): self.document.resolve(response) for status, response in found}

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        return [self.document.resolve(each) for each in self.data.get("parameters", ())]

    @property
    def security(self) -> list[list[Mapping[str, Any]]]:
        """The alternatives, each with the schemes that belong together; empty for none."""
        schemes = self.document.data.get("components", {}).get("securitySchemes", {})
        wanted = self.data.get("security", self.document.data.get("security", []))
        return [[schemes[name] for name in alternative] for alternative in wanted]

    def problems(self, request: Request, secrets: frozenset[str]) -> list[str]:
        """Return how ``request`` breaks the document; ``secrets`` are the parts of the key."""
        missing = [
            f"the {p['in']} parameter {p['name']} is missing"
            for p in self.parameters
            if p.get("required") and p["in"] in _PLACES and not _value(request, p)
        ]
        alternatives = self.security
        if alternatives and not any(
            all(_is_satisfied(scheme, request, secrets) for scheme in alternative)
            for alternative in alternatives
        ):
            missing.append("no security scheme is satisfied")
        if (
            "requestBody" not in self.data
            and request.values("header").get("content-length", "0") != "0"
        ):
            missing.append("a body is not documented")
        return missing + list(self._strays(request, secrets))

    def _strays(self, request: Request, secrets: frozenset[str]) -> Iterator[str]:
        """Yield undocumented places that contain a part of the key."""
        named = {(p["in"], p["name"].lower()) for p in self.parameters}
        for scheme in (scheme for alternative in self.security for scheme in alternative):
            is_key = scheme["type"] == "apiKey"
            name = scheme["name"].lower() if is_key else "authorization"
            named.add((scheme["in"] if is_key else "header", name))
        for place in _PLACES:
            for name, value in request.values(place).items():
                has_key = any(secret in text for secret in secrets for text in _forms(value))
                if has_key and (place, name.lower()) not in named:
                    yield f"a key in the {place} {name}, which is not documented"


@dataclass(frozen=True)
class Document:
    """A document, or an excerpt of one."""

    name: str
    data: Mapping[str, Any]

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a reference within the document."""
        while "$ref" in node:
            found: Any = self.data
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """Yield every operation with its scheme and host."""
        for path, item in self.data["paths"].items():
            for server in item.get("servers", self.data["servers"]):
                url = urlsplit(server["url"])
                template = url.path.rstrip("/") + path
                for method in ("get", "post"):
                    if method in item:
                        operation = Operation(self, method.upper(), template, item[method])
                        yield f"{url.scheme}://{url.netloc}", operation

    def find(self, method: str, path: str, origin: str | None = None) -> Operation | None:
        """Return the operation of ``method`` and ``path`` at ``origin`` (None: anywhere)."""
        for at, operation in self.operations():
            pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(operation.template))
            is_it = operation.method == method and re.fullmatch(pattern, path)
            if is_it and origin in {None, at}:
                return operation
        return None


def load_documents() -> list[Document]:
    """Return the documents of the folder."""
    return [
        Document(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(FOLDER.glob("*.json"))
    ]


def _value(request: Request, parameter: Mapping[str, Any]) -> str | None:
    """Return a request's value for a parameter, or for a security scheme's key."""
    is_header = parameter["in"] == "header"
    name = parameter["name"].lower() if is_header else parameter["name"]
    return request.values(parameter["in"]).get(name)


def _is_satisfied(scheme: Mapping[str, Any], request: Request, secrets: frozenset[str]) -> bool:
    """Return whether a request carries the right key in the form a security scheme requires."""
    if scheme["type"] == "apiKey":
        return any(secret in (_value(request, scheme) or "") for secret in secrets)
    kind, _, credentials = request.values("header").get("authorization", "").partition(" ")
    if kind.lower() != scheme["scheme"]:
        return False
    if kind.lower() == "bearer":
        return credentials in secrets
    user, colon, password = _decoded(credentials).partition(":")
    return bool(colon) and {user, password} <= secrets


def _forms(value: str) -> tuple[str, ...]:
    """Return ``value`` as it is, decoded from a URL, and as HTTP Basic credentials."""
    return value, unquote(value), _decoded(value.partition(" ")[2])


def _decoded(credentials: str) -> str:
    """Decode HTTP Basic credentials; return an empty text for anything else."""
    try:
        return base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
