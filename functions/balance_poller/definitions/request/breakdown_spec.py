"""A definition's ``breakdown``: the request that says which keys consumed most. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from balance_poller.definitions.answer.wallet_spec import UNIT, parse_expression
from balance_poller.definitions.field import Field
from balance_poller.definitions.language.expression import Expression
from balance_poller.definitions.request.request_spec import RequestSpec

REQUIRED: Final = ("request", "entries", "name", "amount", "unit", "over")
_NO_LISTS: Final = ("comparator", "function_expression", "literal", "not_expression")
_OVER: Final = r"[A-Za-z][A-Za-z0-9 ():-]{0,39}"


class BreakdownSpec(NamedTuple):
    """A request, and where names and amounts are in its answer."""

    request: RequestSpec
    """Goes to the host of the definition's own request."""
    entries: Expression
    """The list of entries; those of one name are added up."""
    name: Expression
    """In an entry: the name or the id of a key, never the key."""
    amount: Expression
    unit: str
    over: str
    """The time of the amounts, as in "today (UTC)"."""


def parse_breakdown(
    fields: Mapping[str, Field], request: RequestSpec | None
) -> BreakdownSpec | None:
    """Read the fields beside the request that was read already; None where one is missing."""
    places = [parse_expression(fields.get(name)) for name in ("entries", "name", "amount")]
    entries, name, amount = places
    if request is None or entries is None or name is None or amount is None:
        return None
    if entries.compiled.parsed["type"] in _NO_LISTS:
        fields["entries"].refuse("expected a path to a list, as in data or data[].results[]")
    return BreakdownSpec(
        request,
        entries,
        name,
        amount,
        fields["unit"].text(UNIT, "a currency such as USD, or a word such as credits")
        if "unit" in fields else "",
        fields["over"].text(_OVER, "a few words such as today (UTC)") if "over" in fields else "",
    )  # fmt: skip
