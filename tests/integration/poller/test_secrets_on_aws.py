"""The secret store against an AWS emulator: every way that reading a key works or fails."""

from __future__ import annotations

import json
import uuid

import pytest
from pytest_localstack.session import RunningSession

from balance_poller.credentials.store import SecretStore
from shared.aws.clients import secretsmanager
from shared.secret import Secret, seal


@pytest.fixture
def prefix(aws: RunningSession) -> str:
    """Return a prefix of names that no other test uses."""
    assert aws
    return f"test-{uuid.uuid4().hex[:8]}"


def create(name: str, text: str | bytes | None) -> str:
    """Create a secret; return its ARN."""
    match text:
        case None:
            created = secretsmanager().create_secret(Name=name)
        case bytes():
            created = secretsmanager().create_secret(Name=name, SecretBinary=text)
        case str():
            created = secretsmanager().create_secret(Name=name, SecretString=text)
    return created["ARN"]


def test_secrets_when_of_every_kind_then_each_account_gets_its_key_or_its_reason(
    prefix: str,
) -> None:
    arn = create(f"{prefix}/plain", "key-plain\n")
    create(
        f"{prefix}/bundle",
        json.dumps({"one": "key-one", "parts": {"sid": "s", "token": "t"}}),
    )
    create(f"{prefix}/binary", b"key-binary")
    create(f"{prefix}/no-value", None)
    create(f"{prefix}/deleted", "key-deleted")
    secretsmanager().delete_secret(SecretId=f"{prefix}/deleted", RecoveryWindowInDays=7)

    keys = SecretStore(secretsmanager, 300).read(
        [
            f"{prefix}/plain",
            arn,
            f"{prefix}/bundle#one",
            f"{prefix}/bundle#parts",
            f"{prefix}/bundle#absent",
            f"{prefix}/binary",
            f"{prefix}/no-value",
            f"{prefix}/deleted",
            f"{prefix}/nowhere",
        ]
    )

    assert {name: stored.key for name, stored in keys.found.items()} == {
        f"{prefix}/plain": Secret("key-plain"),
        arn: Secret("key-plain"),
        f"{prefix}/bundle#one": Secret("key-one"),
        f"{prefix}/bundle#parts": seal({"sid": "s", "token": "t"}),
        f"{prefix}/binary": Secret("key-binary"),
    }
    assert {name.split("/")[-1]: str(problem) for name, problem in keys.missing.items()} == {
        "bundle#absent": 'the secret has no key "absent"',
        "no-value": "the secret is empty: it has no value yet",
        "deleted": "the secret is scheduled for deletion",
        "nowhere": "the secret does not exist",
    }


def test_secrets_when_more_than_a_batch_then_all_are_read(prefix: str) -> None:
    for n in range(23):
        create(f"{prefix}/s{n}", f"key-{n}")

    keys = SecretStore(secretsmanager, 300).read([f"{prefix}/s{n}" for n in range(23)])

    assert len(keys.found) == 23
    assert keys.found[f"{prefix}/s22"].key == Secret("key-22")


def test_a_key_when_rotated_then_reading_again_gives_the_new_one(prefix: str) -> None:
    create(f"{prefix}/keys", json.dumps({"one": "old"}))
    store = SecretStore(secretsmanager, 300)
    before = store.read([f"{prefix}/keys#one"]).found
    secretsmanager().put_secret_value(
        SecretId=f"{prefix}/keys", SecretString=json.dumps({"one": "new"})
    )

    cached = store.read([f"{prefix}/keys#one"]).found
    fresh = store.read_again([f"{prefix}/keys#one"]).found

    assert [found[f"{prefix}/keys#one"].key for found in (before, cached, fresh)] == [
        Secret("old"),
        Secret("old"),
        Secret("new"),
    ]
