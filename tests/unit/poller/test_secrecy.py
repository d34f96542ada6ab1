"""After a run that fails in every way, no reachable text contains a key."""

from __future__ import annotations

import gc
import json
import logging
import types
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from balance_poller import handler
from balance_poller.credentials.store import SecretStore
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest
from balance_poller.fetching.fetch import BalanceFetcher
from balance_poller.fetching.transport.errors import FetchError
from balance_poller.handler import PollRunError, lambda_handler
from balance_poller.recording.tables.writer import Target
from balance_poller.settings import SERVICE
from shared.aws import telemetry
from shared.redactor import Redactor, redactor
from shared.secret import Secret
from tests.unit.poller.aws_fakes import FakeClient, client_error
from tests.unit.poller.fakes import AT, DEFINITION, PROVIDERS, World, answer, entry, key_of, problem

CANARY = "canary/Xyzzy+0001"
STORED = {f"a{n}": f"{CANARY}-{n}" for n in range(9)} | {"broken": 5, "odd@for": CANARY[:3]}

#: A definition that takes the unit from the answer, too.
WITH_UNIT = PROVIDERS | {
    "with_unit": DEFINITION
    | {"wallets": {"main": {"unit": {"path": "unit"}, "remaining": "balance"}}}
}


def reply(request: PreparedRequest) -> Response:
    """Fail another way for every key, and echo it wherever that is possible."""
    key = key_of(request)
    answers = {
        "2": answer({"error": key, "balance": key}, 401),
        "3": answer(key.encode(), 200),
        "4": answer({"balance": key, "unit": key}),
        "5": answer({"balance": 5, key: key}, 429, retry_after=key),
        "6": answer({"balance": 5, "bonus": key}),
        "7": answer(f"<html>{key}".encode(), 403, kind=f"text/html; {key}"),
        "8": answer({"balance": 5, "unit": key}),
    }
    if key[-1] == "0":
        raise FetchError("the connection broke before the whole answer arrived")
    if key[-1] == "1":
        raise RuntimeError(key)
    return answers[key[-1]]


def texts_in(root: object) -> Iterator[tuple[str, str]]:
    """Yield every text that can be reached from ``root``, with how; secrets are not opened."""
    seen: set[int] = set()
    todo: list[tuple[str, object]] = [("root", root)]
    while todo:
        path, thing = todo.pop()
        if id(thing) in seen or isinstance(thing, (Secret, type, types.ModuleType)):
            continue
        seen.add(id(thing))
        if isinstance(thing, str):
            yield path, thing
        elif isinstance(thing, (bytes, bytearray)):
            yield path, bytes(thing).decode("latin-1")
        elif isinstance(thing, types.FrameType):
            todo += [(f"{path}.{name}", value) for name, value in thing.f_locals.items()]
        elif isinstance(thing, types.TracebackType):
            todo += [(f"{path}.frame", thing.tb_frame), (f"{path}.next", thing.tb_next)]
        elif isinstance(thing, BaseException):
            todo += [
                (f"{path}.{name}", getattr(thing, name))
                for name in ("args", "__traceback__", "__cause__", "__context__", "__dict__")
            ]
        elif not isinstance(thing, (types.FunctionType, types.BuiltinFunctionType)):
            todo += [(f"{path}>{type(r).__name__}", r) for r in gc.get_referents(thing)]


@pytest.fixture(params=["masking", "without masking"])
def failed(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> SimpleNamespace:
    """Run the function with keys that fail in every way, and with AWS refusing what is written.

    Without masking, nothing but the first line of defence is left: that no code shows a key.
    """
    if request.param == "without masking":
        for method in ("clean", "clean_code"):
            monkeypatch.setattr(Redactor, method, lambda _, text: text)
    for name, text in {
        "BALANCE_MONITOR_NAME": "stack",
        "BALANCES_TABLE": "t",
        "POWERTOOLS_METRICS_NAMESPACE": "x",
    }.items():
        monkeypatch.setenv(name, text)
    telemetry.logger.cache_clear()
    logging.Logger.manager.loggerDict.pop(SERVICE, None)

    def secrets_manager(SecretIdList: list[str]) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        if "denied" in SecretIdList:
            raise client_error("AccessDeniedException")
        return {
            "SecretValues": [
                {"ARN": "", "Name": "keys", "SecretString": json.dumps(STORED)},
                {"ARN": "", "Name": "torn", "SecretString": f'{{"a": "{CANARY}"'},
                {"ARN": "", "Name": "quoted", "SecretString": f'"{CANARY}"'},
            ]
        }

    client: Any = FakeClient(secrets_manager)
    store = SecretStore(lambda: client, 300)
    world = World(reply, max_in_flight=3)
    world.history.problems = [problem(Target.HISTORY)]
    fetcher = BalanceFetcher(store, lambda: world.transport, world.limits, world.keys)
    adapters = world.adapters._replace(fetcher=fetcher)
    monkeypatch.setattr(handler, "_adapters", lambda _settings: adapters)
    accounts = [entry(f"a{n}") for n in range(8)]
    accounts += [entry("a8", provider="with_unit")]
    accounts += [entry("broken"), entry("absent"), entry("torn", secret="torn#a")]
    accounts += [entry("whole", secret="torn"), entry("quoted", secret="quoted")]
    event = {"scheduled_at": AT.isoformat(), "accounts": accounts, "providers": WITH_UNIT}
    context: Any = SimpleNamespace(
        get_remaining_time_in_millis=lambda: 60_000, invoked_function_arn=""
    )
    try:
        lambda_handler(event, context)
    except PollRunError as exc:
        # Without the frame of this fixture, whose fakes remember what they were sent.
        error = exc.with_traceback(exc.__traceback__ and exc.__traceback__.tb_next)
    else:
        pytest.fail("the run was to fail")
    return SimpleNamespace(
        error=error,
        store=store,
        records=[world.latest.items, world.history.attempts, world.metrics.points],
        logs=capsys.readouterr().out,
        redactor=redactor(),
        requests=len(world.transport.sent),
    )


def test_a_failed_run_then_no_text_that_can_be_reached_holds_a_key(
    failed: SimpleNamespace,
) -> None:
    reached = [
        (path, text)
        for path, text in texts_in(list(vars(failed).values()))
        if "anary/" in text or "yzzy+" in text
    ]

    assert failed.requests >= len(STORED) - 2
    assert not [path for path, _ in reached]
