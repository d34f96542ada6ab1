"""A definition's ``before``: the preceding request, and the values taken from its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from balance_poller.definitions.answer.wallet_spec import parse_expression
from balance_poller.definitions.field import NAME, Field
from balance_poller.definitions.language.expression import Expression
from balance_poller.definitions.request.request_spec import RequestSpec

LONGEST_SECONDS: Final = 86_400
_MOST_VALUES: Final = 5


class BeforeSpec(NamedTuple):
    """A request whose answer has values that the definition's own request needs."""

    request: RequestSpec
    """Without a host, it goes to the host of the definition's own request."""
    take: Mapping[str, Expression]
    """Where the values of ``{before.NAME}`` are in its answer."""
    keep_seconds: Expression | int = 0
    """For how long they are valid, or where the answer says it; 0 for one run."""


def parse_before(fields: Mapping[str, Field], request: RequestSpec) -> BeforeSpec:
    """Read ``take`` and ``keep_seconds`` beside the request that was read already."""
    members = fields["take"].members(NAME, at_most=_MOST_VALUES) if "take" in fields else {}
    if "take" in fields and not members and isinstance(fields["take"].value, Mapping):
        fields["take"].refuse('expected at least one value, as in {"token": "access_token"}')
    take = {name: parse_expression(member) for name, member in members.items()}
    return BeforeSpec(
        request,
        {name: place for name, place in take.items() if place is not None},
        _parse_seconds(fields.get("keep_seconds")),
    )


def _parse_seconds(field: Field | None) -> Expression | int:
    """Return how long the values are valid."""
    if field is None:
        return 0
    if isinstance(field.value, str):
        return parse_expression(field) or 0
    return field.whole_number(1, LONGEST_SECONDS)
