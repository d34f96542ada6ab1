"""Consumption by key, from the answer to a ``breakdown``'s request. Pure."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from balance_poller.definitions.language.evaluation import BudgetError, Document
from balance_poller.definitions.request.breakdown_spec import BreakdownSpec
from balance_poller.exchange.answer.response import Response
from shared.money import NumberError, parse_number, within_limits
from shared.records.breakdown import MOST_SHARES, Share, name_of


def read_breakdown(spec: BreakdownSpec, response: Response) -> tuple[Share, ...]:
    """Return the keys that consumed most, the largest first; none if the answer does not match.

    An amount that cannot be read makes the whole unusable: what is left out could be the largest.
    """
    if response.status != 200:
        return ()
    document = Document(response.parsed)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    try:
        entries = spec.entries.find(document)
        for entry in entries if isinstance(entries, list) else ():
            document.spend(1)
            place = document.within(entry)
            amount = within_limits(parse_number(spec.amount.find(place)))
            amounts[name_of(spec.name.find(place))] += amount
        found = [Share(name, within_limits(amount)) for name, amount in amounts.items()]
    except (NumberError, ArithmeticError, BudgetError):
        return ()
    largest = sorted(found, key=lambda share: (-share.amount, share.name))
    return tuple(share for share in largest if share.amount > 0)[:MOST_SHARES]
