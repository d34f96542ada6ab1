"""What every expression of a definition gave for one answer, for a person who tries it out. Pure.

The poller does not import it: what it reads is the same, but it looks only until it has a result.
"""

from __future__ import annotations

from collections.abc import Iterator

from balance_poller.definitions.amount import Amount, UnreadableError, scaled
from balance_poller.definitions.definition import Definition
from balance_poller.definitions.expression import Expression, json_type
from balance_poller.definitions.wallet_spec import WalletSpec
from balance_poller.exchange.reading import plain_code
from balance_poller.exchange.response import MISSING, Response, parse_body
from balance_poller.exchange.wallets import read_time, read_unit


def explain_response(definition: Definition, response: Response) -> dict[str, object]:
    """Return what each expression gave, by its path; nothing for an answer that is not JSON.

    A number, a time, a unit, a plain error code, true or false, or words for anything else: no
    other text of the answer, since some echo the key. Parts of an amount come before it, as they
    are in the answer, so without the wallet's ``scale``.
    """
    body = parse_body(response.body)
    if body is MISSING:
        return {}
    return dict(
        [
            *_conditions(definition, response, body),
            *(line for spec in definition.wallets.values() for line in _wallet(spec, body)),
        ]
    )


def _conditions(
    definition: Definition, response: Response, body: object
) -> Iterator[tuple[str, object]]:
    """Yield what the conditions gave, without those that are for other statuses."""
    for rule in definition.errors:
        if rule.when and (not rule.statuses or response.status in rule.statuses):
            yield f"{rule.path}.when", rule.when.holds(body)
    if definition.error_code:
        found = definition.error_code.find(body)
        words = "is missing" if found is None else f"is {json_type(found)} that is no plain code"
        code = plain_code(definition.error_code, body)
        yield "error_code", code or f"{definition.error_code.quoted} {words}"
    if definition.success:
        yield "success", definition.success.holds(body)
    for rule in definition.guards:
        if rule.when:
            yield f"{rule.path}.when", rule.when.holds(body)


def _wallet(spec: WalletSpec, body: object) -> Iterator[tuple[str, object]]:
    """Yield what one wallet's expressions gave."""
    for name, amount in {"remaining": spec.remaining, **spec.amounts}.items():
        path = f"{spec.path}.{name}"
        yield from _parts(amount, path, body)
        try:
            yield path, scaled(amount.compute(body), spec.scale)
        except UnreadableError as exc:
            yield path, str(exc)
    try:
        yield f"{spec.path}.unit", read_unit(spec, body)
    except UnreadableError as exc:
        yield f"{spec.path}.unit", str(exc)
    for name, places in spec.times.items():
        times = (read_time(place.find(body)) for place in places)
        found = next(filter(None, times), None)
        words = ", ".join(_time_words(place, body) for place in places)
        yield f"{spec.path}.{name}", found or words


def _parts(amount: Amount, path: str, body: object) -> Iterator[tuple[str, object]]:
    """Yield the parts of an amount that is computed from several."""
    for index, part in enumerate(amount.operands):
        at = f"{path}.{amount.operator}[{index}]"
        yield from _parts(part, at, body)
        # A part of a sum may be a list, whose elements are added up.
        whole = Amount("sum", None, (part,)) if amount.operator == "sum" else part
        try:
            yield at, whole.compute(body)
        except UnreadableError as exc:
            yield at, str(exc)


def _time_words(place: Expression, body: object) -> str:
    """Say what is where a time should be."""
    found = place.find(body)
    return f"{place.quoted} is {'missing' if found is None else f'{json_type(found)}, not a time'}"
