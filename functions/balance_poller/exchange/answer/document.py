"""Turns an answer into the document to which a definition's expressions apply."""

from __future__ import annotations

from typing import Final

from balance_poller.definitions.answer.answer_spec import AnswerSpec
from balance_poller.definitions.language.evaluation import MISSING, Document
from balance_poller.exchange.answer.response import Response

_MAX_TEXT_BYTES: Final = 1024
_MAX_HEADER: Final = 200


def make_document(spec: AnswerSpec, response: Response) -> Document:
    """Return the document; without a body if the answer does not have the definition's form."""
    body = response.parsed if spec.text is None else _read_text(spec, response.body)
    if body is MISSING or not spec.headers:
        return Document(body)
    given = ((name, response.headers.get(name)) for name in spec.headers)
    headers = {name: text.strip() for name, text in given if text and len(text) <= _MAX_HEADER}
    return Document({"headers": headers, "body": body})


def describe_foreign(spec: AnswerSpec, response: Response) -> str:
    """Describe an answer that does not have the definition's form."""
    if not response.body.strip():
        return "the answer is empty"
    if spec.text is not None:
        return "the answer is not the text that the definition describes"
    try:
        response.body.decode()
    except UnicodeDecodeError:
        return "the answer is not JSON: it is not UTF-8"
    return "the answer is not JSON"


def _read_text(spec: AnswerSpec, body: bytes) -> object:
    """Return the groups of the definition's ``text``; ``MISSING`` if it does not match."""
    if spec.text is None or len(body) > _MAX_TEXT_BYTES:
        return MISSING
    try:
        groups = spec.text.find_groups(body.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        return MISSING
    return MISSING if groups is None else groups
