"""Only ``reveal`` shows a secret's text."""

from __future__ import annotations

import ast
import copy
import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from shared.secret import AccountKey, Secret, reveal, seal, secrets_of

TEXT = "sk-canary-0001"
FUNCTIONS = Path(__file__).parents[3] / "functions"


@dataclass
class Holder:
    key: AccountKey


def test_a_secret_when_shown_in_any_way_then_is_masked() -> None:
    secret = Secret(TEXT)

    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>20}",
        f"{secret:.3}",
        "%s" % secret,  # noqa: UP031 -- one of the ways
    ]
    shown += [repr(Holder(secret)), repr([secret]), repr(Holder({"a": secret}))]

    assert not any("canary" in text or "sk" in text for text in shown)
    assert {str(secret), repr(secret), f"{secret}"} == {"<key>"}


@pytest.mark.parametrize("dump", [json.dumps, pickle.dumps, hash, len])
def test_a_secret_when_dumped_then_is_refused(dump: object) -> None:
    with pytest.raises(TypeError):
        dump(Secret(TEXT))  # type: ignore[operator]


def test_a_secret_when_copied_then_is_the_same() -> None:
    secret = Secret(TEXT)

    assert copy.copy(secret) is secret
    assert asdict(Holder(secret)) == {"key": secret}


def test_secrets_when_compared_then_are_equal_by_text() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT + "2")
    assert Secret(TEXT) != TEXT
    assert Secret("\ud83d") == Secret("\ud83d")


def test_a_key_when_sealed_then_its_parts_are_secrets() -> None:
    assert [reveal(secret) for secret in secrets_of(seal({"sid": "a", "token": "b"}))] == ["a", "b"]
    assert [reveal(secret) for secret in secrets_of(seal(TEXT))] == [TEXT]


def test_reveal_when_looked_for_in_the_functions_then_has_few_callers() -> None:
    """Each kind of request is built in one place; others check a key's form, or mask it."""
    callers = {
        str(path.relative_to(FUNCTIONS))
        for path in FUNCTIONS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reveal"
    }

    assert callers == {
        "balance_poller/credentials/stored.py",
        "balance_poller/definitions/language/template.py",
        "balance_poller/heartbeat.py",
        "courier/deliver.py",
        "shared/redactor.py",
    }
