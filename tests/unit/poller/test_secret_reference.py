"""A key is found where the account says; if not, the reason is given without the value."""

from __future__ import annotations

import json

import pytest

from balance_poller.credentials.reference import SecretError, SecretReference
from balance_poller.credentials.stored import parse_stored
from shared.secret import AccountKey, PlainKey, seal


def take_key(stored: str, json_key: str | None) -> AccountKey:
    return parse_stored(stored).take(json_key).key


ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team/keys-AbCdEf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("team/keys", SecretReference("team/keys")),
        ("team/keys#main", SecretReference("team/keys", "main")),
        (f"{ARN}#main.account", SecretReference(ARN, "main.account")),
        ("keys#a#b", SecretReference("keys", "a#b")),
    ],
)
def test_a_reference_when_well_formed_then_names_secret_and_key(
    text: str, expected: SecretReference
) -> None:
    assert SecretReference.parse(text) == expected


@pytest.mark.parametrize("text", ["", "#key", "two words", "keys#", "café", "a" * 513])
def test_a_reference_when_malformed_then_is_refused(text: str) -> None:
    with pytest.raises(SecretError):
        SecretReference.parse(text)


@pytest.mark.parametrize(
    ("secret_id", "is_named"),
    [
        ("team/keys", True),
        (ARN, True),
        (ARN[:-7], True),
        ("team/key", False),
        (ARN[:-8], False),
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf", False),
    ],
)
def test_a_secret_when_returned_then_is_known_by_name_arn_or_arn_without_suffix(
    secret_id: str, is_named: bool
) -> None:
    assert SecretReference(secret_id).names(ARN, "team/keys") == is_named


@pytest.mark.parametrize(
    ("stored", "json_key", "expected"),
    [
        ("sk-1\n", None, "sk-1"),
        ("12345", None, "12345"),
        ('{"sid": " AC1 ", "token": "t"}', None, {"sid": "AC1", "token": "t"}),
        ('{"main": " sk-1\\n"}', "main", "sk-1"),
        ('{"main": {"sid": "AC1", "token": "t "}}', "main", {"sid": "AC1", "token": "t"}),
        ('{"main": "sk-1", "main@for": "p", "main@id": "i"}', "main", "sk-1"),
        ('{"sid": "AC1", "note": "", "sid@for": "p"}', None, {"sid": "AC1", "note": ""}),
        ("\ufeff sk-1\u200b\n\u2060", None, "sk-1"),
        ('\ufeff{"main": "\u200bsk-1\ufeff"}', "main", "sk-1"),
        ("sk-\u200b1", None, "sk-\u200b1"),
        ("\u202ask-1\u202c", None, "sk-1"),
        ("\u2066\u00adsk-1\u2069\u200e", None, "sk-1"),
        # A password may begin with a word that is also a scheme.
        ("key to my heart", None, "key to my heart"),
        ("Token ring", None, "Token ring"),
        ("MFRGG_KEY==", None, "MFRGG_KEY=="),
        # As pasted, and as editors end a file (read 2026-11):
        # github.com/koush/scrypted/issues/1270, github.com/onedr0p/exportarr/pull/327.
        ("\n\u00a0sk-1", None, "sk-1"),
        ("sk-1\r\n\r\n", None, "sk-1"),
    ],
    ids=[
        "text",
        "digits",
        "parts",
        "key",
        "key with parts",
        "notes beside it",
        "an empty note among parts",
        "invisible characters around a text",
        "invisible characters around a key",
        "invisible characters within it",
        "an embedded direction around it",
        "isolates, a soft hyphen and a mark around it",
        "a passphrase that begins with key",
        "a passphrase that begins with token",
        "padding after what looks like a name",
        "a line and a no-break space before it",
        "an editor's line ends",
    ],
)
def test_a_key_when_it_is_there_then_is_taken_and_trimmed(
    stored: str, json_key: str | None, expected: PlainKey
) -> None:
    assert take_key(stored, json_key) == seal(expected)


@pytest.mark.parametrize(
    ("stored", "json_key", "words"),
    [
        ("  \n", None, "the secret is empty"),
        ("", "main", "the secret is empty"),
        ("{}", None, "the secret is empty"),
        ("{canary-value", None, "the secret is not JSON"),
        ("canary-value", "main", "the secret is not JSON"),
        ('["canary-value"]', "main", "not a JSON object"),
        ('{"other": "canary-value"}', "main", 'no key "main"'),
        ('{"main": "  "}', "main", 'key "main" is empty'),
        ('{"main": {}}', "main", 'key "main" is empty'),
        ('{"main": null}', "main", "neither a text nor an object"),
        ('{"main": 5}', "main", "neither a text nor an object"),
        ('{"main": ["canary-value"]}', "main", "neither a text nor an object"),
        ('{"main": {"sid": 5}}', "main", 'key "main".sid is not a text'),
        ('{"sid": ["canary-value"]}', None, "the secret.sid is not a text"),
        ('{"main": {"sid": " "}}', "main", 'key "main" is empty'),
        ('"canary-value"', None, "the secret is in quotes"),
        ("'canary-value'", None, "the secret is in quotes"),
        ('{"main": "\u201ccanary-value\u201d"}', "main", 'key "main" is in quotes'),
        ('{"main": {"sid": "`canary`"}}', "main", 'key "main".sid is in quotes'),
        ("Bearer canary-value", None, "store only what follows Bearer"),
        ('{"main": "bearer\\tcanary"}', "main", "store only what follows Bearer"),
        ("Authorization: Bearer canary-value", None, "store only what follows Bearer"),
        ("x-api-key: canary-value", None, "begins like a header"),
        ("xi-api-key:canary-value", None, "begins like a header"),
        ("Bearer:canary-value", None, "begins like a header"),
        ("Key canary-0123456789", None, "begins like a header"),
        ("Token canary-0123456789", None, "begins like a header"),
        ("Basic Y2FuYXJ5OmNhbmFyeQ==", None, "begins like a header"),
        ("ACME_API_KEY=canary-value", None, "a variable's name"),
        ('{"main": "export ACME_TOKEN=canary-value"}', "main", "a variable's name"),
        ("[" * 100_000, "main", "the secret is not JSON"),
        ('{"main": "canary-\\ud83d"}', "main", 'key "main" contains half a character'),
    ],
)
def test_a_key_when_it_cannot_be_had_then_words_say_why_without_the_value(
    stored: str, json_key: str | None, words: str
) -> None:
    with pytest.raises(SecretError) as raised:
        take_key(stored, json_key)

    assert words in str(raised.value)
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_a_key_when_one_of_hundreds_then_is_found() -> None:
    stored = json.dumps({f"account-{n}": f"key-{n}" for n in range(500)})

    assert take_key(stored, "account-321") == seal("key-321")
