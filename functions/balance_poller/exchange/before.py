"""Takes the values that a request needs from the answer to the preceding one. Pure.

They are handled like keys, since they may be keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from balance_poller.definitions.definition import Definition
from balance_poller.definitions.language.evaluation import BudgetError, Document
from balance_poller.definitions.language.expression import Expression, json_type
from balance_poller.definitions.language.template import has_control_characters
from balance_poller.definitions.request.before_spec import LONGEST_SECONDS, BeforeSpec
from balance_poller.exchange.answer.document import make_document
from balance_poller.exchange.answer.http_status import Failure
from balance_poller.exchange.answer.reading import refusal_of
from balance_poller.exchange.answer.response import Response
from shared.outcome import Outcome
from shared.secret import Secret

_MAX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Taken:
    """The values taken from the first answer."""

    values: Mapping[str, Secret] = field(repr=False)
    seconds: float
    """For how long they are valid; 0 for one run."""


class _UnusableError(Exception):
    """A value is missing or cannot be sent; the text says which, without it."""


def read_before(definition: Definition, response: Response) -> Taken | Failure:
    """Classify the first answer like any other, and return the values taken from it."""
    before = definition.before
    if before is None:
        return Outcome.BAD_CONFIG, "the definition has no request before its own"
    try:
        document = make_document(definition.answer, response)
        failure = refusal_of(definition, response, document)
        if failure is not None:
            return failure[0], f"before the balance: {failure[1]}"
        values = {name: _text(place, document) for name, place in before.take.items()}
        return Taken(values, _seconds(before, document))
    except (_UnusableError, BudgetError) as exc:
        return Outcome.SCHEMA_CHANGED, f"before the balance: {exc}"


def _text(place: Expression, document: Document) -> Secret:
    """Return one value: a text, or a whole number such as an id."""
    found = place.find(document)
    if isinstance(found, Decimal) and found == found.to_integral_value() and abs(found) < 10**18:
        return Secret(f"{found:.0f}")
    if not isinstance(found, str):
        what = "missing" if found is None else f"{json_type(found)}, not text"
        raise _UnusableError(f"{place.quoted} is {what}")
    text = found.strip()
    if not text or has_control_characters(text) or len(text.encode()) > _MAX_BYTES:
        raise _UnusableError(f"{place.quoted} is text that cannot be sent")
    return Secret(text)


def _seconds(before: BeforeSpec, document: Document) -> float:
    """Return how long the values are valid; 0 if the answer does not say."""
    if isinstance(before.keep_seconds, int):
        return before.keep_seconds
    found = before.keep_seconds.find(document)
    return min(float(found), LONGEST_SECONDS) if isinstance(found, Decimal) and found > 0 else 0
