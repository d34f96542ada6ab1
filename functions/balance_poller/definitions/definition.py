"""Compiles a provider's definition from JSON to rules; reports every problem by path. Pure.

A null field counts as not set, since Terraform writes unset fields so; within a request's body,
null is a value.

``provider.schema.json`` states the same rules for editors; a test compares the two. Only this
module checks what a schema cannot express: JMESPath, and names that must match.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from balance_poller.definitions.answer.answer_spec import AnswerSpec, parse_answer_spec
from balance_poller.definitions.answer.wallet_spec import (
    WalletSpec,
    parse_default_wallet,
    parse_expression,
    parse_wallets,
)
from balance_poller.definitions.field import Field, Problem
from balance_poller.definitions.language.expression import Expression
from balance_poller.definitions.params import Param, parse_params
from balance_poller.definitions.reader_fields import (
    HTTPS_URL,
    LINE,
    READER_FIELDS,
    check_reader_fields,
)
from balance_poller.definitions.request.request_parser import Requests, parse_requests
from balance_poller.definitions.request.request_spec import RequestSpec
from shared.outcome import Outcome

if TYPE_CHECKING:
    from balance_poller.definitions.answer.spend_spec import SpendSpec
    from balance_poller.definitions.key_pattern import KeyPattern
    from balance_poller.definitions.request.before_spec import BeforeSpec
    from balance_poller.definitions.request.breakdown_spec import BreakdownSpec

DEFAULT_MIN_INTERVAL_SECONDS: Final = 60
#: What an entry of ``errors`` or ``guards`` may end with.
FAILURES: Final = tuple(
    outcome.value for outcome in Outcome if outcome not in (Outcome.OK, Outcome.NOT_PUSHED)
)
MAX_REASON: Final = 140

_REQUIRED: Final = ("title", "request")
_OPTIONAL: Final = (
    *READER_FIELDS, "docs", "top_up_url", "min_interval_seconds", "params", "success",
    "error_code", "errors", "guards", "default_wallet", "self_hosted", "key_pattern", "text",
    "headers", "wallets", "spend", "before", "auto_top_up", "breakdown",
)  # fmt: skip


class DefinitionError(ValueError):
    """A definition cannot be used."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        """The place in the definition, such as ``wallets.credits.remaining``."""
        self.message = message


class Rule(NamedTuple):
    """An entry of ``errors`` or ``guards``: a condition, and the outcome if it holds."""

    path: str
    outcome: Outcome
    reason: str
    when: Expression | None
    statuses: frozenset[int] = frozenset()
    """For ``errors`` only; empty for every status."""
    is_for_web_pages: bool = False
    """For ``errors`` only: whether it also applies to web pages, because the API sends them."""
    wallets: frozenset[str] = frozenset()
    """For ``guards`` only: the watched wallets to which it applies; empty for every wallet."""


class Definition(NamedTuple):
    """A definition, compiled."""

    title: str
    docs: str | None
    top_up_url: str | None
    min_interval_seconds: int
    params: Mapping[str, Param]
    request: RequestSpec
    before: BeforeSpec | None
    """The request that is made first; None where there is none."""
    answer: AnswerSpec
    key_pattern: KeyPattern | None
    """The documented forms of keys, if there are any."""
    success: Expression | None
    error_code: Expression | None
    auto_top_up: Expression | None
    """Whether the account tops up by itself."""
    errors: tuple[Rule, ...]
    guards: tuple[Rule, ...]
    wallets: Mapping[str, WalletSpec]
    default_wallet: str
    breakdown: BreakdownSpec | None = None
    """The request that says which keys consumed most."""
    spend: SpendSpec | None = None
    """Where a cost report has its days, for a provider that reports no balance."""

    @property
    def is_self_hosted(self) -> bool:
        """Whether every account must set ``base_url``."""
        return self.request.is_self_hosted

    @property
    def secret_fields(self) -> tuple[str, ...]:
        """The fields of a multi-part secret; empty when it is a single key."""
        return self.request.secret_fields


def parse_definition(data: object) -> Definition:
    """Compile a definition.

    Raises:
        DefinitionError: for its first problem.
    """
    definition, problems = _parse(data)
    if problems:
        raise DefinitionError(problems[0].path, problems[0].message)
    return definition


def check_definition(data: object) -> list[str]:
    """Return all problems of a definition, each with its path; none if it is valid."""
    return [str(problem) for problem in _parse(data)[1]]


def _parse(data: object) -> tuple[Definition, list[Problem]]:
    """Read a definition; if there are problems, the result must not be used."""
    problems: list[Problem] = []
    top = Field(data, "", problems).fields(_REQUIRED, _OPTIONAL)
    check_reader_fields(top)
    params = parse_params(top.get("params"))
    spend = _parse_spend(top["spend"], params) if "spend" in top else None
    wallets = _parse_wallets(top, spend, problems)
    is_self_hosted = "self_hosted" in top and top["self_hosted"].flag()
    request, before, breakdown = _parse_requests(top, params, spend, is_self_hosted=is_self_hosted)
    definition = Definition(
        title=top["title"].text(LINE, "a single line", 60)
        if "title" in top else "",
        docs=_parse_url(top.get("docs")),
        top_up_url=_parse_url(top.get("top_up_url")),
        min_interval_seconds=top["min_interval_seconds"].whole_number(1, 86_400)
        if "min_interval_seconds" in top else DEFAULT_MIN_INTERVAL_SECONDS,
        params=params,
        request=request,
        before=before,
        answer=parse_answer_spec(top),
        key_pattern=_parse_key_pattern(top["key_pattern"], request)
        if "key_pattern" in top else None,
        success=parse_expression(top.get("success")),
        error_code=parse_expression(top.get("error_code")),
        auto_top_up=parse_expression(top.get("auto_top_up")),
        errors=_parse_rules(top.get("errors"), wallets, is_error=True),
        guards=_parse_rules(top.get("guards"), wallets, is_error=False),
        wallets=wallets,
        default_wallet=parse_default_wallet(top.get("default_wallet"), wallets, problems),
        breakdown=breakdown,
        spend=spend,
    )  # fmt: skip
    return definition, problems


def _parse_spend(field: Field, params: Mapping[str, Param]) -> SpendSpec:
    """Read ``spend``."""
    from balance_poller.definitions.answer.spend_spec import parse_spend  # noqa: PLC0415 -- rare

    return parse_spend(field, params)


def _parse_key_pattern(field: Field, request: RequestSpec) -> KeyPattern:
    """Read ``key_pattern``."""
    from balance_poller.definitions.key_pattern import parse_key_pattern  # noqa: PLC0415 -- rare

    return parse_key_pattern(field, request.secret_fields)


def _parse_wallets(
    top: Mapping[str, Field], spend: SpendSpec | None, problems: list[Problem]
) -> Mapping[str, WalletSpec]:
    """Return the wallets; a provider that reports cost has one, which is computed."""
    if spend is None:
        if "wallets" not in top:
            problems.append(Problem("", "wallets is missing (or spend, for a cost report)"))
        return parse_wallets(top.get("wallets"))
    if "wallets" in top:
        top["wallets"].refuse("spend defines the only wallet: remove one of the two")
    return spend.wallets()


def _parse_requests(
    top: Mapping[str, Field],
    params: Mapping[str, Param],
    spend: SpendSpec | None,
    *,
    is_self_hosted: bool,
) -> tuple[RequestSpec, BeforeSpec | None, BreakdownSpec | None]:
    """Return the definition's request, the one before it, and the one for a breakdown."""
    parse = partial(
        parse_requests,
        top.get("request", Field({}, "request", [])),
        params=params,
        spend=spend,
        is_self_hosted=is_self_hosted,
    )
    if "before" in top:
        return (*_parse_with_before(top, parse), None)
    if "breakdown" in top:
        request, breakdown = _parse_with_breakdown(top["breakdown"], parse)
        return request, None, breakdown
    return parse(None).main, None, None


def _parse_with_breakdown(
    field: Field, parse: Callable[..., Requests]
) -> tuple[RequestSpec, BreakdownSpec | None]:
    """Return the definition's request and the one for a breakdown; ``parse`` reads requests."""
    from balance_poller.definitions.request.breakdown_spec import (  # noqa: PLC0415 -- rare
        REQUIRED,
        parse_breakdown,
    )

    fields = field.fields(REQUIRED, ())
    requests = parse(None, breakdown=fields.get("request"))
    return requests.main, parse_breakdown(fields, requests.breakdown)


def _parse_with_before(
    top: Mapping[str, Field], parse: Callable[..., Requests]
) -> tuple[RequestSpec, BeforeSpec]:
    """Return the definition's request and the one before it; ``parse`` reads requests."""
    from balance_poller.definitions.request.before_spec import parse_before  # noqa: PLC0415 -- rare

    if "breakdown" in top:
        top["breakdown"].refuse("breakdown is a single request, without one before it")
    fields = top["before"].fields(("request", "take"), ("keep_seconds",))
    for name in ("text", "headers"):
        if name in top:
            top["before"].refuse(f"before works only with JSON answers, so not with {name}")
    take = fields["take"].value if "take" in fields else None
    requests = parse(
        fields.get("request", Field({}, "before.request", [])),
        taken=[str(name) for name in take] if isinstance(take, Mapping) else [],
    )
    return requests.main, parse_before(fields, requests.before or requests.main)


def _parse_url(field: Field | None) -> str | None:
    """Return an optional https address."""
    return field.text(HTTPS_URL, "an https URL") if field else None


def _parse_rules(
    field: Field | None, wallets: Collection[str], *, is_error: bool
) -> tuple[Rule, ...]:
    """Return the entries of ``errors`` or ``guards``."""
    entries = field.items() if field else ()
    return tuple(_parse_rule(entry, wallets, is_error=is_error) for entry in entries)


def _parse_rule(field: Field, wallets: Collection[str], *, is_error: bool) -> Rule:
    """Return one entry; a guard may name only ``wallets``."""
    required = ("outcome", "reason") if is_error else ("when", "outcome", "reason")
    fields = field.fields(required, ("status", "when", "web_page") if is_error else ("wallets",))
    is_for_web_pages = "web_page" in fields and fields["web_page"].flag()
    if is_error and "when" not in fields and not is_for_web_pages:
        field.refuse(
            "when is missing: it recognises the API's own answer, since a proxy answers with the"
            " same status (where the API itself answers with web pages, set web_page)"
        )
    outcome = fields["outcome"].choice(FAILURES) if "outcome" in fields else FAILURES[0]
    reason = fields.get("reason")
    return Rule(
        path=field.path,
        outcome=Outcome(outcome),
        reason=reason.text(LINE, "a single line", MAX_REASON) if reason else "",
        when=parse_expression(fields.get("when")),
        statuses=_parse_statuses(fields.get("status")),
        is_for_web_pages=is_for_web_pages,
        wallets=frozenset(entry.choice(wallets) for entry in fields["wallets"].items() if wallets)
        if "wallets" in fields
        else frozenset(),
    )


def _parse_statuses(field: Field | None) -> frozenset[int]:
    """Return the HTTP statuses of an entry of ``errors``: one, or a list."""
    if field is None:
        return frozenset()
    entries = field.items() if isinstance(field.value, list) else [field]
    return frozenset(entry.whole_number(200, 599) for entry in entries)
