"""The document-driven mock refuses what its document forbids; else its approval means nothing."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest

from tests.integration.providers.examples import Generator
from tests.integration.providers.openapi import Document, Operation, Request

SECRETS: Final = frozenset({"key", "id"})
BASIC: Final = "Basic " + base64.b64encode(b"id:key").decode()


def operation(**changes: Any) -> Operation:
    data = {
        "servers": [{"url": "https://api.example.com/v1/"}],
        "paths": {"/a/{id}/b.json": {"get": {"responses": {}, **changes}}},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "query": {"type": "apiKey", "in": "query", "name": "token"},
            }
        },
    }
    found = Document("example", data).find("GET", "/v1/a/7/b.json", "https://api.example.com")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("security", "target", "headers"),
    [
        ([{"bearer": []}], "/", {"Authorization": "Bearer key"}),
        ([{"basic": []}], "/", {"authorization": BASIC}),
        ([{"header": []}], "/", {"x-key": "key"}),
        ([{"query": []}], "/?token=key", {}),
        ([{"bearer": []}, {"query": []}], "/?token=key", {}),
        ([{"header": [], "query": []}], "/?token=key", {"X-Key": "id"}),
        ([], "/", {}),
    ],
    ids=["bearer", "basic", "header", "query", "either", "both", "none"],
)
def test_request_when_it_satisfies_the_document_then_has_no_problem(
    security: list[Any], target: str, headers: dict[str, str]
) -> None:
    assert operation(security=security).problems(Request("GET", target, headers), SECRETS) == []


@pytest.mark.parametrize(
    ("changes", "target", "headers", "problem"),
    [
        ({"security": [{"bearer": []}]}, "/", {}, "no security scheme"),
        ({"security": [{"bearer": []}]}, "/", {"Authorization": "Bearer other"}, "no security"),
        ({"security": [{"bearer": []}]}, "/", {"Authorization": BASIC}, "no security scheme"),
        ({"security": [{"basic": []}]}, "/", {"Authorization": "Basic ?"}, "no security scheme"),
        ({"security": [{"basic": []}]}, "/", {"Authorization": "Basic a2V5"}, "no security scheme"),
        ({"security": [{"header": [], "query": []}]}, "/", {"X-Key": "key"}, "no security scheme"),
        ({}, "/?token=key", {}, "a key in the query token"),
        ({}, "/", {"X-Other": "Token key"}, "a key in the header x-other"),
        ({}, "/", {"Content-Length": "2"}, "a body is not documented"),
        (
            {"parameters": [{"name": "team", "in": "query", "required": True}]},
            "/?other=1",
            {},
            "the query parameter team is missing",
        ),
        (
            {"parameters": [{"name": "X-Team", "in": "header", "required": True}]},
            "/",
            {},
            "the header parameter X-Team is missing",
        ),
    ],
)
def test_request_when_it_breaks_the_document_then_each_problem_is_named(
    changes: dict[str, Any], target: str, headers: dict[str, str], problem: str
) -> None:
    problems = operation(**changes).problems(Request("GET", target, headers), SECRETS)

    assert any(words.startswith(problem) for words in problems), problems


@pytest.mark.parametrize(
    ("method", "path", "origin"),
    [
        ("POST", "/v1/a/7/b.json", None),
        ("GET", "/v1/a/b.json", None),
        ("GET", "/v1/a/7/8/b.json", None),
        ("GET", "/a/7/b.json", None),
        ("GET", "/v1/a/7/bXjson", None),
        ("GET", "/v1/a/7/b.json", "https://api.example.org"),
    ],
)
def test_path_when_it_is_not_documented_then_is_not_found(
    method: str, path: str, origin: str | None
) -> None:
    assert operation().document.find(method, path, origin) is None


def test_examples_when_generated_then_differ_by_seed_and_reach_what_the_schema_allows() -> None:
    schema = {
        "type": "object",
        "required": ["limit"],
        "properties": {
            "limit": {"type": ["number", "null"]},
            "left": {"type": "string", "example": "12.50"},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "at": {"type": "string", "format": "date-time", "nullable": True},
            "ok": {"type": "boolean", "example": True},
        },
    }

    made = [Generator(Document("example", {}), seed).value(schema) for seed in range(100)]

    assert any(each["limit"] is None for each in made)
    assert len({each["limit"] for each in made}) > 50
    assert all(each["left"].partition(".")[2].isdigit() for each in made if "left" in each)
    assert {each.get("kind") for each in made} == {"a", "b", None}
    assert any(each.get("at", "") is None for each in made)
    assert {each["ok"] for each in made if "ok" in each} == {True}
