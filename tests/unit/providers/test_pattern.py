"""Patterns are a small part of regular expressions, and nothing takes long to match."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from balance_poller.definitions.definition import check_definition
from balance_poller.definitions.language.pattern import (
    MAX_TEXT,
    PATTERN,
    TEXT_PATTERN,
    Pattern,
    PatternError,
    compile_pattern,
)

ROOT: Final = Path(__file__).resolve().parents[3]

HOSTILE: Final = [
    "(a+)+b",
    "(a|a)*b",
    "(?:a?){30}a{30}",
    "(a)",
    "a|b",
    "^a",
    "a$",
    "a**",
    "a+?",
    "a{1,2}{3}",
    "*a",
    "(?=a)",
    r"\1",
    r"\b",
    r"\Z",
    r"\p{L}",
    "[a",
    "a]",
    "[]",
    "[[:alpha:]]",
    "[z-a]",
    "a{3,2}",
    "a{201}",
    "a{1000}",
    "a{,3}",
    "a{",
    "a\\",
    "",
    "a" * 501,
    # Patterns that stopped services (read 2026-11): github.com/colinhacks/zod/pull/2824,
    # github.com/apmantza/pi-lens/issues/163, github.com/KBVE/kbve/pull/12784.
    r"([A-Z0-9_+-]+\.?)*[A-Z0-9_+-]@([A-Z0-9][A-Z0-9\-]*\.)+[A-Z]{2,}",
    r"(\d+){2,}",
    r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_anything_but_a_sequence_is_refused_with_its_path(source: str) -> None:
    definition = {
        "title": "Example",
        "params": {"team": {"description": "a team", "pattern": source}},
        "request": {"url": "https://api.example.com/{param.team}", "query": {"key": "{key}"}},
        "wallets": {"balance": {"unit": "USD", "remaining": "balance"}},
    }

    with pytest.raises(PatternError):
        compile_pattern(source)
    assert all(p.startswith("params.team.pattern: ") for p in check_definition(definition))
    assert check_definition(definition)


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("[0-9]+", "42", True),
        ("[0-9]+", "", False),
        ("[0-9]+", "4x", False),
        ("[a-z]*", "", True),
        ("team_[a-z0-9]{2,4}", "team_ab1", True),
        ("team_[a-z0-9]{2,4}", "team_ab123", False),
        ("[0-9a-f-]{36}", "0a1b2c3d-0000-0000-0000-000000000000", True),
        (r"\d{3}\.\w?", "123.", True),
        (r"\d", "\u0663", False),
        (r"\(\+\)", "(+)", True),
        ("[^/]+", "a/b", False),
        (r"[\]\-]+", "]-]", True),
        (".+", "a\nb", False),
        ("a{2,}b", "aaaab", True),
        ("é{2}", "éé", True),
        ("a*a*b", "aab", True),
    ],
)
def test_pattern_matches_whole_values(source: str, value: str, expected: bool) -> None:
    assert compile_pattern(source).matches(value) is expected


def test_text_that_is_too_long_never_matches() -> None:
    assert compile_pattern("a*").matches("a" * MAX_TEXT)
    assert not compile_pattern("a*").matches("a" * (MAX_TEXT + 1))


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("ACCESS_BALANCE:(?P<left>[0-9.]+)", "ACCESS_BALANCE:12.50", {"left": "12.50"}),
        ("(?P<word>[A-Z_]+):?(?P<left>[0-9.]*)", "NO_KEY", {"word": "NO_KEY", "left": ""}),
        ("(?P<a>x*)(?P<b>x*)y", "xxxy", {"a": "xxx", "b": ""}),
        ("(?P<a>x?x{2})(?P<b>x+)", "xxxx", {"a": "xxx", "b": "x"}),
        ("(?P<unit>[A-Z]{3}) (?P<left>[0-9]+)", "KES 1785.50", None),
    ],
)
def test_groups_name_parts_of_a_text(
    source: str, text: str, expected: dict[str, str] | None
) -> None:
    assert compile_pattern(source, takes_groups=True).find_groups(text) == expected


@pytest.mark.parametrize(
    "source",
    ["(?P<a>x)+", "(?P<a>x)?", "(?P<a>(?P<b>x))", "(x)", "(?:x)", "(?P<a>x|y)", "(?P<A>x)",
     "(?P<a>)", "(?P<a>x)(?P<a>y)", "(?P<a>x", "(?P=a)"],
)  # fmt: skip
def test_groups_are_neither_repeated_nor_nested(source: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(source, takes_groups=True)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "[ab]", "[^a]"]), st.sampled_from(["", "?", "*", "+"])
        ),
        min_size=2,
        max_size=5,
    ),
    text=st.text("ab-", max_size=10),
)
def test_groups_match_what_they_match_to_python(parts: list[tuple[str, str]], text: str) -> None:
    source = "".join(f"(?P<g{i}>{one}{many})" for i, (one, many) in enumerate(parts))

    expected = re.fullmatch(source, text)

    found = compile_pattern(source, takes_groups=True).find_groups(text)
    assert found == (expected and expected.groupdict())


ONES: Final = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "-"])
MANY: Final = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}", "{0}"])


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    parts=st.lists(st.tuples(ONES, MANY), min_size=1, max_size=6),
    value=st.text("ab.-1", max_size=10),
)
@example(parts=[("a", "?")] * 3 + [("a", "")] * 3, value="aaa")
def test_pattern_means_what_it_means_to_python(parts: list[tuple[str, str]], value: str) -> None:
    source = "".join(one + many for one, many in parts)

    assert compile_pattern(source).matches(value) is bool(re.fullmatch(source, value, re.ASCII))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("a?" * 100 + "a" * 100, "a" * 100),
        ("[a-z]*" * 80 + "1", "a" * 200),
        ("a{0,200}" * 60 + "b", "a" * 200),
        (".*" * 250, "a" * 199 + "\n"),
        # Sequences, which are allowed, took seconds elsewhere (read 2026-11):
        # github.com/zxing/zxing/pull/2099, github.com/objectstack-ai/objectstack/issues/2681.
        (r"[0-9a-zA-Z]+[0-9a-zA-Z\-]+[0-9a-zA-Z]+\.", "a" * 200),
        (r"[^ @]+@[^ @]+\.[^ @]+", "!@" + "!." * 99),
    ],
    ids=["optional", "any number", "bounded", "dots", "a host's label", "an address"],
)
def test_each_part_looks_at_each_character_twice_at_most(source: str, value: str) -> None:
    pattern = compile_pattern(source)
    looks = 0

    def look(one: str) -> bool:
        nonlocal looks
        looks += 1
        return one == "a"

    counted = [part._replace(is_one=look) for part in pattern.parts]
    Pattern(source, tuple(counted)).matches(value)

    assert looks <= 2 * len(pattern.parts) * len(value)


def test_schema_and_plan_refuse_by_the_same_expression() -> None:
    schema = json.loads((ROOT / "functions/balance_poller/provider.schema.json").read_text())
    plan = ROOT / "infra/terraform/modules/configuration/custom_problems.tf"

    assert schema["$defs"]["pattern"]["pattern"] == f"^{PATTERN.pattern}$"
    assert schema["properties"]["text"]["allOf"][0]["pattern"] == f"^{TEXT_PATTERN.pattern}$"
    assert json.dumps(f"^{PATTERN.pattern}$", ensure_ascii=False) in plan.read_text()
