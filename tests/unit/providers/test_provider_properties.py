"""Whatever a provider answers: no exception, no invented number, and never 0 for missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from balance_poller.definitions.catalogue import read_shipped
from balance_poller.definitions.definition import check_definition
from balance_poller.definitions.language.evaluation import MISSING
from balance_poller.exchange.answer.response import Response, parse_body
from balance_poller.exchange.explain import explain_response
from balance_poller.exchange.provider import Provider, load_provider
from shared.outcome import Outcome
from shared.records import MAX_REASON
from tests.unit.providers.corpus import all_names, cases_of, changed, figures, leaves

#: Deterministic, and the same on every machine: what fails here fails again. Few for each of many
#: providers: what they share is tried by all of them together.
ROUNDS = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

NUMBERS = st.one_of(
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0, 1, -1, 0.1, 1e-300, 1e300, 99999999, 20000, -0.0]),
)
NUMBER_TEXTS = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(["0", "5000", "1e309", "-0", "1e99999999999999999999", "٣", "0x1F", "1_0", ""]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, NUMBER_TEXTS, st.text(max_size=20))
STATUSES = st.one_of(st.sampled_from([200, 200, 200, 200, 201]), st.integers(100, 999))


def bodies(names: list[str]) -> st.SearchStrategy[Any]:
    """Generate JSON whose objects use the names that the definition looks at, and others."""
    keys = st.one_of(st.sampled_from(names), st.text(max_size=8))
    return st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)
        ),
        max_leaves=25,
    )


def names_of(provider_name: str) -> list[str]:
    """Return every name that the provider's documented answers use."""
    names: set[str] = {"data"}
    for case in cases_of(provider_name):
        for path in leaves(case.data.get("body")):
            names |= {step for step in path if isinstance(step, str)}
    return sorted(names)


@pytest.mark.parametrize("name", all_names())
def test_random_answer_gives_a_reading_and_no_invented_number(name: str) -> None:
    provider = load_provider(name, {})

    @ROUNDS
    @given(body=bodies(names_of(name)), status=STATUSES)
    def check(body: object, status: int) -> None:
        assert_sound(provider, Response(status, "application/json", dump(body)))

    check()


@pytest.mark.parametrize("name", all_names())
def test_documented_answer_with_one_odd_value_gives_a_reading_and_no_invented_number(
    name: str,
) -> None:
    provider = load_provider(name, {})
    if provider.definition.answer.text is not None:
        return  # no JSON; random bytes are below, and texts have a suite of their own
    documented = [case for case in cases_of(name) if "body" in case.data]
    places = [(case, path) for case in documented for path in leaves(case.data["body"])]

    @ROUNDS
    @given(place=st.sampled_from(places), value=bodies(["x"]), wallet=wallets(provider))
    def check(place: Any, value: object, wallet: str | None) -> None:
        case, path = place
        body = changed(case.data["body"], path, lambda p, s: p.__setitem__(s, value))
        response = Response(case.data["status"], "application/json", dump(body))
        assert_sound(provider, response, wallet)

    check()


@pytest.mark.parametrize("name", all_names())
def test_random_bytes_give_a_reading(name: str) -> None:
    provider = load_provider(name, {})

    @ROUNDS
    @given(body=st.binary(max_size=200), status=STATUSES, content_type=st.text(max_size=20))
    def check(body: bytes, status: int, content_type: str) -> None:
        assert_sound(provider, Response(status, content_type, body))

    check()


@ROUNDS
@given(data=bodies(["title", "request", "wallets", "url", "unit", "remaining", "sum", "errors"]))
def test_random_definition_is_checked_without_an_exception(data: object) -> None:
    problems = check_definition(data)

    assert problems


@pytest.mark.parametrize("name", all_names())
def test_definition_with_one_odd_value_is_checked_without_an_exception(name: str) -> None:
    shipped = read_shipped(name)
    places = list(leaves(shipped))

    @ROUNDS
    @given(path=st.sampled_from(places), value=bodies(["x"]))
    def check(path: Any, value: object) -> None:
        problems = check_definition(changed(shipped, path, lambda p, s: p.__setitem__(s, value)))
        assert all(isinstance(problem, str) and problem for problem in problems)

    check()


def assert_sound(provider: Provider, response: Response, wallet: str | None = None) -> None:
    """Check one reading against the answer that it came from."""
    reading = provider.read(response, wallet)
    explained = explain_response(provider.definition, response)

    assert (figures(reading) is not None) == (reading.outcome is Outcome.OK)
    assert (reading.reason is None) == (reading.outcome is Outcome.OK)
    assert len(reading.reason or "") <= MAX_REASON
    if reading.balance is None:
        assert not reading.others
        assert reading.burn_per_hour is None
        for cost in (reading.costs or {}).values():
            assert cost.is_finite()
            assert len(cost.as_tuple().digits) <= 38
        return
    body = parse_body(response.body)
    assert body is not MISSING
    derivable = {name: set(derived(provider, name, body)) for name in provider.definition.wallets}
    assert reading.wallet is not None
    assert explained[f"wallets.{reading.wallet}.remaining"] == reading.balance.remaining
    found = {reading.wallet: reading.balance, **reading.others}
    for name, each in found.items():
        amounts = [each.remaining, each.used, each.granted]
        for amount in amounts:
            if amount is not None:
                assert amount.is_finite()
                assert len(amount.as_tuple().digits) <= 38
                assert Fraction(amount) in derivable[name]
    if reading.burn_per_hour is not None:
        assert Fraction(reading.burn_per_hour) in derivable[reading.wallet]


def derived(provider: Provider, wallet: str, body: object) -> Iterator[Fraction]:
    """Yield the numbers that the definition may make of ``body``'s for one wallet.

    These are the numbers themselves; where the definition adds, the sums of two to four of them;
    and where it subtracts, the differences of any two (or of two added and a third); all times the
    scale. A 0 that nobody sent is not among them.
    """
    scale = Fraction(provider.definition.wallets[wallet].scale or 1)
    own = [number for leaf in values(body) if (number := as_number(leaf)) is not None]
    for number in own:
        yield number * scale
    said = json.dumps(read_shipped(provider.name)["wallets"][wallet])
    if "sum" in said:
        for count in (2, 3, 4):
            for added in combinations(own, count):
                yield sum(added) * scale
    if "subtract" in said:
        for left, right in permutations(own, 2):
            yield (left - right) * scale
    if "subtract" in said and "sum" in said:
        for one, other, right in permutations(set(own), 3):
            yield (one + other - right) * scale
            yield (2 * one - right) * scale


def values(body: object) -> Iterator[object]:
    """Yield every value of ``body`` that is neither an object nor a list."""
    if isinstance(body, dict):
        for value in body.values():
            yield from values(value)
    elif isinstance(body, list):
        for value in body:
            yield from values(value)
    else:
        yield body


def as_number(leaf: object) -> Fraction | None:
    """Read a number, or a text that Python takes for one, as an exact fraction."""
    if isinstance(leaf, bool) or not isinstance(leaf, Decimal | str):
        return None
    try:
        number = Decimal(leaf)
    except InvalidOperation:
        return None
    return Fraction(number) if number.is_finite() and abs(number.adjusted()) < 400 else None


def wallets(provider: Provider) -> st.SearchStrategy[str | None]:
    """Generate one of the provider's wallets, or none."""
    return st.sampled_from([None, *provider.definition.wallets])


def dump(body: object) -> bytes:
    """Return ``body`` as JSON, NaN and Infinity as Python writes them."""
    return json.dumps(body).encode()
