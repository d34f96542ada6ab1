"""Amounts are exact; one that cannot be read is an error that names the place, never 0."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from balance_poller.exchange.answer.response import Response, parse_body
from balance_poller.exchange.provider import Provider, load_provider
from shared.outcome import Outcome
from tests.unit.providers.corpus import respond


def provider_of(remaining: object, **wallet: object) -> Provider:
    definition = {
        "title": "Example",
        "request": {"url": "https://api.example.com/balance", "query": {"key": "{key}"}},
        "wallets": {"balance": {"unit": "USD", "remaining": remaining, **wallet}},
    }
    return load_provider("amount_example", {"amount_example": definition})


def read(remaining: object, body: object, **wallet: object) -> Any:
    reading = provider_of(remaining, **wallet).read(respond(200, body), None)
    return reading.balance.remaining if reading.balance else reading.reason


@pytest.mark.parametrize(
    ("remaining", "body", "expected"),
    [
        ("a", {"a": 12.5}, "12.5"),
        ("a.b", {"a": {"b": "7"}}, "7"),
        ("a", b'{"a": 0.1}', "0.1"),
        ("a", b'{"a": 3.17561396}', "3.17561396"),
        ("a", b'{"a": "1e-5"}', "0.00001"),
        ("a", b'{"a": -0.0}', "0"),
        ("@", b"12.5", "12.5"),
        ('"a-b"."c d"', {"a-b": {"c d": 1}}, "1"),
        ("a[?c=='USD'].t | [0]", {"a": [{"c": "CNY", "t": "1"}, {"c": "USD", "t": "2"}]}, "2"),
        ({"subtract": ["a", "b"]}, {"a": 100.5, "b": 99.9}, "0.6"),
        ({"subtract": ["a", "b"]}, {"a": 1, "b": 2.5}, "-1.5"),
        ({"sum": ["a", "b"]}, {"a": 0.1, "b": "0.2"}, "0.3"),
        ({"sum": ["a[].n", "b"]}, {"a": [{"n": 1}, {"n": 2}], "b": 4}, "7"),
        ({"first": ["a", "b"]}, {"b": 3}, "3"),
        ({"first": ["a", "b"]}, {"a": 0, "b": 3}, "0"),
        ({"first": ["a", {"subtract": ["b", "c"]}]}, {"b": 3, "c": 1}, "2"),
        ({"subtract": [{"sum": ["a", "b"]}, "c"]}, {"a": 1, "b": 2, "c": 3}, "0"),
        ({"sum": ["a[?b].n"]}, {"a": [{"b": 1, "n": 1}, {"b": 1, "n": "2"}, {}]}, "3"),
        ({"sum": ["a[?t[].k].n"]}, {"a": [{"t": [{"k": 1}], "n": 1}, {"t": [{}], "n": 9}]}, "1"),
        ({"sum": ["a.*.n"]}, {"a": {"x": {"n": 1}, "y": {"n": 2}}}, "3"),
        ({"sum": ["a[].b[].n"]}, {"a": [{"b": [{"n": 1}, {"n": 2}]}, {"b": []}]}, "3"),
        ({"first": [{"subtract": ["a", "b"]}, "a"]}, {"a": 9, "b": None}, "9"),
        ({"first": [{"subtract": ["a", "b"]}, "a"]}, {"a": 9, "b": 2}, "7"),
        (
            {"first": [{"subtract": [{"sum": ["a[?c].n"]}, {"sum": ["a[?d].n"]}]}, "e"]},
            {"a": [{"c": 1, "n": 5}], "e": 5},
            "5",
        ),
    ],
)
def test_amount_when_all_parts_are_there_is_exact(
    remaining: object, body: object, expected: str
) -> None:
    assert read(remaining, body) == Decimal(expected)


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [
        ({"subtract": ["granted", {"sum": ["used[].n"]}]}, "10"),
        ({"subtract": ["granted", {"sum": ["used[].n", "more"]}]}, "7"),
        ({"subtract": ["granted", {"sum": ["used[?n > `5`].n"]}]}, "10"),
        ({"first": [{"subtract": ["granted", {"sum": ["used[].n"]}]}, "more"]}, "10"),
    ],
)
def test_list_that_is_there_and_empty_is_0_in_a_sum_that_is_subtracted(
    remaining: object, expected: str
) -> None:
    assert read(remaining, {"granted": 10, "used": [], "more": 3}) == Decimal(expected)


@pytest.mark.parametrize(
    ("remaining", "body", "words"),
    [
        ("a", {}, "a is missing"),
        ("a.b", {"a": {}}, "a.b is missing"),
        ("a.b", {"a": 1}, "a.b is missing"),
        ("a.b", {"a": None}, "a.b is missing"),
        ("a", {"a": None}, "a is null"),
        ("a", {"a": True}, "a is a boolean, not a number"),
        ("a", {"a": {"amount": 5}}, "a is an object, not a number"),
        ("a", {"a": [5]}, "a is a list, not a number"),
        ("a", {"a": []}, "a is an empty list, not a number"),
        ("a", {"a": ""}, "a is text that is not a number"),
        ("a", {"a": "5,000"}, "a is text that is not a number"),
        ("a", {"a": "$5"}, "a is text that is not a number"),
        ("a", {"a": " 5"}, "a is text that is not a number"),
        ("a", {"a": "\u0665"}, "a is text that is not a number"),
        ("a", {"a": "NaN"}, "a is text that is not a number"),
        ("a", {"a": "0x10"}, "a is text that is not a number"),
        ("a", {"a": "1_000"}, "a is text that is not a number"),
        ("a", b'{"a": NaN}', "a is a number that cannot be read"),
        ("a", b'{"a": -Infinity}', "a is a number that cannot be read"),
        ("a", b'{"a": 1e309}', "cannot be stored"),
        ("a", b'{"a": 1e-31}', "cannot be stored"),
        ("a", b'{"a": 1e99999999999999999999}', "a is a number that cannot be read"),
        ("a", b'{"a": ' + b"9" * 5000 + b"}", "a is a number that cannot be read"),
        ("a", b'{"a": 1.' + b"1" * 39 + b"}", "cannot be stored"),
        ("a[?c=='EUR'].t | [0]", {"a": [{"c": "USD", "t": 1}]}, "is missing"),
        ("length(a)", {}, "length(a) is missing"),
        ({"sum": ["a[].n"]}, {"a": []}, "a[].n is an empty list"),
        ({"subtract": [{"sum": ["a[].n"]}, "b"]}, {"a": [], "b": 1}, "a[].n is an empty list"),
        ({"subtract": ["b", {"sum": ["a[].n"]}]}, {"b": 1}, "a[].n is missing"),
        (
            {"subtract": ["b", {"sum": ["a[].n"]}]},
            {"b": 1, "a": [{}]},
            "an element that is missing",
        ),
        ({"subtract": ["b", {"sum": ["a[].n", "c"]}]}, {"b": 1, "a": []}, "c is missing"),
        ({"sum": ["a[].n"]}, {}, "a[].n is missing"),
        ({"sum": ["a[].n"]}, {"a": [{"n": 1}, {"n": "x"}]}, "a[].n has an element that is text"),
        ({"sum": ["a[].n"]}, {"a": [{"n": 1}, {}]}, "a[].n has an element that is missing"),
        ({"sum": ["a[].n"]}, {"a": [{"n": 1}, {"n": None}]}, "an element that is missing or null"),
        ({"sum": ["a[].n"]}, {"a": [{"n": 1}, {"n": []}]}, "an element that is an empty list"),
        ({"sum": ["a[].n"]}, b'{"a": [{"n": NaN}]}', "an element that is a number that cannot be"),
        ({"sum": ["a[?b].n"]}, {"a": [{"b": 1, "n": 1}, {"b": 1}]}, "an element that is missing"),
        ({"sum": ["a.*.n"]}, {"a": {"x": {"n": 1}, "y": {}}}, "an element that is missing"),
        ({"sum": ["a[].b[].n"]}, {"a": [{"b": [{"n": 1}]}, {}]}, "an element that is missing"),
        ("a[?b].n | [0]", {"a": [{"b": 1}, {"b": 1, "n": 7}]}, "is missing"),
        ({"sum": ["a", "b"]}, {"a": 1}, "b is missing"),
        ({"sum": ["a", "b"]}, {"a": 1, "b": None}, "b is null"),
        ({"subtract": ["a", "b"]}, {"a": 1}, "b is missing"),
        ({"subtract": ["a", "b"]}, {"b": 1}, "a is missing"),
        ({"first": ["a", "b"]}, {}, "a is missing"),
        ({"first": ["a", "b"]}, {"a": "x", "b": 1}, "a is text that is not a number"),
        ({"first": [{"subtract": ["a", "b"]}, "a"]}, {"a": 1, "b": "x"}, "b is text that is not"),
        ({"first": [{"subtract": ["a", "b"]}, "a"]}, {"b": 1}, "a is missing"),
        ({"first": [{"sum": ["a[].n"]}, "b"]}, {"a": [{}], "b": 1}, "an element that is missing"),
        ({"subtract": ["a", "b"]}, b'{"a": 1e900000, "b": 1}', "cannot be computed exactly"),
    ],
)
def test_amount_when_a_part_cannot_be_read_names_it_and_its_type(
    remaining: object, body: object, words: str
) -> None:
    assert words in read(remaining, body)


@pytest.mark.parametrize(
    ("scale", "value", "expected"),
    [
        (0.01, "5000", "50"),
        (0.0001, "123456", "12.3456"),
        (-1, -3.5, "3.5"),
        (-0.01, "-1000", "10"),
        (1e-05, 100000, "1"),
    ],
)
def test_scale_multiplies_exactly(scale: float, value: object, expected: str) -> None:
    assert read("a", {"a": value}, scale=scale) == Decimal(expected)


def test_amount_with_more_digits_than_dynamodb_holds_loses_only_zeros() -> None:
    amount = read("a", b'{"a": 1.5' + b"0" * 60 + b"}")

    assert amount == Decimal("1.5")
    assert len(amount.as_tuple().digits) <= 38


def test_part_that_is_only_shown_never_fails_the_account() -> None:
    provider = provider_of(
        "a", used="u", granted="g", burn_per_hour="h", resets_at="t", expires_at="x"
    )

    reading = provider.read(respond(200, {"a": 1, "u": "?", "g": None, "t": "soon", "x": []}), None)

    assert reading.outcome is Outcome.OK
    assert reading.balance is not None
    assert (reading.balance.used, reading.balance.granted) == (None, None)
    assert (reading.balance.resets_at, reading.balance.expires_at) == (None, None)
    assert reading.burn_per_hour is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00+00:00"),
        ("2026-12-01T02:00:00+02:00", "2026-12-01T00:00:00+00:00"),
        ("2026-12-01T00:00:00.123456Z", "2026-12-01T00:00:00.123456+00:00"),
        ("2026-12-01", "2026-12-01T00:00:00+00:00"),
        ("2026-12-01 00:00:00", "2026-12-01T00:00:00+00:00"),
        (1796083200, "2026-12-01T00:00:00+00:00"),
        (1796083200.5, "2026-12-01T00:00:00+00:00"),
        ("1796083200", "2026-12-01T00:00:00+00:00"),
        (1796083200000, "2026-12-01T00:00:00+00:00"),
        (0, None),
        (-1, None),
        (1e300, None),
        ("9" * 400, None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
        ("never", None),
        ("2026-12-31 23:59:59 UTC", "2026-12-31T23:59:59+00:00"),
        ("Thu, 31 Dec 2026 23:59:59 GMT", "2026-12-31T23:59:59+00:00"),
        (True, None),
        ([], None),
    ],
)
def test_time_is_read_as_iso_or_epoch_and_anything_else_is_no_time(
    value: object, expected: str | None
) -> None:
    reading = provider_of("a", resets_at="t").read(respond(200, {"a": 1, "t": value}), None)

    assert reading.balance is not None
    at = reading.balance.resets_at
    assert (at and at.isoformat()) == expected


@pytest.mark.parametrize("digits", [b"1e999999999", b"-1e999999999", b"NaN", b"9" * 100_000])
def test_time_that_is_an_absurd_number_is_no_time_and_costs_nothing(digits: bytes) -> None:
    body = b'{"a": 1, "t": ' + digits + b"}"

    reading = provider_of("a", resets_at="t").read(respond(200, body), None)

    assert reading.balance is not None
    assert reading.balance.resets_at is None


def test_time_when_several_places_are_named_is_the_first_that_is_one() -> None:
    provider = provider_of("a", expires_at={"first": ["x", "y"]})

    reading = provider.read(respond(200, {"a": 1, "x": "?", "y": "2026-12-01"}), None)

    assert reading.balance is not None
    assert reading.balance.expires_at is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("USD", "USD"), ("usd", "USD"), ("credits", "credits"), ("Credits", "Credits")],
)
def test_unit_from_the_answer_is_a_currency_in_capitals_or_the_providers_word(
    value: str, expected: str
) -> None:
    reading = provider_of("a", unit={"path": "c"}).read(respond(200, {"a": 1, "c": value}), None)

    assert reading.balance is not None
    assert reading.balance.unit == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "c is null, not a unit"),
        (5, "c is a number, not a unit"),
        ("", "c is text that is not a unit"),
        ("US dollars", "c is text that is not a unit"),
        ("x" * 13, "c is text that is not a unit"),
        ("U\nD", "c is text that is not a unit"),
    ],
)
def test_unit_that_is_none_makes_the_wallet_unreadable(value: object, words: str) -> None:
    reading = provider_of("a", unit={"path": "c"}).read(respond(200, {"a": 1, "c": value}), None)

    assert reading.outcome is Outcome.SCHEMA_CHANGED
    assert reading.reason == words


def test_numbers_in_conditions_are_exact_and_of_type_number() -> None:
    definition = {
        "title": "Example",
        "request": {"url": "https://api.example.com/balance", "query": {"key": "{key}"}},
        "success": "type(a) == 'number'",
        "guards": [{"when": "a == `0.1`", "outcome": "unverified", "reason": "a tenth"}],
        "wallets": {"balance": {"unit": "USD", "remaining": "a"}},
    }
    provider = load_provider("exact", {"exact": definition})

    reading = provider.read(respond(200, {"a": 0.1}), None)

    assert reading.reason == "a tenth"


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 100_000, b"nul", b"'a'", b'{"a":1}x'],
)
def test_body_that_is_not_json_is_schema_changed(body: bytes) -> None:
    reading = provider_of("a").read(respond(200, body), None)

    assert reading.outcome is Outcome.SCHEMA_CHANGED
    assert reading.reason
    assert reading.reason.startswith(("the answer is not JSON", "the answer is empty"))


def test_body_is_parsed_in_the_encodings_of_json_and_with_exact_numbers() -> None:
    text = json.dumps({"a": "é"}) + " "

    assert parse_body(b"\xef\xbb\xbf" + text.encode()) == {"a": "é"}
    assert parse_body(text.encode("utf-16")) == {"a": "é"}
    assert parse_body(b"0.30000000000000000001") == Decimal("0.30000000000000000001")


def test_answer_in_another_encoding_is_named_as_what_it_is() -> None:
    body = '{"a": 5, "währung": "EUR"}'.encode("latin-1")

    assert read("a", body) == "the answer is not JSON: it is not UTF-8"


def test_number_that_is_the_whole_answer_is_read_whatever_its_type() -> None:
    reading = provider_of("@").read(Response(200, "text/plain", b"12.50\n"), None)

    assert reading.balance is not None
    assert str(reading.balance.remaining) == "12.50"
