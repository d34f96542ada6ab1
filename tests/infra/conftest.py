"""Fixtures of the infrastructure tests: Terraform, and a copy of the stack to evaluate in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.harness import VARIABLES, Terraform, run_terraform, script


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    """Run Terraform with the given arguments."""
    return run_terraform


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack in a folder of its own, initialised."""
    folder: Path = script().stage(tmp_path_factory.mktemp("stack"))
    done = run_terraform(f"-chdir={folder}", "init", "-input=false")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def evaluate(staged: Path) -> Callable[[str], Any]:
    """Evaluate an expression inside the configuration, with one account."""
    folder = staged / "modules" / "configuration"

    def evaluated(expression: str) -> Any:
        done = run_terraform(
            f"-chdir={folder}", "console", *VARIABLES, stdin=f"jsonencode({expression})\n"
        )
        assert done.returncode == 0, done.stderr
        return json.loads(json.loads(done.stdout))

    return evaluated
