"""Every failure is one line with its remedy and a documented exit code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore import exceptions as aws
from typer.testing import Result

from balancectl.app import app
from balancectl.cli.errors import translate
from balancectl.cli.permissions import COMMANDS, READ_ONLY, action_of, actions_of
from balancectl.cli.root_group import hoist_global_options, run_guarded


def client_error(code: str, message: str, operation: str = "GetItem") -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": message}}, operation)


DENIED = (
    "User: arn:aws:iam::1:user/x is not authorized to perform: secretsmanager:PutSecretValue on "
    "resource: arn:x because no identity-based policy allows it"
)


#: In a process of its own, for its standard output is replaced.
READER_LEFT = """
import sys
from balancectl.cli.root_group import run_guarded

def fails():
    try:
        raise BrokenPipeError
    except BrokenPipeError:
        sys.exit(1)  # as typer and rich do

sys.exit(run_guarded(fails))
"""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aws.NoRegionError(), "pass --region, or set AWS_REGION"),
        (aws.NoCredentialsError(), "no AWS credentials were found: set AWS_PROFILE"),
        (aws.PartialCredentialsError(provider="env", cred_var="x"), "cannot be used"),
        (aws.ProfileNotFound(profile="nope"), "aws configure list-profiles"),
        (aws.UnauthorizedSSOTokenError(), "aws sso login"),
        (aws.TokenRetrievalError(provider="sso", error_msg="x"), "aws sso login"),
        (aws.EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached"),
        (aws.ReadTimeoutError(endpoint_url="https://x"), "AWS cannot be reached"),
        (client_error("ExpiredTokenException", "x"), "session token has expired: sign in again"),
        (client_error("ExpiredToken", "x"), "session token has expired"),
        (client_error("UnrecognizedClientException", "x"), "does not accept these credentials"),
        (client_error("InvalidClientTokenId", "x"), "does not accept these credentials"),
        (
            client_error("AccessDeniedException", DENIED),
            "credentials lack secretsmanager:PutSecretValue",
        ),
        (client_error("AccessDeniedException", DENIED), "docs/balancectl.md lists"),
        (client_error("AccessDeniedException", "no"), "credentials lack dynamodb:GetItem"),
        (client_error("AccessDeniedException", "no"), "read_only_policy_json"),
        (client_error("AuthorizationError", "no", "Publish"), "credentials lack sns:Publish"),
        (client_error("AccessDenied", "no", "Invoke"), "credentials lack lambda:InvokeFunction"),
        (client_error("ThrottlingException", "x"), "throttling GetItem"),
        (client_error("Strange", "a\nb"), "GetItem failed: Strange: a b"),
        (aws.InvalidConfigError(error_msg="odd"), "the AWS client failed"),
    ],
)
def test_translate_when_aws_fails_then_is_one_line_with_the_remedy(
    error: Exception, words: str
) -> None:
    translated = translate(error)

    assert translated is not None
    assert words in str(translated)
    assert "\n" not in str(translated)


def test_translate_when_a_credential_cannot_be_sent_then_does_not_quote_it() -> None:
    error = aws.HTTPClientError(error="Invalid header value b'canary-token\\r'")

    translated = translate(error)

    assert "line break" in str(translated)
    assert "canary" not in str(translated)


def test_guarded_when_the_reader_of_the_pipe_left_then_does_not_read_as_an_answer() -> None:
    done = subprocess.run([sys.executable, "-c", READER_LEFT], stdout=subprocess.PIPE, check=False)

    assert done.returncode == 2


def test_translate_when_it_is_no_concern_of_aws_then_leaves_it() -> None:
    assert translate(KeyError("x")) is None


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (aws.NoCredentialsError(), 2, "error: no AWS credentials"),
        (KeyError("x"), 2, "unexpected KeyError"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_guarded_when_a_command_raises_then_prints_one_line_and_no_traceback(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, words: str
) -> None:
    def fails() -> None:
        raise error

    assert run_guarded(fails) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert len(printed.err.splitlines()) == (1 if words else 0)


def test_guarded_when_debugging_then_shows_where_an_unexpected_error_comes_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BALANCE_MONITOR_DEBUG", "1")

    run_guarded(lambda: {}["nope"])

    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["status", "--name", "prod", "a"], ["--name", "prod", "status", "a"]),
        (["status", "--region=x", "--json"], ["--region=x", "status", "--json"]),
        (["keys", "set", "a", "--profile", "p"], ["--profile", "p", "keys", "set", "a"]),
        (["status", "--", "--name", "x"], ["status", "--", "--name", "x"]),
        (["local", "up", "--name", "x"], ["local", "up", "--name", "x"]),
        (["preflight", "local", "--name", "x"], ["--name", "x", "preflight", "local"]),
        (["status", "--name"], ["--name", "status"]),
    ],
)
def test_hoist_when_global_options_follow_the_command_then_come_first(
    given: list[str], expected: list[str]
) -> None:
    assert hoist_global_options(given) == expected


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nonsense"], "no such command 'nonsense'"),
        (["status", "--nonsense"], "no such option: --nonsense; see `balancectl status --help`"),
        (["history"], "missing argument 'ACCOUNT'; see `balancectl history --help`"),
        (["preflight", "a"], "give either --need AMOUNT or --for TIME"),
        (["preflight", "a", "--need", "much"], "'much' is not an amount"),
        (["preflight", "a", "--need", "1e400"], "'1e400' is not an amount"),
        (["preflight", "a", "--need", "1", "--max-age", "soon"], "'soon' is not a duration"),
        (["silence", "a", "--reason", "x", "--for", "2 years"], "is not a duration"),
        (["history", "a", "-n", "0"], "greater than or equal to 1"),
    ],
)
def test_usage_when_wrong_then_is_one_line_and_exits_2(
    run: Callable[..., Result], args: list[str], words: str
) -> None:
    result = run(*args)

    assert result.exit_code == 2
    assert words.lower() in result.stderr.lower()
    assert len(result.stderr.splitlines()) == 1


def test_no_arguments_when_given_then_prints_the_help_and_exits_2(
    run: Callable[..., Result],
) -> None:
    result = run()

    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert "Exit codes: 0" in result.stderr


def test_version_when_requested_then_is_printed(run: Callable[..., Result]) -> None:
    result = run("--version")

    assert result.exit_code == 0
    assert result.stdout.startswith("balancectl 0.")


def test_stack_when_missing_then_every_command_says_so(run: Callable[..., Result]) -> None:
    for args in (
        ["status"],
        ["poll"],
        ["keys", "list"],
        ["history", "a"],
        ["preflight", "a", "--need", "1"],
        ["silences"],
        ["doctor"],
        ["subscribers"],
    ):
        result = run(*args, name="prod")
        assert result.exit_code == 2, args
        assert "no deployment named 'prod' in us-east-1" in result.stderr, args


def test_region_when_nothing_names_one_then_says_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner  # noqa: PLC0415 -- with an environment of its own

    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    result = CliRunner().invoke(app, ["status"])

    assert result.exit_code == 2
    assert "no AWS Region is set" in result.stderr


def test_permissions_when_read_only_then_cover_status_history_and_preflight() -> None:
    for command in ("status", "history", "preflight"):
        assert actions_of(command) <= set(READ_ONLY)


def test_action_of_when_unknown_then_is_the_operation_itself() -> None:
    assert action_of("TagSession") == "TagSession"


def test_every_command_when_registered_then_has_its_permissions_documented() -> None:
    import typer  # noqa: PLC0415 -- introspection

    root: Any = typer.main.get_command(app)
    named = {name for names in COMMANDS for name in names.replace(",", " ").split()}
    for name, command in root.commands.items():
        if name != "local" and not command.hidden:
            assert name in named
            for below in getattr(command, "commands", {}):
                assert below in named
