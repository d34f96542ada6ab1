"""The result of every expression of a definition for one answer, for trying out a definition.

The poller does not import it: it evaluates the same, but stops at the first result.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from balance_poller.definitions.answer.spend_spec import SpendSpec
from balance_poller.definitions.answer.wallet_spec import TimeSpec, WalletSpec
from balance_poller.definitions.definition import Definition
from balance_poller.definitions.language.amount import Amount, UnreadableError, scaled
from balance_poller.definitions.language.evaluation import MISSING, BudgetError, Document
from balance_poller.definitions.language.expression import Expression, json_type
from balance_poller.exchange.answer.costs import CurrencyError, read_costs
from balance_poller.exchange.answer.document import make_document
from balance_poller.exchange.answer.reading import plain_code
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.answer.wallets import read_time, read_unit
from balance_poller.exchange.outline import outline, outline_text

Line = tuple[str, object]


def explain_response(
    definition: Definition, response: Response, at: datetime | None = None
) -> dict[str, object]:
    """Return the result of each expression, by its path.

    A result is a number, a time, a unit, a plain error code, true or false, or a description: no
    other text of the answer, since some echo the key. The parts of an amount come before it, as
    the answer has them, without the wallet's ``scale``. If the answer is not JSON or lacks
    something, ``answer`` outlines it: names and types.
    """
    document = make_document(definition.answer, response)
    if document.body is MISSING:
        return {"answer": outline_text(response)}
    explained: dict[str, object] = {}
    try:
        explained.update(_lines(definition, response, document, at))
    except BudgetError as exc:
        return {**explained, "answer": str(exc)}
    missing = [path for path, found in explained.items() if _is_missing(path, found)]
    return explained | ({"answer": outline(document.body)} if missing else {})


def _is_missing(path: str, found: object) -> bool:
    """Return whether a whole field of a wallet, not just a part, is missing from the answer."""
    is_field = path.startswith("wallets.") and path.count(".") == 2
    return is_field and isinstance(found, str) and found.endswith("is missing")


def _lines(
    definition: Definition, response: Response, document: Document, at: datetime | None
) -> Iterator[Line]:
    """Yield the results of the conditions and the wallets."""
    yield from _conditions(definition, response.status, document)
    if definition.spend is not None:
        yield from _costs(definition.spend, document)
        return
    for spec in definition.wallets.values():
        yield from _wallet(spec, document, at)


def _conditions(definition: Definition, status: int, document: Document) -> Iterator[Line]:
    """Yield the results of the conditions, without those for other statuses."""
    for rule in definition.errors:
        if rule.when and (not rule.statuses or status in rule.statuses):
            yield f"{rule.path}.when", rule.when.holds(document)
    if definition.error_code:
        found = definition.error_code.find(document)
        words = "is missing" if found is None else f"is {json_type(found)} that is not a plain code"
        code = plain_code(definition.error_code, document)
        yield "error_code", code or f"{definition.error_code.quoted} {words}"
    if definition.success:
        yield "success", definition.success.holds(document)
    for rule in definition.guards:
        if rule.when:
            yield f"{rule.path}.when", rule.when.holds(document)


def _costs(spec: SpendSpec, document: Document) -> Iterator[Line]:
    """Yield the cost of each day, or why there is none."""
    try:
        costs = read_costs(spec, document, None)
    except (UnreadableError, CurrencyError) as exc:
        yield "spend", str(exc)
        return
    for day, cost in sorted(costs.items()):
        yield f"spend.{'total' if spec.total else day.isoformat()}", cost


def _wallet(spec: WalletSpec, document: Document, at: datetime | None) -> Iterator[Line]:
    """Yield the results of one wallet's expressions."""
    for name, amount in {"remaining": spec.remaining, **spec.amounts}.items():
        path = f"{spec.path}.{name}"
        yield from _parts(amount, path, document)
        try:
            yield path, scaled(amount.compute(document), spec.scale)
        except UnreadableError as exc:
            yield path, str(exc)
    try:
        yield f"{spec.path}.unit", read_unit(spec, document)
    except UnreadableError as exc:
        yield f"{spec.path}.unit", str(exc)
    for name, time in spec.times.items():
        yield f"{spec.path}.{name}", read_time(time, document, at) or _describe(time, document)


def _parts(amount: Amount, path: str, document: Document) -> Iterator[Line]:
    """Yield the parts of a computed amount."""
    for index, part in enumerate(amount.operands):
        at = f"{path}.{amount.operator}[{index}]"
        yield from _parts(part, at, document)
        # A part of a sum may be a list, whose elements are summed.
        is_summed = amount.operator == "sum"
        whole = Amount("sum", None, (part,)) if is_summed else part
        try:
            yield at, whole.compute(document)
        except UnreadableError as exc:
            yield at, str(exc)


def _describe(time: TimeSpec, document: Document) -> str:
    """Describe a time, or what is there instead."""
    return ", ".join(_describe_place(place, document) for place in time.places)


def _describe_place(place: Expression, document: Document) -> str:
    """Describe one place of a time."""
    found = place.find(document)
    if isinstance(found, list):
        return f"{place.quoted} has no future time"
    return f"{place.quoted} is {'missing' if found is None else f'{json_type(found)}, not a time'}"
