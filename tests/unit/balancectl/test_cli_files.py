"""Accounts, providers and keys from files, and the errors for bad ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from balancectl.cli.errors import CliError
from balancectl.configuration.hcl.nodes import plain
from balancectl.configuration.hcl.parser import parse_variables
from balancectl.keys.files import assign, parse_keys, variable_of
from balancectl.local.accounts_file import read_accounts_file

TFVARS = """
# the accounts
accounts = {
  openrouter-main = { provider = "openrouter", warning = 20, critical = 5.5 } // inline
  "fire.crawl" = {
    provider = "firecrawl"
    params   = { version : "v2" }
    wallet   = null
    critical = -1e3
  }
}
custom_providers = {
  mine = {
    title   = "Mine \\"and\\" yours"
    notes   = <<-EOT
      first
      second
    EOT
    request = { url = "https://api.example.com/v1", headers = { Authorization = "Bearer {key}" } }
    wallets = { main = { unit = "USD", remaining = "data.\\"a-b\\"", scale = 0.0001 } }
    errors  = [{ status = [401, 403], outcome = "invalid_key", reason = "no $${key}" }]
  }
}
operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_read_accounts_file_when_tfvars_then_gives_accounts_and_definitions(tmp_path: Path) -> None:
    found = read_accounts_file(write(tmp_path, "accounts.tfvars", TFVARS.rstrip()))

    first, second = found.accounts
    assert (first.id, first.provider) == ("openrouter-main", "openrouter")
    assert (first.thresholds.warning, first.thresholds.critical) == (Decimal(20), Decimal("5.5"))
    assert (second.id, second.params, second.wallet) == ("fire.crawl", {"version": "v2"}, None)
    assert second.thresholds.critical == -1000
    assert found.providers["mine"] == {
        "title": 'Mine "and" yours',
        "notes": "first\nsecond\n",
        "request": {
            "url": "https://api.example.com/v1",
            "headers": {"Authorization": "Bearer {key}"},
        },
        "wallets": {"main": {"unit": "USD", "remaining": 'data."a-b"', "scale": Decimal("0.0001")}},
        "errors": [{"status": [401, 403], "outcome": "invalid_key", "reason": "no ${key}"}],
    }
    assert found.operations_subscribers == {
        "ops": {"protocol": "email", "endpoint": "ops@example.com"}
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"accounts": {"a": {"provider": "openrouter", "warning": 0.1}}, "name": "x"}',
        '{"a": {"provider": "openrouter", "warning": 0.1}}',
        '{"accounts": [{"id": "a", "provider": "openrouter", "warning": 0.1}]}',
        '[{"id": "a", "provider": "openrouter", "warning": 0.1}]',
    ],
    ids=["variables", "map", "event", "list"],
)
def test_read_accounts_file_when_json_then_takes_every_form(tmp_path: Path, text: str) -> None:
    found = read_accounts_file(write(tmp_path, "accounts.json", text))

    assert [a.id for a in found.accounts] == ["a"]
    assert found.accounts[0].thresholds.warning == Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "accounts = { a = { provider = var.p } }",
            r"f.tfvars, line 1: accounts.a.provider is an expr",
        ),
        ('accounts = { a = { provider = "${var.p}" } }', r"accounts.a.provider is an expression"),
        ('accounts = { a = { provider = "%{if x}y%{endif}" } }', r"accounts.a.provider is an expr"),
        ("accounts = { (var.a) = { } }", r"accounts, a name is an expression"),
        ("accounts = { a = { warning = 2 * 3 } }", r"accounts.a.warning is an expression"),
        ('accounts = { a = { list = ["x", upper("y")] } }', r"accounts.a.list\[1\] is an expr"),
        ('accounts {\n a = "x"\n}', r"accounts is a block"),
        ('accounts = {\n  a = { provider = "x" \n', r"f.tfvars, line \d+"),
        ("accounts = {\n  a = \n}", r"f.tfvars, line 3, column 1: accounts.a has no value"),
    ],
)
def test_variables_when_not_literal_then_refuses_by_path(text: str, words: str) -> None:
    with pytest.raises(CliError, match=words):
        plain(parse_variables(text, "f.tfvars"))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "{", r"line 1, column 2: not JSON"),
        ("a.json", "3", r"is not a JSON object"),
        ("a.json", '{"accounts": 3}', r"accounts is not an object"),
        ("a.json", '{"a": 3}', r"accounts.a is not an object"),
        ("a.json", '{"a b": {"provider": "x"}}', r"accounts.a b: the account's id"),
        ("a.json", '{"a": {"provider": "x", "warning": "x"}}', r"accounts.a: .* warning"),
        ("a.tfvars", "accounts = { a = { } }", r"accounts.a: the account's provider is missing"),
    ],
)
def test_read_accounts_file_when_wrong_then_names_the_place(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    with pytest.raises(CliError, match=words):
        read_accounts_file(write(tmp_path, name, text))


def test_read_accounts_file_when_missing_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="No such file"):
        read_accounts_file(tmp_path / "nowhere.tfvars")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a=key-1\n\n# no\nexport b='key $x'\nc = \"key-3\"",
            {"a": "key-1", "b": "key $x", "c": "key-3"},
        ),
        ("a=key-1 # remark\nb=key#2", {"a": "key-1", "b": "key#2"}),
        (
            '{"a": "key-1", "b": {"sid": " AC1 ", "token": "t"}}',
            {"a": "key-1", "b": {"sid": "AC1", "token": "t"}},
        ),
        ('a={"sid":"AC1","token":"t"}', {"a": {"sid": "AC1", "token": "t"}}),
        ("\ufeffa=key-1\r\nb=key-2\r\n", {"a": "key-1", "b": "key-2"}),
    ],
    ids=["dotenv", "remarks", "json", "parts in dotenv", "windows"],
)
def test_parse_keys_when_well_formed_then_gives_keys_by_name(
    text: str, expected: dict[str, object]
) -> None:
    assert parse_keys(text, "keys") == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"keys is empty"),
        ("a=key-canary\nnonsense-canary\n", r"^keys, line 2: expected ACCOUNT=KEY$"),
        ("a=\n", r"^keys, line 1: a has no key after the equals sign: add it, or remove the line$"),
        ("\nkeycanary==\n", r"^keys, line 2: expected ACCOUNT=KEY$"),
        ("key/canary=x\n", r"^keys, line 1: expected ACCOUNT=KEY$"),
        ('{"": "k"}', r"keys: the name of member 1 is not a valid account name"),
        ("a=key-1\na=key-2", r"keys contains 'a' twice"),
        ('{"a": "key-1", "a": "key-2"}', r"keys contains 'a' twice"),
        ('{"a": key-canary}', r"^keys is not a JSON object, line 1$"),
        ('{"a": ' + "[" * 100_000, r"^keys is not a JSON object"),
        ('{"a": 3}', r"the key of 'a' in keys is neither a string nor"),
        ('{"a": {}}', r"is an empty"),
        ('{"a": {"sid": 3}}', r"part 'sid', is not a string"),
        ('{"a": "key\\u0007canary"}', r"invisible character at position 4 \(U\+0007\)"),
        ('{"a": "\\"key-canary\\""}', r"in quotation marks"),
    ],
)
def test_parse_keys_when_malformed_then_says_where_without_the_key(text: str, words: str) -> None:
    with pytest.raises(CliError, match=words) as caught:
        parse_keys(text, "keys")

    assert "canary" not in str(caught.value)


def test_assign_when_named_by_variable_then_finds_the_account() -> None:
    assert variable_of("fire.crawl-2") == "BALANCE_KEY_FIRE_CRAWL_2"
    assigned = assign({"BALANCE_KEY_A_B": "key-1", "other": "key-2"}, ["a-b", "c"])

    assert assigned == {"a-b": "key-1", "other": "key-2"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"BALANCE_KEY_A_B": "k"}, r"stands for a-b and a\.b"),
        ({"BALANCE_KEY_C": "k", "c": "k2"}, r"the key of 'c' is given twice"),
    ],
)
def test_assign_when_ambiguous_then_refuses(keys: dict[str, str], words: str) -> None:
    with pytest.raises(CliError, match=words):
        assign(keys, ["a-b", "a.b", "c"])
