"""Fixtures of the infrastructure tests: Terraform, plans, and a copy of the configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.harness import VARIABLES, Terraform, run_terraform, script
from tests.infra.stacks import SCENARIOS, Stack, plan


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    """Run Terraform with the given arguments."""
    return run_terraform


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration module, which needs no provider, in a separate tree."""
    deploy: Path = script().stage(tmp_path_factory.mktemp("stack"))
    return deploy.parent / "terraform" / "modules" / "configuration"


@pytest.fixture(scope="session")
def evaluate(staged: Path) -> Callable[[str], Any]:
    """Evaluate an expression inside the configuration, with one account."""

    def evaluated(expression: str) -> Any:
        done = run_terraform(
            f"-chdir={staged}", "console", *VARIABLES, stdin=f"jsonencode({expression})\n"
        )
        assert done.returncode == 0, done.stderr
        return json.loads(json.loads(done.stdout))

    return evaluated


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Stack], dict[str, Any]]:
    """Every scenario's stack, and the document of the plan that contains them all."""
    return plan(SCENARIOS, tmp_path_factory.mktemp("planned"))


@pytest.fixture(scope="session")
def stacks(planned: tuple[dict[str, Stack], dict[str, Any]]) -> dict[str, Stack]:
    """The stacks by scenario."""
    return planned[0]


@pytest.fixture
def stack(stacks: dict[str, Stack]) -> Stack:
    """The smallest example's stack."""
    return stacks["minimal"]
