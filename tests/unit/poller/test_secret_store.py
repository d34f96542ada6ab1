"""Reading secrets: batches of twenty, a reason for each problem, values known to the redactor."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from balance_poller.credentials.reference import SecretStoreError, StoredKey
from balance_poller.credentials.store import SecretStore
from shared.outcome import Outcome
from shared.redactor import redactor
from shared.secret import Secret, reveal
from tests.unit.poller.aws_fakes import FakeClient, client_error, unreachable

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"


def secrets_manager(
    stored: dict[str, str | bytes | None], errors: dict[str, tuple[str, str]] | None = None
) -> FakeClient:
    """Return a Secrets Manager that holds ``stored`` by name, and answers as AWS documents."""

    def answer(SecretIdList: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        assert len(SecretIdList) <= 20
        values, problems = [], []
        for secret_id in SecretIdList:
            name = secret_id.removeprefix(ARN).removesuffix("-AbCdEf")
            if errors and name in errors:
                code, message = errors[name]
                problems.append({"SecretId": secret_id, "ErrorCode": code, "Message": message})
            elif name in stored:
                value = stored[name]
                kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
                entry = {"ARN": f"{ARN}{name}-AbCdEf", "Name": name, kind: value}
                values.append({k: v for k, v in entry.items() if v is not None})
        return {"SecretValues": values, "Errors": problems}

    return FakeClient(answer)


def store(client: FakeClient, clock: Callable[[], float] = lambda: 0.0) -> SecretStore:
    return SecretStore(lambda: client, 300, clock)  # type: ignore[arg-type,return-value]


def plain(found: Mapping[str, StoredKey]) -> dict[str, str]:
    """Return single keys as text."""
    return {
        name: reveal(stored.key) for name, stored in found.items() if isinstance(stored.key, Secret)
    }


def test_keys_when_in_one_secret_then_cost_one_call() -> None:
    keys = {f"account-{n}": f"key-{n}" for n in range(400)}
    client = secrets_manager({"api-keys": json.dumps(keys)})

    read = store(client).read([f"api-keys#{account}" for account in keys])

    assert len(client.calls) == 1
    assert plain(read.found)["api-keys#account-7"] == "key-7"
    assert len(read.found) == 400
    assert not read.missing


def test_secrets_when_the_service_is_unreachable_then_it_is_called_once() -> None:
    def answer(**_: Any) -> Any:
        raise unreachable()

    client = FakeClient(answer)

    read = store(client).read([f"s{n}" for n in range(45)])

    assert len(client.calls) == 1
    assert len(read.missing) == 45
    assert all(isinstance(why, SecretStoreError) for why in read.missing.values())


def test_a_key_when_absent_then_costs_the_cached_ones_beside_it_nothing() -> None:
    client = secrets_manager({"keys": json.dumps({"one": "key-1"})})
    secrets = store(client)
    secrets.read(["keys#one"])

    def fail(**_: Any) -> Any:
        raise client_error("InternalServiceError")

    client._answer = fail
    read = secrets.read(["keys#one", "keys#two"])

    assert plain(read.found) == {"keys#one": "key-1"}
    assert str(read.missing["keys#two"]) == 'the secret has no key "two"'


def test_secrets_when_forty_one_then_cost_three_calls() -> None:
    client = secrets_manager({f"s{n}": f"key-{n}" for n in range(41)})

    read = store(client).read([f"s{n}" for n in range(41)])

    assert [len(call["SecretIdList"]) for call in client.calls] == [20, 20, 1]
    assert len(read.found) == 41


@pytest.mark.parametrize("reference", ["keys", f"{ARN}keys-AbCdEf", f"{ARN}keys"])
def test_a_secret_when_named_in_any_way_then_comes_back_under_that_name(reference: str) -> None:
    client = secrets_manager({"keys": "the-key"})

    assert plain(store(client).read([reference]).found) == {reference: "the-key"}


def test_a_batch_when_partly_failing_then_gives_the_rest() -> None:
    client = secrets_manager(
        {"good": "key", "none": None, "binary": b"raw-key\n", "junk": b"\xff\xfe"},
        {
            "missing": ("ResourceNotFoundException", "Secrets Manager can't find the secret."),
            "unset": ("ResourceNotFoundException", "can't find … for staging label: AWSCURRENT"),
            "denied": ("AccessDeniedException", "User is not authorized"),
            "locked": ("DecryptionFailure", "KMS"),
            "deleted": ("InvalidRequestException", "marked for deletion"),
            "flaky": ("InternalServiceError", "try again"),
        },
    )
    names = ["good", "none", "binary", "junk", "missing", "unset", "denied", "locked", "deleted"]

    read = store(client).read([*names, "flaky", "unmentioned", "not a name"])

    assert plain(read.found) == {"good": "key", "binary": "raw-key"}
    words = {name: str(problem) for name, problem in read.missing.items()}
    assert words == {
        "none": "the secret is empty",
        "junk": "the secret is binary and not UTF-8 text",
        "missing": "the secret does not exist",
        "unset": "the secret is empty: it has no value yet",
        "denied": "reading the secret is denied",
        "locked": "reading the secret is denied: its KMS key cannot be used",
        "deleted": "the secret is scheduled for deletion",
        "flaky": "the secret could not be read (InternalServiceError)",
        "unmentioned": "Secrets Manager did not return the secret",
        "not a name": "the secret's name is not a Secrets Manager name or ARN",
    }
    outcomes = {name: problem.outcome for name, problem in read.missing.items()}
    assert outcomes.pop("flaky") is Outcome.TRANSIENT
    assert set(outcomes.values()) == {Outcome.BAD_CONFIG}


def test_a_batch_when_refused_for_one_name_then_is_halved_around_it() -> None:
    def answer(SecretIdList: list[str]) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        if "odd" in SecretIdList:
            raise client_error("InvalidParameterException")
        return {"SecretValues": [{"ARN": "", "Name": n, "SecretString": n} for n in SecretIdList]}

    read = store(FakeClient(answer)).read(["a", "b", "odd", "c", "d"])

    assert set(read.found) == {"a", "b", "c", "d"}
    assert "refuses the secret's name" in str(read.missing["odd"])
    assert read.missing["odd"].outcome is Outcome.BAD_CONFIG


@pytest.mark.parametrize("error", [client_error("AccessDeniedException"), unreachable()])
def test_secrets_manager_when_it_fails_as_a_whole_then_says_so_and_is_transient(
    error: Exception,
) -> None:
    def answer(**_: Any) -> Any:
        raise error

    read = store(FakeClient(answer)).read(["a", "b#c"])

    assert not read.found
    assert all(isinstance(problem, SecretStoreError) for problem in read.missing.values())
    assert {problem.outcome for problem in read.missing.values()} == {Outcome.TRANSIENT}


def test_pages_when_the_answer_has_several_then_are_all_read() -> None:
    def answer(SecretIdList: list[str], NextToken: str = "") -> dict[str, Any]:  # noqa: N803
        name = SecretIdList[1] if NextToken else SecretIdList[0]
        page = {"SecretValues": [{"ARN": "", "Name": name, "SecretString": f"key of {name}"}]}
        return page if NextToken else page | {"NextToken": "more"}

    read = store(FakeClient(answer)).read(["a", "b"])

    assert plain(read.found) == {"a": "key of a", "b": "key of b"}


def test_the_cache_when_young_then_answers_and_when_old_or_bypassed_then_reads_again() -> None:
    now = [0.0]
    stored: dict[str, str | bytes | None] = {"keys": "old"}
    client = secrets_manager(stored)
    secrets = store(client, lambda: now[0])

    first = plain(secrets.read(["keys"]).found)["keys"]
    stored["keys"] = "new"
    cached = plain(secrets.read(["keys"]).found)["keys"]
    again = plain(secrets.read_again(["keys"]).found)["keys"]
    after = plain(secrets.read(["keys"]).found)["keys"]
    now[0] = 301.0
    stored["keys"] = "newest"
    expired = plain(secrets.read(["keys"]).found)["keys"]

    assert (first, cached, again, after, expired) == ("old", "old", "new", "new", "newest")
    assert len(client.calls) == 3


def test_the_cache_when_a_secret_could_not_be_read_then_does_not_remember_that() -> None:
    stored: dict[str, str | bytes | None] = {}
    client = secrets_manager(stored)
    secrets = store(client)

    missing = secrets.read(["keys"]).missing
    stored["keys"] = "late"

    assert missing
    assert plain(secrets.read(["keys"]).found) == {"keys": "late"}


def test_the_cache_when_it_lacks_a_key_then_asks_again_so_that_one_just_set_is_found() -> None:
    stored: dict[str, str | bytes | None] = {"api-keys": '{"a": "key-a"}', "other": "key-other"}
    client = secrets_manager(stored)
    reader = store(client)
    references = ["api-keys#a", "api-keys#b", "other"]

    assert list(reader.read(references).missing) == ["api-keys#b"]
    stored["api-keys"] = '{"a": "key-a", "b": "key-b"}'
    read = reader.read(references)

    assert not read.missing
    assert plain(read.found)["api-keys#b"] == "key-b"
    assert [call["SecretIdList"] for call in client.calls] == [["api-keys", "other"], ["api-keys"]]
    reader.read(references)
    assert len(client.calls) == 2


def test_a_key_when_read_then_is_known_to_the_redactor() -> None:
    client = secrets_manager({"keys": json.dumps({"a": "canary-1234", "b": {"t": "canary-5678"}})})

    store(client).read(["keys#a", "keys#b"])

    assert redactor().clean("got canary-1234 and canary-5678") == "got [key] and [key]"
