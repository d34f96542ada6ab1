"""Changing a secret loses nobody's change, whoever writes at the same time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError
from balancectl.keys.secret_writer import MAX_BYTES, SecretWriter

SECRET = "demo/api-keys"


def vault_of(cloud: Any, secret_id: str = SECRET) -> SecretWriter:
    return SecretWriter(cloud.secrets, secret_id, sleep=lambda _: None, jitter=lambda: 0.0)


def adds(name: str) -> Any:
    def edit(text: str | None) -> str:
        return json.dumps({**json.loads(text or "{}"), name: f"key-{name}"})

    return edit


def labels(cloud: Any) -> set[str]:
    return {label for each in cloud.secrets.secrets[SECRET].values() for label in each["stages"]}


def test_update_when_secret_has_no_value_then_first_version_becomes_current(cloud: Any) -> None:
    vault_of(cloud).update(adds("a"))

    assert json.loads(cloud.secrets.text()) == {"a": "key-a"}
    assert labels(cloud) == {"AWSCURRENT"}


def test_update_when_others_write_between_read_and_move_then_keeps_theirs(cloud: Any) -> None:
    cloud.secrets.set("{}")
    others = iter(["b", "c"])

    def write_another(_: str) -> None:
        name = next(others, None)
        if name is not None:
            cloud.secrets.set(adds(name)(cloud.secrets.text()))

    cloud.secrets.before_move = write_another
    vault_of(cloud).update(adds("a"))

    assert json.loads(cloud.secrets.text()) == {n: f"key-{n}" for n in "abc"}
    assert labels(cloud) == {"AWSCURRENT"}


def test_update_when_two_make_the_first_version_then_none_is_lost(cloud: Any) -> None:
    names = [f"n{number}" for number in range(12)]
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        list(pool.map(lambda name: vault_of(cloud).update(adds(name)), names))

    assert json.loads(cloud.secrets.text()) == {name: f"key-{name}" for name in names}


def test_update_when_the_move_took_effect_but_answered_an_error_then_is_done_once(
    cloud: Any,
) -> None:
    cloud.secrets.set("{}")
    move = cloud.secrets.update_secret_version_stage
    edits = []

    def fails_after_the_fact(**request: Any) -> Any:
        move(**request)
        if request["VersionStage"] == "AWSCURRENT":
            error = {"Error": {"Code": "InvalidParameterException", "Message": "retried"}}
            raise ClientError(error, "UpdateSecretVersionStage")

    cloud.secrets.update_secret_version_stage = fails_after_the_fact
    vault_of(cloud).update(lambda text: edits.append(text) or '{"a": "key-a"}')

    assert edits == ["{}"]
    assert cloud.secrets.text() == '{"a": "key-a"}'


def test_update_when_nothing_changes_then_writes_no_version(cloud: Any) -> None:
    cloud.secrets.set("{}")

    vault_of(cloud).update(lambda text: text)
    vault_of(cloud).update(lambda _: None)

    assert len(cloud.secrets.secrets[SECRET]) == 1


def test_update_when_others_never_stop_then_gives_up_in_words(cloud: Any) -> None:
    cloud.secrets.set("{}")
    cloud.secrets.before_move = lambda _: cloud.secrets.set(adds("x")(cloud.secrets.text()))

    with pytest.raises(CliError, match="kept changing"):
        vault_of(cloud).update(adds("a"))

    assert labels(cloud) == {"AWSCURRENT"}


def test_update_when_too_long_then_names_the_limit_and_writes_nothing(cloud: Any) -> None:
    cloud.secrets.set("{}")

    with pytest.raises(CliError, match=r"65,537 bytes.*64 KiB"):
        vault_of(cloud).update(lambda _: "ä" * (MAX_BYTES // 2) + "x")

    assert len(cloud.secrets.secrets[SECRET]) == 1


def test_read_when_there_is_no_such_secret_then_says_so(cloud: Any) -> None:
    with pytest.raises(CliError, match="the secret nowhere does not exist"):
        vault_of(cloud, "nowhere").read()


def test_read_when_it_is_being_deleted_then_says_how_to_restore_it(cloud: Any) -> None:
    cloud.secrets.describe_secret = lambda SecretId: {"DeletedDate": 1}  # noqa: N803, ARG005

    with pytest.raises(CliError, match=r"restore-secret --secret-id demo/api-keys"):
        vault_of(cloud).read()


def test_stored_when_shown_then_hides_the_text(cloud: Any) -> None:
    cloud.secrets.set("sk-canary-7f3a9c51")

    assert "sk-canary" not in repr(vault_of(cloud).read())
