"""Terraform's own checks and tests, its examples, and checkov."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.infra.harness import HARNESS, ROOT, STACK, Terraform

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]

TEST_FILES = sorted(path.name for path in HARNESS.glob("*.tftest.hcl"))
EXAMPLES = sorted((STACK / "examples").glob("*.tfvars"))


@pytest.fixture(scope="session")
def harness(terraform: Terraform) -> str:
    """The option that names the harness, with its modules installed."""
    option = f"-chdir={HARNESS}"
    for folder in ("tests", "examples", "refused"):
        done = terraform(option, "init", "-input=false", f"-test-directory={folder}")
        assert done.returncode == 0, done.stderr
    return option


def test_formatting_is_terraforms_own(terraform: Terraform) -> None:
    for folder in (STACK, HARNESS):
        done = terraform("fmt", "-check", "-recursive", str(folder))

        assert done.returncode == 0, done.stdout


def test_the_stack_is_valid(terraform: Terraform, staged: Path) -> None:
    done = terraform(f"-chdir={staged}", "validate")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", TEST_FILES)
def test_terraforms_own_tests_pass(terraform: Terraform, harness: str, file: str) -> None:
    done = terraform(harness, "test", f"-filter={file}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", done.stdout), done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_plans_as_it_stands(terraform: Terraform, harness: str, example: Path) -> None:
    done = terraform(
        harness, "test", "-test-directory=examples", "-filter=examples/plan.tftest.hcl",
        f"-var-file={example}",
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout, done.stdout


def test_the_root_refuses_in_sentences_what_the_configuration_refuses(
    terraform: Terraform, harness: str
) -> None:
    done = terraform(
        harness, "test", "-test-directory=refused", "-filter=refused/wiring.tftest.hcl"
    )

    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1
    assert 'Account "main": critical (20) must be below warning (5)' in said
    assert 'Custom provider "kiosk": request.url must be an https:// address' in said
    assert 'Subscriber "team": the endpoint of protocol sms must be' in said
    assert 'Operations subscriber "ops": the endpoint of protocol lambda must be' in said
    assert said.count("Error:") == 2, said


def test_every_rule_of_the_configuration_has_a_rejecting_run(evaluate: Any) -> None:
    rules = evaluate(
        "{ accounts = keys(local.account_problems), custom_providers = keys(local.custom_problems),"
        " subscribers = keys(local.subscriber_problems) }"
    )
    tests = "".join((HARNESS / name).read_text(encoding="utf-8") for name in TEST_FILES)
    rejecting = [run for run in tests.split("\nrun ")[1:] if "expect_failures" in run]

    untested = [
        f"{variable}.{rule}"
        for variable, names in rules.items()
        for rule in names
        if not any(re.search(rf"problems\.{variable}\.{rule}\b", run) for run in rejecting)
    ]

    assert untested == []


def test_every_validation_of_a_variable_has_a_rejecting_run() -> None:
    expected: Counter[str] = Counter()
    for file in STACK.glob("variables*.tf"):
        for name, body in re.findall(
            r'^variable "(\w+)" \{\n(.*?)^\}$',
            file.read_text(encoding="utf-8"),
            re.MULTILINE | re.DOTALL,
        ):
            expected[name] += body.count("\n  validation {")
    runs = (HARNESS / "variables.tftest.hcl").read_text(encoding="utf-8")
    rejected = Counter(re.findall(r"expect_failures = \[var\.(\w+)\]", runs))

    assert {name: n for name, n in expected.items() if rejected[name] < n} == {}


def test_no_secret_value_can_reach_the_state() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in STACK.rglob("*.tf"))

    assert "aws_secretsmanager_secret_version" not in text
    assert "secret_string" not in text


def test_only_one_provider_is_needed_and_no_lock_is_kept() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in STACK.rglob("*.tf"))
    listed = subprocess.run(
        ["git", "ls-files", "*.terraform.lock.hcl", "*.tfstate*"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(re.findall(r'source\s+= "(?!\./)([^"]+)"', text)) == {"hashicorp/aws"}
    assert listed.stdout == ""


def test_checkov_finds_nothing_that_is_not_explained_in_place() -> None:
    program = ROOT / ".venv-checkov" / "bin" / "checkov"
    assert program.exists(), "checkov is not installed; run make test-infra"

    done = subprocess.run(
        [
            str(program), "--directory", str(STACK), "--framework", "terraform",
            "--skip-download", "--output", "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    report = json.loads(done.stdout)
    results = report["results"]
    failed = [f"{check['check_id']} {check['resource']}" for check in results["failed_checks"]]
    unexplained = [
        f"{check['check_id']} {check['resource']}"
        for check in results["skipped_checks"]
        if len(check["check_result"]["suppress_comment"].split()) < 4
    ]
    assert failed == []
    assert unexplained == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    assert not list(ROOT.glob(".checkov.y*ml")), "a global skip explains nothing"
