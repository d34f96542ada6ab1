"""Generates answers from a response's schema, different for each seed. Knows no provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from tests.integration.providers.openapi import Document

_NULL_RATE: Final = 0.15
_OMIT_RATE: Final = 0.08
_NUMBER_TEXT: Final = re.compile(r"-?\d+(\.\d+)?")
_EPOCH: Final = datetime(2026, 11, 1, tzinfo=UTC)


class Generator:
    """Makes values that fit a document's schemas.

    A schema says no more about a text than that it is one; its example, or the response's, says
    whether it is a number, a word or a time. All else is random, within what the schema allows.
    """

    def __init__(self, document: Document, seed: int) -> None:
        self._document = document
        self._random = Random(seed)

    def value(self, node: Mapping[str, Any], example: Any = None) -> Any:
        """Return a value for a schema; ``example`` is the response's at the same place."""
        schema = self._document.resolve(node)
        if example is None:
            example = schema.get("example", schema.get("default"))
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self.value(self._random.choice(schema[choice]), example)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        may_be_null = "null" in kinds or schema.get("nullable", False)
        kinds = [kind for kind in kinds if kind != "null"]
        if not kinds:
            return example
        if may_be_null and self._random.random() < _NULL_RATE:
            return None
        return self._typed(kinds[0], schema, example)

    def _typed(self, kind: str, schema: Mapping[str, Any], example: Any) -> Any:
        match kind:
            case "object":
                return self._object(schema, example if isinstance(example, dict) else {})
            case "array":
                first = example[0] if isinstance(example, list) and example else None
                count = self._random.choice([0, 1, 1, 1, 2])
                return [self.value(schema["items"], first) for _ in range(count)]
            case "boolean":
                return self._random.random() < 0.5 if example is None else example
            case "integer":
                return self._random.choice([0, -7, 42, self._random.randint(1, 10**9)])
            case "number":
                return self._number(self._random.randint(0, 8))
            case _:
                return self._text(schema, example)

    def _object(self, schema: Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object; now and then without an optional member."""
        required = schema.get("required", ())
        return {
            name: self.value(member, example.get(name))
            for name, member in schema.get("properties", {}).items()
            if name in required or self._random.random() >= _OMIT_RATE
        }

    def _text(self, schema: Mapping[str, Any], example: Any) -> str:
        if "enum" in schema:
            return str(self._random.choice(schema["enum"]))
        if schema.get("format") == "date-time":
            return (_EPOCH + timedelta(hours=self._random.randint(0, 9999))).isoformat()
        if isinstance(example, str) and _NUMBER_TEXT.fullmatch(example):
            return str(self._number(len(example.partition(".")[2])))
        return example or self._random.choice(["some text", "", "null"])

    def _number(self, places: int) -> Decimal:
        """Return a number with that many decimal places, seldom 0 or negative."""
        whole = self._random.choice([0, -3, 1, 12, self._random.randint(1, 10**6)])
        digits = self._random.randint(0, 10**places - 1)
        return Decimal(whole) + Decimal(digits).scaleb(-places)
