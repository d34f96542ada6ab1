"""make plan, deploy and destroy: questions, refusals and cleanup. Terraform is a stand-in."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import deploy
from balancectl.deployment.target import Target
from deployment.aws import AwsError, WaitingSecret

CREATED = json.dumps(
    {"type": "planned_change", "change": {"action": "create", "resource": {"addr": "a"}}}
)
SECRET = WaitingSecret("stack/api-keys", "arn:secret", datetime(2026, 11, 1, tzinfo=UTC))


@dataclass
class FakeAws:
    """What AWS would say."""

    place: str = "stack in AWS account 123456789012, eu-central-1"
    protected: list[str] = field(default_factory=list)
    subnets: list[str] = field(default_factory=list)
    secret: WaitingSecret | None = None
    error: str | None = None
    waiting: dict[str, int] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    target: Target = field(default_factory=lambda: Target("stack", "eu-central-1"))
    done: list[str] = field(default_factory=list)

    def messages_in(self, queue: str) -> int:
        return self.waiting.get(queue, 0)

    def unsubscribe_from_former_topic(self, _subscribers: Any) -> list[str]:
        return self.left

    def key_services(self, _key: str) -> set[str]:
        return self.services

    def check(self) -> None:
        if self.error:
            raise AwsError(self.error)

    def protected_tables(self) -> list[str]:
        return self.protected

    def lift_protection(self, tables: list[str]) -> None:
        self.done += [f"lift {table}" for table in tables]

    def joined_subnets(self) -> list[str]:
        return self.subnets

    def waiting_secret(self, name: str) -> WaitingSecret | None:
        return self.secret if self.secret is not None and self.secret.name == name else None

    def restore(self, secret: WaitingSecret) -> None:
        self.done.append(f"restore {secret.name}")


@dataclass
class Shell:
    """Who runs it, AWS and Terraform."""

    aws: FakeAws
    folder: Path
    var_file: Path
    plan: str = CREATED
    fails: str = ""
    commands: list[str] = field(default_factory=list)

    def terraform(self, *arguments: str, **_: bool) -> subprocess.CompletedProcess[str]:
        """Stand in for Terraform."""
        self.commands.append(" ".join(arguments[:2]))
        if arguments[0] == "plan":
            (self.folder / deploy.PLAN).write_text("who@example.com")
        outputs = {
            "plan": self.plan if "-json" in arguments else "Plan.\n─────\nadvice",
            "show": '{"planned_values": {"root_module": {}}}',
        }
        code = int(arguments[0] == self.fails)
        return subprocess.CompletedProcess(arguments, code, outputs.get(arguments[0], ""), "")

    def make(self, command: str, monkeypatch: pytest.MonkeyPatch) -> int:
        """Run a command."""
        monkeypatch.setattr("sys.argv", ["deploy.py", command, "--var-file", str(self.var_file)])
        return deploy.main()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell without a terminal, in which YES is not set."""
    folder, var_file = tmp_path / "deploy", tmp_path / "mine.tfvars"
    folder.mkdir()
    var_file.write_text("deletion_protection = true\n")
    found = Shell(FakeAws(), folder, var_file)
    monkeypatch.setattr(deploy, "DEPLOY", folder)
    monkeypatch.setattr(deploy, "aws_of", lambda _: found.aws)
    monkeypatch.setattr(deploy, "take_over", list)
    monkeypatch.setattr(deploy, "check", lambda _: None)
    monkeypatch.setattr(deploy, "protect", lambda: None)
    monkeypatch.setattr(deploy, "terraform_run", found.terraform)
    monkeypatch.setattr(deploy.os, "umask", lambda _: 0)
    monkeypatch.delenv("YES", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    return found


@pytest.fixture
def yes(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The same with YES=1."""
    monkeypatch.setenv("YES", "1")
    return shell


def applied(shell: Shell) -> bool:
    """Whether Terraform was asked to apply."""
    return any(command.startswith("apply") for command in shell.commands)


def test_wrong_credentials_end_it_before_terraform_runs(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.aws.error = "no AWS credentials were found: set AWS_PROFILE"

    assert shell.make("deploy", monkeypatch) == 1

    assert shell.commands == []
    assert capsys.readouterr().err == f"deploy: {shell.aws.error}\n"


@pytest.mark.usefixtures("yes")
def test_deploy_with_yes_applies_the_plan_and_keeps_no_plan(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.make("deploy", monkeypatch) == 0

    assert shell.commands == ["init -input=false", "state list", "plan -input=false", "show -json",
                             "apply -input=false", "output -raw"]  # fmt: skip
    assert "1 created" in capsys.readouterr().out
    assert not (shell.folder / deploy.PLAN).exists()


@pytest.mark.usefixtures("yes")
@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_failed_apply_leaves_no_plan_behind(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    shell.fails = "apply"

    assert shell.make(command, monkeypatch) == 1

    assert not (shell.folder / deploy.PLAN).exists()


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_without_a_terminal_and_without_yes_it_stops(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    assert shell.make(command, monkeypatch) == 1

    assert not applied(shell)
    assert "YES=1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "applies"), [("y", True), ("Yes", True), ("n", False), ("", False)]
)
def test_a_person_is_asked(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, answer: str, applies: bool
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)

    shell.make("deploy", monkeypatch)

    assert applied(shell) is applies


def test_nothing_to_change_needs_no_answer(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.plan = ""

    assert shell.make("deploy", monkeypatch) == 0

    assert not applied(shell)


def test_plan_shows_no_advice_of_terraforms(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.make("plan", monkeypatch) == 0

    said = capsys.readouterr().out
    assert "advice" not in said
    assert said.endswith("make deploy does it.\n")
    assert not (shell.folder / deploy.PLAN).exists()


@pytest.mark.usefixtures("yes")
def test_destroy_of_protected_tables_is_refused_before_anything_is_destroyed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.aws.protected = ["stack-balances", "stack-alerts"]

    assert shell.make("destroy", monkeypatch) == 1

    assert not applied(shell)
    assert "set deletion_protection = false in mine.tfvars" in capsys.readouterr().err


@pytest.mark.usefixtures("yes")
def test_destroy_lifts_a_protection_that_is_false_and_was_not_applied(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.aws.protected = ["stack-balances"]
    shell.var_file.write_text("deletion_protection = false\n")

    assert shell.make("destroy", monkeypatch) == 0

    assert shell.aws.done == ["lift stack-balances"]
    assert applied(shell)


@pytest.mark.usefixtures("yes")
def test_destroy_with_network_interfaces_is_refused_with_the_steps(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.aws.subnets = ["subnet-1"]

    assert shell.make("destroy", monkeypatch) == 1

    assert not applied(shell)
    assert "leaving = true" in capsys.readouterr().err


@pytest.mark.usefixtures("yes")
def test_deploy_restores_and_takes_over_a_secret_that_waits_for_deletion(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.aws.secret = SECRET

    assert shell.make("deploy", monkeypatch) == 0

    assert shell.aws.done == ["restore stack/api-keys"]
    assert "import -input=false" in shell.commands


@pytest.mark.usefixtures("yes")
@pytest.mark.parametrize("protocol", ["channel", "email"])
def test_deploy_restores_the_channels_where_a_subscriber_is_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """The secret also goes with the last channel, and a new one has the same name."""
    shell.var_file.write_text(
        f'subscribers = {{ a = {{ protocol = "{protocol}", endpoint = "ops-slack" }} }}\n'
    )
    shell.aws.secret = WaitingSecret("stack/channels", "arn:channels", SECRET.since)

    assert shell.make("deploy", monkeypatch) == 0

    assert shell.aws.done == (["restore stack/channels"] if protocol == "channel" else [])


def test_plan_restores_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.aws.secret = SECRET

    assert shell.make("plan", monkeypatch) == 0

    assert shell.aws.done == []


@pytest.mark.usefixtures("yes")
def test_a_refused_plan_says_its_sentences_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, Any] = {
        "severity": "error", "summary": "Invalid value for variable", "detail": "Lower it.",
    }  # fmt: skip
    shell.plan = json.dumps({"type": "diagnostic", "diagnostic": told})
    shell.fails = "plan"

    assert shell.make("deploy", monkeypatch) == 1

    assert capsys.readouterr().err == "deploy: Lower it.\n"


@pytest.mark.usefixtures("yes")
def test_deploy_without_vpc_is_refused_while_there_are_interfaces(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.aws.subnets = ["subnet-1"]

    assert shell.make("deploy", monkeypatch) == 1
    assert shell.commands == ["init -input=false", "state list"]
    assert "leaving = true" in capsys.readouterr().err

    shell.var_file.write_text(
        'vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], leaving = true }\n'
    )
    assert shell.make("deploy", monkeypatch) == 0


@pytest.mark.usefixtures("yes")
def test_deploy_with_a_key_that_keeps_cloudwatch_out_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.var_file.write_text('kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"\n')
    shell.aws.services = {"sns.amazonaws.com", "logs.eu-central-1.amazonaws.com"}

    assert shell.make("deploy", monkeypatch) == 1
    assert "does not let cloudwatch.amazonaws.com use it" in capsys.readouterr().err

    shell.aws.services.add("cloudwatch.amazonaws.com")
    assert shell.make("deploy", monkeypatch) == 0


@pytest.mark.usefixtures("yes")
@pytest.mark.parametrize(("messages", "applies"), [(2, False), (0, True)])
def test_no_queue_is_destroyed_with_messages_in_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, messages: int, applies: bool
) -> None:
    address = 'module.balance_monitor.aws_sqs_queue.failed["poller_failures"]'
    change = {"action": "delete", "resource": {"addr": address}}
    shell.plan = json.dumps({"type": "planned_change", "change": change})
    shell.aws.waiting = {"stack-poller-failures": messages}

    shell.make("deploy", monkeypatch)

    assert applied(shell) is applies


@pytest.mark.usefixtures("yes")
def test_deploy_names_who_left_the_former_topic(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.aws.left = ["sms +49151"]

    assert shell.make("deploy", monkeypatch) == 0

    assert "Unsubscribed from the topic of 0.1: sms +49151" in capsys.readouterr().out
