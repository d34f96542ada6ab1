"""A key of a documented wrong kind is refused before it is stored or sent; an odd one is noted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]
WRONG = "xsmtpsib-canary-7f3a9c51"
RIGHT = "xkeysib-canary-7f3a9c51"
ODD = "v9-canary-7f3a9c51"
WORDS = "this is an SMTP key of Brevo, and the balance needs an API key"
BREVO = "https://api.brevo.com/"
ANSWER = {"plan": [{"type": "payAsYouGo", "creditsType": "sendLimit", "credits": 8755}]}


@pytest.fixture
def stack(cloud: Any) -> Any:
    """A deployment with an account of a provider that has a wrong kind of key."""
    cloud.scheduler.add(0, [{"id": "mail", "provider": "brevo"}])
    return cloud


@pytest.mark.parametrize("how", ["set", "set with --verify", "import"])
def test_keys_when_the_kind_is_wrong_then_nothing_is_stored_or_sent(
    stack: Any, run: Run, providers: Any, how: str
) -> None:
    words = {"set": ("set", "mail"), "set with --verify": ("set", "mail", "--verify")}
    text = json.dumps({"mail": WRONG}) if how == "import" else WRONG

    result = run("keys", *words.get(how, ("import",)), text=text)

    assert result.exit_code == 2
    assert f"mail: {WORDS}" in result.stderr
    assert stack.secrets.text() is None
    assert providers.requests == []
    assert WRONG not in result.output


def test_keys_when_the_form_is_unknown_then_it_is_stored_with_a_remark(
    stack: Any, run: Run
) -> None:
    result = run("keys", "set", "mail", text=ODD)

    assert result.exit_code == 0
    assert "mail: the key does not look like those that the provider documents" in result.stderr
    assert ODD in (stack.secrets.text() or "")
    assert ODD not in result.output


def test_keys_when_the_kind_is_right_then_nothing_is_said(stack: Any, run: Run) -> None:
    result = run("keys", "set", "mail", text=RIGHT)

    assert result.exit_code == 0
    assert "does not look like" not in result.stderr
    assert RIGHT in (stack.secrets.text() or "")


@pytest.mark.parametrize("as_json", [False, True])
def test_verify_when_the_kind_is_wrong_then_nothing_is_sent(
    run: Run, providers: Any, as_json: bool
) -> None:
    result = run("verify", "brevo", *(["--json"] if as_json else []), text=WRONG)

    assert result.exit_code == 1
    assert WORDS in result.output
    assert providers.requests == []
    assert WRONG not in result.output


def test_verify_when_the_form_is_unknown_then_the_provider_decides(
    run: Run, providers: Any
) -> None:
    providers.answer(BREVO, ANSWER)

    result = run("verify", "brevo", text=ODD)

    assert result.exit_code == 0
    assert len(providers.requests) == 1
