"""Keys are masked wherever a log record can contain them, however many are known."""

from __future__ import annotations

import json
import logging
import sys
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import redactor as redactor_module
from shared.aws import telemetry
from shared.aws.telemetry import RedactingFilter
from shared.redactor import MASK, Redactor

KEY = "canary/key+1=?"


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.add([KEY])
    return made


def record(message: object, *args: Any, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("x", logging.INFO, "f.py", 1, message, args, None)
    vars(made).update(fields)
    return made


@pytest.mark.parametrize(
    "text",
    [
        f"key {KEY} here",
        f"{KEY}{KEY}",
        "https://x.example/?k=canary%2Fkey%2B1%3D%3F",
        f'{{"k": {json.dumps(KEY)}}}',
        f"key {KEY.upper()} here",
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        "".join(f"%{byte:02X}" for byte in KEY.encode()),
        f"Basic {b64encode(KEY.encode()).decode()}",
        f"Basic {b64encode(f'{KEY}:'.encode()).decode()}",
        f"Basic {b64encode(f'user:{KEY}'.encode()).decode()}",
        f"Basic {b64encode(f'users:{KEY}'.encode()).decode()}",
        urlsafe_b64encode(f"u:{KEY}".encode()).decode(),
    ],
)
def test_a_text_when_it_holds_a_key_in_any_form_then_is_masked(
    redactor: Redactor, text: str
) -> None:
    cleaned = redactor.clean(text)

    assert "canary" not in cleaned.lower()
    assert b64encode(KEY.encode()[:9])[4:].decode() not in cleaned
    assert MASK in cleaned


@pytest.mark.parametrize(
    ("code", "is_masked"),
    [
        ("canary/key", True),
        ("CANARY", True),
        ("ary/key+1", True),
        ("canar", False),
        ("INVALID_API_KEY", False),
        ("", False),
    ],
)
def test_an_error_code_when_it_is_a_part_of_a_key_then_is_masked(
    redactor: Redactor, code: str, is_masked: bool
) -> None:
    assert redactor.clean_code(code) == (MASK if is_masked else code)


def test_a_record_when_a_key_is_anywhere_in_it_then_is_masked(redactor: Redactor) -> None:
    class Quoting:
        def __str__(self) -> str:
            return f"object with {KEY}"

    made = record(
        f"message {KEY} %s",
        f"argument {KEY}",
        text=f"field {KEY}",
        nested={"list": [f"{KEY}", {KEY: 1}], "tuple": (KEY,), "set": {KEY}},
        thing=Quoting(),
        number=5,
        nothing=None,
    )

    assert RedactingFilter(redactor).filter(made)

    assert "canary" not in repr(vars(made))
    assert "canary" not in made.getMessage()
    assert (vars(made)["number"], vars(made)["nothing"]) == (5, None)


def test_a_record_when_its_arguments_are_a_mapping_then_is_masked(redactor: Redactor) -> None:
    made = record("%(key)s", {"key": KEY})

    RedactingFilter(redactor).filter(made)

    assert made.getMessage() == MASK


def test_short_values_when_learnt_then_do_not_mask_words() -> None:
    made = Redactor()
    made.add(["id", "12345"])

    assert made.clean("the id is 12345") == "the id is 12345"


def test_a_key_when_it_is_no_proper_text_then_is_learnt_all_the_same() -> None:
    made = Redactor()
    made.add(["canary-\ud83d-half"])

    assert made.clean("<canary-\ud83d-half>") == f"<{MASK}>"


def test_keys_when_one_begins_another_then_the_longer_is_masked_whole() -> None:
    made = Redactor()
    made.add(["secret-1", "secret-1-longer"])

    assert made.clean("<secret-1-longer> <secret-1>") == f"<{MASK}> <{MASK}>"


@given(
    keys=st.lists(st.text(min_size=6, max_size=20), min_size=1, max_size=8),
    around=st.text(max_size=20),
)
def test_whatever_the_keys_are_then_none_is_left_in_a_text(keys: list[str], around: str) -> None:
    made = Redactor()
    made.add(keys)

    for key in keys:
        cleaned = made.clean(f"{around}{key}{around}")
        assert key not in cleaned.replace(MASK, "\0")


def test_a_thousand_keys_when_known_then_cleaning_stays_quick() -> None:
    made = Redactor()
    made.add([f"sk-or-v1-{n:048x}" for n in range(1000)])
    text = "poll failed: the key was rejected; " * 10

    started = time.perf_counter()
    for _ in range(100):
        made.clean(text)

    assert (time.perf_counter() - started) / 100 < 0.01


@pytest.fixture
def _own_logger() -> Iterator[None]:
    telemetry.logger.cache_clear()
    redactor_module.redactor.cache_clear()
    yield
    telemetry.logger.cache_clear()
    redactor_module.redactor.cache_clear()
    logging.Logger.manager.loggerDict.pop("test-service", None)


@pytest.mark.usefixtures("_own_logger")
def test_the_logger_when_made_then_redacts_and_quiets_libraries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    redactor_module.redactor().add([KEY])

    log = telemetry.logger("test-service")
    log.warning("poll failed", reason=f"quoting {KEY}")

    line = json.loads(out.getvalue())
    assert line["reason"] == f"quoting {MASK}"
    assert line["service"] == "test-service"
    for name in ("httpx", "httpcore", "botocore", "boto3", "urllib3"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.usefixtures("_own_logger")
@pytest.mark.parametrize("key", [KEY, 'canary-"quoted"-é-key', "canary-\\back\\slash"])
def test_an_exception_when_logged_then_a_key_in_it_is_masked(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    out = StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    redactor_module.redactor().add([key])
    log = telemetry.logger("test-service")

    try:
        try:
            raise KeyError(key)  # noqa: TRY301 -- to be the other's cause
        except KeyError as exc:
            raise ValueError(f"quoting {key}") from exc
    except ValueError:
        log.exception("failed")

    line = json.loads(out.getvalue())
    assert line["exception_name"] == "ValueError"
    assert f"quoting {MASK}" in line["exception"]
    assert "canary" not in out.getvalue()


def test_faults_when_there_are_some_then_are_logged_by_kind_and_published_as_one_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.report_faults("test-service", "Mine", {"one kind": 2, "another": 1, "none": 0})

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {line["fault"]: line["count"] for line in lines if line.get("message") == "fault"}
    (emf,) = [line for line in lines if "_aws" in line]
    assert told == {"one kind": 2, "another": 1}
    assert emf["Faults"] == [3.0]
    assert emf["service"] == "test-service"
    assert emf["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Mine/Runs"


def test_faults_when_there_are_none_then_cost_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.report_faults("test-service", "Mine", {"one kind": 0})

    assert capsys.readouterr().out == ""
