"""Classifies a provider's answer: who answered, errors, status, success, guards, wallet.

Total: whatever the answer is, the result is a ``Reading``, never an exception. It contains no text
of the answer except a unit, and an error code that the definition selects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from balance_poller.definitions.definition import Definition
from balance_poller.definitions.language.amount import UnreadableError
from balance_poller.definitions.language.evaluation import MISSING, BudgetError, Document
from balance_poller.definitions.language.expression import Expression
from balance_poller.exchange.answer.document import describe_foreign, make_document
from balance_poller.exchange.answer.http_status import Failure, intermediary_failure, status_failure
from balance_poller.exchange.answer.intermediary import is_from_intermediary, is_web_page
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.answer.wallets import Wallets, read_wallets
from shared.outcome import Outcome
from shared.records import MAX_REASON, Meter, Wallet

if TYPE_CHECKING:
    from balance_poller.definitions.answer.spend_spec import SpendSpec
    from balance_poller.exchange.answer.costs import Costs, SpendScope

#: An error code is words or a short number; a key that an answer echoes is neither.
_CODE: Final = r"[A-Za-z]+([_.-][A-Za-z]+){0,9}|[0-9]{1,6}"
_MAX_CODE: Final = 48

#: How a reason begins where the run ended before the account's turn.
OUT_OF_TIME: Final = "the run ran out of time"

#: Outcomes that another key may cure, as may any refusal that does not say whose it is.
_KEY_IS_WRONG: Final = frozenset({Outcome.INVALID_KEY, Outcome.INSUFFICIENT_SCOPE})
_REFUSALS: Final = frozenset({401, 403})


class Reading(NamedTuple):
    """The result of one answer for one account."""

    outcome: Outcome
    reason: str | None = None
    """A clause for a person, at most 200 characters; None when the outcome is ``ok``."""
    wallet: str | None = None
    """The name of the account's wallet, once known."""
    balance: Wallet | None = None
    """The wallet's figures; only with ``ok``."""
    others: Mapping[str, Wallet] = {}
    burn_per_hour: Decimal | None = None
    """The consumption that the provider itself reports, in the wallet's unit."""
    retry_at: datetime | None = None
    """When the provider allows the next request; only with retryable failures."""
    key_id: str | None = None
    """The id of the key in the request; None if it has none."""
    is_refusal: bool = False
    """Whether the request was refused, perhaps for its key."""
    tops_up_itself: bool = False
    """Whether the answer says that the account tops up by itself."""
    observed_at: datetime | None = None
    """When the balance was read; None for the time of the poll."""
    pushed_by: str | None = None
    """Who claims to have pushed it, for a pushed account."""
    costs: Costs | None = None
    """By day, if the provider reports cost and the balance is not yet computed from it."""
    meter: Meter | None = None
    """What is known about consumption, if the balance was computed."""


def read_response(
    definition: Definition,
    response: Response,
    wallet: str | None,
    at: datetime | None,
    scope: SpendScope | None = None,
) -> Reading:
    """Classify ``response``.

    Args:
        definition: How to read it.
        response: The answer.
        wallet: The wallet that the account watches; None for the default one.
        at: The current time, to ignore past times; None accepts all times.
        scope: What the account asks of a cost report; None counts all of it.
    """
    name = wallet or definition.default_wallet
    if name not in definition.wallets:
        words = f"the provider has no wallet {name}; it has: {', '.join(definition.wallets)}"
        return Reading(Outcome.BAD_CONFIG, words[:MAX_REASON])
    document = make_document(definition.answer, response)
    try:
        failure = _find_failure(definition, response, document, name)
        if definition.spend is not None:
            return _read_report(definition.spend, failure, document, name, scope)
        wallets, problems = read_wallets(definition, document, at)
    except BudgetError as exc:
        return Reading(Outcome.SCHEMA_CHANGED, str(exc), name)
    if failure is None and name not in wallets:
        failure = Outcome.SCHEMA_CHANGED, _missing_words(problems[name], wallets)
    if failure is not None:
        is_refusal = failure[0] in _KEY_IS_WRONG or response.status in _REFUSALS
        return Reading(failure[0], failure[1][:MAX_REASON], name, is_refusal=is_refusal)
    balance, burn_per_hour = wallets.pop(name)
    others = {other: found[0] for other, found in wallets.items()}
    return Reading(
        Outcome.OK,
        wallet=name,
        balance=balance,
        others=others,
        burn_per_hour=burn_per_hour,
        tops_up_itself=_tops_up_itself(definition, document),
    )


def _tops_up_itself(definition: Definition, document: Document) -> bool:
    """Return whether the account tops up by itself, as far as the answer says it."""
    place = definition.auto_top_up
    try:
        return place is not None and place.holds(document)
    except BudgetError:
        return False


def _read_report(
    spec: SpendSpec,
    failure: Failure | None,
    document: Document,
    name: str,
    scope: SpendScope | None,
) -> Reading:
    """Return a cost report's reading; the balance is computed from it later."""
    from balance_poller.exchange.answer import costs  # noqa: PLC0415 -- few providers report cost

    if failure is None:
        try:
            return Reading(Outcome.OK, None, name, costs=costs.read_costs(spec, document, scope))
        except costs.CurrencyError as exc:
            failure = Outcome.UNVERIFIED, str(exc)
        except UnreadableError as exc:
            failure = Outcome.SCHEMA_CHANGED, str(exc)
    return Reading(failure[0], failure[1][:MAX_REASON], name)


def _find_failure(
    definition: Definition, response: Response, document: Document, wallet: str
) -> Failure | None:
    """Return the failure found before reading any amount, or None."""
    failure = refusal_of(definition, response, document)
    if failure is None and definition.success and not definition.success.holds(document):
        code = plain_code(definition.error_code, document)
        words = "the answer does not report success"
        failure = Outcome.SCHEMA_CHANGED, f"{words}: {code}" if code else words
    if failure is not None:
        return failure
    for rule in definition.guards:
        is_for_wallet = not rule.wallets or wallet in rule.wallets
        if is_for_wallet and rule.when is not None and rule.when.holds(document):
            return rule.outcome, rule.reason
    return None


def refusal_of(definition: Definition, response: Response, document: Document) -> Failure | None:
    """Return how a request failed as a whole, whatever its purpose; None if it did not."""
    if is_from_intermediary(response):
        return _find_page_error(definition, response) or intermediary_failure(response.status)
    code = plain_code(definition.error_code, document)
    failure = _find_error(definition, response.status, document)
    failure = failure or status_failure(response.status)
    if failure is None and document.body is MISSING:
        failure = Outcome.SCHEMA_CHANGED, describe_foreign(definition.answer, response)
    if failure is None:
        return None
    return failure[0], f"{failure[1]}: {code}" if code else failure[1]


def _find_error(definition: Definition, status: int, document: Document) -> Failure | None:
    """Return the first of the definition's ``errors`` that matches the answer."""
    for rule in definition.errors:
        is_for_status = not rule.statuses or status in rule.statuses
        if is_for_status and rule.when is not None and rule.when.holds(document):
            return rule.outcome, rule.reason
    return None


def _find_page_error(definition: Definition, response: Response) -> Failure | None:
    """Return the first matching entry of ``errors`` that accepts web pages."""
    for rule in definition.errors:
        is_for_status = not rule.statuses or response.status in rule.statuses
        if is_for_status and rule.is_for_web_pages and is_web_page(response):
            return rule.outcome, rule.reason
    return None


def _missing_words(problem: str, wallets: Wallets) -> str:
    """Return why the account's wallet cannot be read, and which others can."""
    return f"{problem}; wallets in the answer: {', '.join(wallets)}" if wallets else problem


def plain_code(place: Expression | None, document: Document) -> str:
    """Return the error code that the definition selects; empty if it is not clearly a code."""
    found = place.find(document) if place else None
    text = str(found) if isinstance(found, str | Decimal) else ""
    return text if len(text) <= _MAX_CODE and re.fullmatch(_CODE, text) else ""


def describe_unexpected(exc: Exception) -> str:
    """Return where an unexpected error was raised; its own text may quote a key."""
    frame = exc.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return f"an error in the poller: {type(exc).__name__}"
    file = frame.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"an error in the poller: {type(exc).__name__} at {file}:{frame.tb_lineno}"
