"""Runs Terraform for the tests in this folder, as the product does."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "tests" / "infra"
MODULE = ROOT / "infra" / "terraform"
DEPLOY = ROOT / "infra" / "deploy"
#: A correct configuration in which to evaluate expressions.
VARIABLES = (
    '-var=accounts={ main = { provider = "openrouter", warning = 5 } }',
    '-var=subscribers={ team = { protocol = "email", endpoint = "team@example.com" } }',
    '-var=operations_subscribers={ ops = { protocol = "email", endpoint = "ops@example.com" } }',
)

Terraform = Callable[..., subprocess.CompletedProcess[str]]


@cache
def script() -> ModuleType:
    """Return scripts/terraform.py as a module."""
    spec = importlib.util.spec_from_file_location("script", ROOT / "scripts" / "terraform.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def program() -> str:
    """Return Terraform's path; finding it takes a run of Terraform."""
    return str(script().find())


@cache
def inherited() -> dict[str, str]:
    """Return the environment of Terraform and its provider, without AWS settings.

    They allocate much and live briefly: collecting garbage less often saves a fifth of their CPU
    time.
    """
    variables = {k: v for k, v in script().environment().items() if not k.startswith("AWS_")}
    return {**variables, "GOGC": "400", "TF_CLI_ARGS": "-no-color", "TF_IN_AUTOMATION": "1"}


def run_terraform(
    *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Terraform with no colours and only the given AWS settings; do not check its exit code."""
    return subprocess.run(
        [program(), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**inherited(), **environment},
    )
