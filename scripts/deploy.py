"""Run Terraform's root module infra/deploy for `make plan`, `make deploy` and `make destroy`.

python scripts/deploy.py COMMAND --var-file FILE [--backend-config FILE]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import terraform
from deploy_state import DEPLOY, StateError, choose_backend, protect, take_over

PLAN = "balance-monitor.tfplan"


class DeployError(Exception):
    """Terraform failed; it has said why."""


def main() -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["plan", "deploy", "destroy"])
    parser.add_argument("--var-file", type=Path, required=True)
    parser.add_argument("--backend-config", type=Path)
    given = parser.parse_args()
    # State and plans name subscribers: for the owner's eyes alone.
    os.umask(0o077)
    try:
        initialise(given.backend_config)
        commands = {"plan": plan, "deploy": deploy, "destroy": destroy}
        commands[given.command](given.var_file.resolve())
    except (StateError, terraform.TerraformError) as exc:
        print(f"{given.command}: {exc}", file=sys.stderr)
        return 1
    except DeployError:
        return 1
    finally:
        protect()
    return 0


def initialise(backend_config: Path | None) -> None:
    """Take former state over, choose the backend, and run ``init``."""
    for file in take_over():
        print(f"Moved from infra/terraform: {file.relative_to(DEPLOY)}")
    options = []
    if backend_config:
        choose_backend(backend_config)
        options = [f"-backend-config={backend_config.resolve()}"]
    run("init", "-input=false", *options)


def plan(var_file: Path) -> None:
    """Show what a deployment would change, and keep the plan."""
    run("plan", "-input=false", f"-var-file={var_file}", f"-out={PLAN}")


def deploy(var_file: Path) -> None:
    """Plan, and apply that plan; it does not outlive a failure."""
    plan(var_file)
    try:
        run("apply", "-input=false", PLAN)
    finally:
        (DEPLOY / PLAN).unlink(missing_ok=True)
    print()
    run("output", "-raw", "next_steps")


def destroy(var_file: Path) -> None:
    """Remove what was deployed; Terraform asks first."""
    run("destroy", f"-var-file={var_file}")


def run(*arguments: str) -> None:
    """Run Terraform in infra/deploy.

    Raises:
        DeployError: when it fails.
    """
    done = subprocess.run(
        [str(terraform.find()), f"-chdir={DEPLOY}", *arguments],
        check=False,
        env=terraform.environment(),
    )
    if done.returncode:
        raise DeployError


if __name__ == "__main__":
    raise SystemExit(main())
