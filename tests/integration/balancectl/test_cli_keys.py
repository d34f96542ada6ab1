"""``keys`` against the emulator's Secrets Manager."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from balance_poller.credentials.store import SecretStore
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.target import Target
from balancectl.keys.locations import locate_key, save_keys
from shared.secret import Secret

pytestmark = pytest.mark.integration

REGION = "us-east-1"
CANARY = "sk-canary-7f3a9c51"


def test_keys_set_when_secret_is_empty_then_poller_reads_the_key(stack: Any, cli: Any) -> None:
    stack.schedule(0, [{"id": "main"}])

    result = cli("keys", "set", "main", text=f"  {CANARY}\n")

    assert result.exit_code == 0, result.output
    assert "added" in result.stdout
    store = SecretStore(lambda: stack.client("secretsmanager"), 300)
    reference = f"{stack.names.secret}#main"
    assert store.read([reference]).found[reference].key == Secret(CANARY)


def test_keys_set_when_twenty_write_concurrently_then_none_is_lost(stack: Any) -> None:
    accounts = [f"account-{n}" for n in range(20)]
    stack.schedule(0, [{"id": account} for account in accounts])

    def write(account: str) -> None:
        target = Target(name=stack.name, region=REGION)
        place = locate_key(target, read_stack(target), account)
        save_keys(target, {account: place}, {account: f"key-of-{account}"}, {})

    with ThreadPoolExecutor(max_workers=20) as pool:
        list(pool.map(write, accounts))

    assert stack.keys() == {account: f"key-of-{account}" for account in accounts}
    stages = stack.client("secretsmanager").describe_secret(SecretId=stack.names.secret)
    labels = {label for each in stages["VersionIdsToStages"].values() for label in each}
    assert labels <= {"AWSCURRENT", "AWSPREVIOUS"}


def test_keys_import_when_dotenv_is_piped_then_says_what_became_of_each(
    stack: Any, cli: Any
) -> None:
    stack.schedule(0, [{"id": "main"}, {"id": "fire.crawl"}, {"id": "same"}])
    cli("keys", "import", text=json.dumps({"same": "key-same", "main": "key-old"}))

    result = cli(
        "keys",
        "import",
        text="# keys\nBALANCE_KEY_MAIN='key-$new'\nfire.crawl=key-fire\n"
        "same=key-same\nmian=key-typo\n",
    )

    assert result.exit_code == 1
    assert "main: changed" in result.stdout
    assert "fire.crawl: added" in result.stdout
    assert "same: unchanged" in result.stdout
    assert "did you mean 'main'?" in result.stderr
    assert stack.keys() == {"main": "key-$new", "fire.crawl": "key-fire", "same": "key-same"}


def test_keys_set_when_account_has_a_secret_of_its_own_then_writes_there(
    stack: Any, cli: Any
) -> None:
    own = f"{stack.name}/own"
    stack.client("secretsmanager").create_secret(Name=own)
    stack.schedule(0, [{"id": "own", "secret": own}, {"id": "part", "secret": f"{own}-2#k"}])
    stack.client("secretsmanager").create_secret(Name=f"{own}-2", SecretString='{"other":"o"}')

    first = cli("keys", "set", "own", text='{"sid":"AC1","token":"key-token"}')
    second = cli("keys", "set", "part", text="key-part")

    assert (first.exit_code, second.exit_code) == (0, 0)
    read = stack.client("secretsmanager").get_secret_value
    assert json.loads(read(SecretId=own)["SecretString"]) == {"sid": "AC1", "token": "key-token"}
    part = json.loads(read(SecretId=f"{own}-2")["SecretString"])
    assert (part["other"], part["k"], part["k@for"]) == ("o", "key-part", "openrouter")


def test_keys_set_when_the_secret_is_missing_then_says_so_in_one_line(stack: Any, cli: Any) -> None:
    stack.schedule(0, [{"id": "main", "secret": "nowhere#main"}])

    result = cli("keys", "set", "main", text=CANARY)

    assert result.exit_code == 2
    assert "the secret nowhere does not exist" in result.stderr
    assert CANARY not in result.output


def test_keys_set_when_64_kib_are_exceeded_then_names_the_limit_and_changes_nothing(
    stack: Any, cli: Any
) -> None:
    stack.schedule(0, [{"id": "main"}, {"id": "large"}])
    cli("keys", "set", "main", text=CANARY)

    result = cli("keys", "set", "large", text="k" * 65_536)

    assert result.exit_code == 2
    assert "65,536 (64 KiB)" in result.stderr
    assert stack.keys() == {"main": CANARY}


def test_keys_set_when_the_secret_is_no_object_then_leaves_it_alone(stack: Any, cli: Any) -> None:
    stack.schedule(0, [{"id": "main"}])
    stack.client("secretsmanager").put_secret_value(
        SecretId=stack.names.secret, SecretString="plain-text"
    )

    result = cli("keys", "set", "main", text=CANARY)

    assert result.exit_code == 2
    assert "is not a JSON object" in result.stderr
    read = stack.client("secretsmanager").get_secret_value(SecretId=stack.names.secret)
    assert read["SecretString"] == "plain-text"


def test_keys_list_when_some_are_missing_then_says_why_and_shows_no_key(
    stack: Any, cli: Any
) -> None:
    stack.schedule(0, [{"id": "main"}, {"id": "empty"}, {"id": "far", "secret": "nowhere"}])
    stack.client("secretsmanager").put_secret_value(
        SecretId=stack.names.secret,
        SecretString=json.dumps({"main": CANARY, "empty": " ", "left-over": "key-left"}),
    )

    table = cli("keys", "list")
    answer = cli("keys", "list", "--json")

    assert table.exit_code == answer.exit_code == 1
    found = {each["account"]: each for each in json.loads(answer.stdout)["accounts"]}
    assert {name: each["has_key"] for name, each in found.items()} == {
        "main": True,
        "empty": False,
        "far": False,
    }
    assert "does not exist" in found["far"]["why_missing"]
    assert json.loads(answer.stdout)["unused"] == ["left-over"]
    assert "left-over" in table.stderr
    for output in (table.output, answer.output):
        assert CANARY not in output
        assert "key-left" not in output


def test_keys_remove_when_confirmed_then_only_that_key_goes(stack: Any, cli: Any) -> None:
    stack.schedule(0, [{"id": "main"}, {"id": "other"}])
    cli("keys", "import", text=json.dumps({"main": CANARY, "other": "key-other"}))

    unconfirmed = cli("keys", "remove", "main")
    removed = cli("keys", "remove", "main", "--yes")
    again = cli("keys", "remove", "main", "--yes")

    assert (unconfirmed.exit_code, removed.exit_code, again.exit_code) == (2, 0, 1)
    assert stack.keys() == {"other": "key-other"}
