"""Evaluating an expression takes a bounded time, whatever it is and whatever is answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balance_poller.definitions.language.evaluation import MAX_STEPS, BudgetError, Document
from balance_poller.definitions.language.expression_syntax import (
    ExpressionError,
    compile_expression,
)
from balance_poller.exchange.explain import explain_response
from balance_poller.exchange.provider import Provider, load_provider
from shared.outcome import Outcome
from tests.unit.providers.corpus import respond

DOUBLED: Final = " | ".join(["[@,@][]"] * 40)
NESTED: Final = " | ".join(["[@,@]"] * 18)
#: Expressions, each with an answer on which it would take minutes or all memory.
HOSTILE: Final = {
    "doubling": (DOUBLED, [1]),
    "projection of a doubled list": (f"{DOUBLED} | [*].a", [{"a": 1}]),
    "nested twins compared": (f"({NESTED}) == ({NESTED})", 1),
    "nested twin looked for": (f"contains([{NESTED}], {NESTED})", 1),
    "names of a large object": (" | ".join(["[@,@][]"] * 17 + ["[*].keys(@)"]), {"a": 1, "b": 2}),
    "slices": (" | ".join(["[@,@][]"] * 14 + ["[::1]"] * 40), [1]),
    "long texts looked through": (
        " | ".join(["[@,@][]"] * 12 + ["[?contains(@,'zz')]"]),
        "a" * 500_000,
    ),
    # github.com/morluto/leantoken/issues/551, read 2026-11: a short expression that selects a large
    # answer many times.
    "many times the answer": (f"[{','.join(['[*].a'] * 40)}]", [{"a": 1}] * 10_000),
    "many times the answer, flattened": (f"[{','.join(['@'] * 40)}][] | [*].a", [{"a": 1}] * 9000),
    "long texts compared": (" | ".join(["[@,@][]"] * 12 + ["[?@=='zz']"]), "a" * 500_000),
}


def provider(**fields: Any) -> Provider:
    """Return a provider whose definition has other fields."""
    definition = {
        "title": "Example",
        "request": {"url": "https://api.example.com/balance", "headers": {"X-Key": "{key}"}},
        "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
        **fields,
    }
    return load_provider("evaluated", {"evaluated": definition})


@pytest.mark.parametrize("name", HOSTILE)
def test_expression_that_needs_too_many_steps_is_stopped(name: str) -> None:
    source, body = HOSTILE[name]

    with pytest.raises(BudgetError):
        compile_expression(source).find(Document(body))


@pytest.mark.parametrize("source", ["a", "a || b", "c[].d"])
def test_parts_of_an_answer_spend_the_steps_of_the_whole(source: str) -> None:
    entry = {"a": None, "b": 1, "c": [{"d": 1}]}
    document = Document([entry])
    expression = compile_expression(source)
    document.within(entry).spend(MAX_STEPS - 1_000)

    for _ in range(10):
        expression.find(document.within(entry))
    with pytest.raises(BudgetError):
        document.within(entry).spend(1_001)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["success", "guards", "errors", "remaining", "expires_at"])
def test_definition_whose_steps_are_spent_is_schema_changed_in_words(name: str, place: str) -> None:
    source, body = HOSTILE[name]
    fields: dict[str, Any] = {
        "success": {"success": source},
        "guards": {"guards": [{"when": source, "outcome": "unverified", "reason": "x"}]},
        "errors": {"errors": [{"when": source, "outcome": "invalid_key", "reason": "x"}]},
        "remaining": {"wallets": {"b": {"unit": "USD", "remaining": {"sum": [source]}}}},
        "expires_at": {
            "wallets": {
                "b": {
                    "unit": "USD",
                    "remaining": "length(['x'])",
                    "expires_at": {"earliest": [source]},
                }
            }
        },
    }
    hostile = provider(**fields[place])
    response = respond(200, body)

    reading = hostile.read(response, None)

    assert reading.outcome is Outcome.SCHEMA_CHANGED
    assert "steps on this answer" in str(reading.reason)
    assert "steps on this answer" in str(explain_response(hostile.definition, response)["answer"])


def test_many_expressions_share_the_steps_of_one_answer() -> None:
    rule = {"when": "[].a[].b[].c | [?d]", "outcome": "unverified", "reason": "x"}
    body = [{"a": [{"b": [{"c": n} for n in range(40)]}]}] * 20

    reading = provider(guards=[rule] * 50).read(respond(200, body), None)

    assert reading.reason == (
        f"the definition's expressions need more than {MAX_STEPS} steps on this answer"
    )


def test_sum_over_a_list_as_long_as_anyone_s_is_read() -> None:
    body = {"rows": [{"kind": "paid", "left": 1} for _ in range(10_000)]}
    wallets = {"b": {"unit": "USD", "remaining": {"sum": ["rows[?kind=='paid'].left"]}}}

    reading = provider(wallets=wallets).read(respond(200, body), None)

    assert reading.balance is not None
    assert reading.balance.remaining == 10_000


JSON: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "b", ""])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    body=JSON,
    source=st.sampled_from(
        [
            "a == b",
            "a != `0`",
            "[?a == 'a'].b",
            "a < `2`",
            "contains(a, 'a')",
            "contains(keys(@), 'b') && !a",
            "[][].a",
            "a[::2]",
            "a[1:]",
            "a[::-1].b",
            "*.a[]",
            "{x: a, y: b} == {x: b, y: a}",
            "keys(a)",
            "length(b) > `1` || type(a) == 'object'",
        ]
    ),
)
def test_counted_evaluation_selects_what_jmespath_selects(body: Any, source: str) -> None:
    import jmespath  # noqa: PLC0415 -- the one that is compared with

    try:
        expected = jmespath.search(source, body)
    except (jmespath.exceptions.JMESPathError, TypeError):  # it compares texts with numbers
        expected = None

    assert compile_expression(source).find(Document(body)) == expected


NOW: Final = datetime(2026, 11, 26, 12, tzinfo=UTC)
PACKS: Final = [
    {"left": 0, "until": "2026-12-01"},
    {"left": 5, "until": "2027-02-01"},
    {"left": 5, "until": "2026-01-01"},
    {"left": 1, "until": None},
    {"left": 2, "until": 1800000000},
]
#: An expired lot that still has something left (github.com/vm0-ai/vm0/issues/10299), and lots of
#: several lifetimes of which the soonest counts (github.com/Bike4Mind/bike4mind/issues/190; read
#: 2026-11).
LEAKED: Final = [
    {"left": 500, "until": "2026-10-26T12:00:00Z"},
    {"left": 500, "until": "2027-02-24"},
]
LOTS: Final = [
    {"left": 900, "until": "2027-11-26"},
    {"left": 30, "until": "2027-02-24"},
    {"left": 0, "until": "2026-12-26"},
]


@pytest.mark.parametrize(
    ("places", "body", "expected"),
    [
        (["packs[?left > `0`].until"], {"packs": PACKS}, "2027-01-15"),
        (["packs[].until"], {"packs": PACKS}, "2026-12-01"),
        (["packs[].until", "end"], {"packs": PACKS, "end": "2026-11-27"}, "2026-11-27"),
        (["until"], {"until": "2026-12-31"}, "2026-12-31"),
        (["until"], {"until": "2026-11-26T12:00:00Z"}, None),
        (["packs[?left > `0`].until"], {"packs": LEAKED}, "2027-02-24"),
        (["packs[?left > `0`].until"], {"packs": LOTS}, "2027-02-24"),
        (["packs[].until"], {"packs": []}, None),
        (["packs[].until"], {}, None),
        (["packs[].until"], {"packs": [{"until": "2027-01-01"}, {"until": "soon"}]}, None),
    ],
    ids=[
        "left",
        "all",
        "two places",
        "one",
        "past",
        "an expired lot",
        "lots",
        "empty",
        "missing",
        "unreadable",
    ],
)
def test_earliest_is_the_earliest_future_time(
    places: list[str], body: dict[str, Any], expected: str | None
) -> None:
    wallet = {"unit": "USD", "remaining": "left", "expires_at": {"earliest": places}}
    example = provider(wallets={"b": wallet})

    reading = example.read(respond(200, body | {"left": 1}), None, NOW)

    assert reading.balance is not None
    found = reading.balance.expires_at
    assert (found and found.date().isoformat()) == expected
    explained = explain_response(example.definition, respond(200, body | {"left": 1}), NOW)
    assert (explained["wallets.b.expires_at"] == found) is (expected is not None)


def test_earliest_without_a_clock_counts_past_times() -> None:
    wallet = {"unit": "USD", "remaining": "left", "expires_at": {"earliest": ["packs[].until"]}}

    reading = provider(wallets={"b": wallet}).read(respond(200, {"left": 1, "packs": PACKS}), None)

    assert reading.balance is not None
    assert json.dumps(reading.balance.expires_at, default=str).startswith('"2026-01-01')


#: Steps within one another or in a row, about as many as an expression can have.
IN_A_ROW: Final = {
    "flattened": "@" + "[]" * 48,
    "fields": "a" + ".a" * 90,
    "pipes": "@" + "|@" * 90,
    "alternatives": "a" + "||a" * 90,
    "conditions": "@" + "[?@]" * 90,
    "negations": "!" * 90 + "@",
    "lists": "[" * 90 + "@" + "]" * 90,
    "comparisons": "(a==" * 90 + "a" + ")" * 90,
    "calls": "type(" * 80 + "@" + ")" * 80,
}


@pytest.mark.parametrize("kind", IN_A_ROW)
def test_expression_of_many_steps_in_a_row_is_evaluated_on_any_stack(kind: str) -> None:
    expression = compile_expression(IN_A_ROW[kind])

    def deeper(frames: int) -> object:
        return deeper(frames - 1) if frames else expression.find(Document({"a": []}))

    assert deeper(250) == deeper(0)


@pytest.mark.parametrize("source", ["@" + "[]" * 60, "@" + "|@" * 120, "a" + "||a" * 120])
def test_expression_of_too_many_steps_in_a_row_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError, match="more than 100 steps in a row"):
        compile_expression(source)
