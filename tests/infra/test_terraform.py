"""Terraform's own checks and tests."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.infra.harness import HARNESS, ROOT, Terraform

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra-rules")]

TEST_FILES = sorted(path.name for path in HARNESS.glob("*.tftest.hcl"))


@pytest.fixture(scope="session")
def harness(terraform: Terraform) -> str:
    """The option that selects this folder, with its modules installed."""
    option = f"-chdir={HARNESS}"
    done = terraform(option, "init", "-input=false")
    assert done.returncode == 0, done.stderr
    return option


def test_formatting_is_terraforms_own(terraform: Terraform) -> None:
    for folder in (ROOT / "infra", HARNESS):
        done = terraform("fmt", "-check", "-recursive", str(folder))

        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", TEST_FILES)
def test_terraforms_own_tests_pass(terraform: Terraform, harness: str, file: str) -> None:
    done = terraform(harness, "test", f"-filter={file}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", done.stdout), done.stdout


def test_no_secret_value_can_reach_the_state() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "infra").rglob("*.tf"))

    assert "aws_secretsmanager_secret_version" not in text
    assert "secret_string" not in text


def test_only_one_provider_is_needed_and_no_lock_is_kept() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "infra").rglob("*.tf"))
    listed = subprocess.run(
        ["git", "ls-files", "*.terraform.lock.hcl", "*.tfstate*"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(re.findall(r'source\s+= "(?!\.)([^"]+)"', text)) == {"hashicorp/aws"}
    assert listed.stdout == ""
