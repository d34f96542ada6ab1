"""Plan, apply or destroy infra/deploy, after checks that Terraform alone cannot make.

    python scripts/deploy.py COMMAND --var-file FILE [--backend-config FILE]

`make plan`, `make deploy` and `make destroy` run it. YES=1 answers its questions.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

import terraform
from balancectl.cli.errors import CliError
from deployment.aws import Aws, AwsError, aws_of, read_variables
from deployment.keys import binding_advice
from deployment.state import (
    DEPLOY,
    RELEASED,
    SUBSCRIPTIONS,
    StateError,
    choose_backend,
    protect,
    release_subscriptions,
    take_over,
)
from deployment.summary import Summary, render, summarise

PLAN = "balance-monitor.tfplan"
SECRET = "module.balance_monitor.aws_secretsmanager_secret.api_keys"  # noqa: S105 -- an address
CHANNELS = "module.balance_monitor.aws_secretsmanager_secret.channels[0]"


class DeployError(Exception):
    """The command cannot go on; the text says why, and what to do."""


def main() -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["plan", "deploy", "destroy"])
    parser.add_argument("--var-file", type=Path, required=True)
    parser.add_argument("--backend-config", type=Path)
    given = parser.parse_args()
    # State and plans contain subscribers' addresses, so only their owner may read them.
    os.umask(0o077)
    commands = {"plan": plan, "deploy": deploy, "destroy": destroy}
    try:
        check(given.var_file)
        variables = read_variables(given.var_file, DEPLOY)
        aws = aws_of(variables)
        aws.check()
        initialise(given.backend_config)
        commands[given.command](aws, variables, given.var_file.resolve())
    except (AwsError, DeployError, StateError, terraform.TerraformError) as exc:
        print(f"{given.command}: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{given.command}: interrupted", file=sys.stderr)
        return 130
    finally:
        for name in (PLAN, RELEASED):
            (DEPLOY / name).unlink(missing_ok=True)
        protect()
    return 0


def check(var_file: Path) -> None:
    """Check the file against every rule, and print the problems with their lines.

    Raises:
        DeployError: when something is wrong; it has been printed.
    """
    done = subprocess.run([sys.executable, "-m", "balancectl", "check", str(var_file)], check=False)
    if done.returncode:
        raise DeployError(f"{var_file} is not valid; nothing was changed")


def initialise(backend_config: Path | None) -> None:
    """Take over former state, choose the backend, run ``init``, and see what has moved."""
    for file in take_over():
        print(f"Taken over from infra/terraform: {file.relative_to(DEPLOY)}")
    options = []
    if backend_config:
        choose_backend(backend_config)
        options = [f"-backend-config={backend_config.resolve()}"]
    quietly("init", "-input=false", *options)
    release_subscriptions(address for address in managed() if f"{SUBSCRIPTIONS}[" in address)


def plan(aws: Aws, variables: dict[str, Any], var_file: Path) -> None:
    """Show in full what a deployment would change."""
    for name in secrets(aws, variables).values():
        if aws.waiting_secret(name):
            print(f"{name} waits to be deleted; make deploy restores it with what it holds.")
    text = quietly("plan", "-input=false", f"-var-file={var_file}", f"-out={PLAN}")
    # After the line, Terraform suggests a next command, which here would be make deploy.
    print(text.split("\n─────")[0].rstrip())
    advise(aws, variables)
    print(f"\nThis is {aws.place}. make deploy does it.")


def deploy(aws: Aws, variables: dict[str, Any], var_file: Path) -> None:
    """Refuse deployments that lose data; else plan, show a summary, ask, and apply the plan."""
    check_vpc_is_left_in_steps(aws, variables)
    check_kms_key_policy(aws, variables)
    for address, name in secrets(aws, variables).items():
        adopt_secret(aws, var_file, address, name)
    print(f"Planning {aws.place} ...", flush=True)
    found = planned(var_file)
    print(render(found), flush=True)
    advise(aws, variables)
    check_queues_are_empty(aws, found)
    if not found.is_empty:
        confirm("Deploy?")
        run("apply", "-input=false", PLAN)
    for who in aws.unsubscribe_from_former_topic(variables.get("subscribers") or {}):
        print(f"Unsubscribed from the topic of 0.1: {who}")
    print(flush=True)
    run("output", "-raw", "next_steps")


def advise(aws: Aws, variables: dict[str, Any]) -> None:
    """Print the keys that would not be sent as planned, if the caller may read secrets."""
    try:
        lines = binding_advice(aws.target, json.loads(quietly("show", "-json", PLAN)), variables)
    except (CliError, ClientError) as exc:
        lines = [f"Whether every key would be sent could not be checked: {exc}"]
    if lines:
        print("\n" + "\n".join(lines), flush=True)


def check_vpc_is_left_in_steps(aws: Aws, variables: dict[str, Any]) -> None:
    """Make sure that the function keeps the permission to delete its network interfaces.

    Raises:
        DeployError: when `vpc` is gone but some remain; the text lists the steps.
    """
    if not variables.get("vpc") and (subnets := aws.joined_subnets()):
        raise DeployError(
            f"the poller has network interfaces in {', '.join(subnets)}, which Lambda can delete "
            "only while vpc is set: put it back with leaving = true, run make deploy, wait 20 "
            "minutes, and only then remove it"
        )


def check_kms_key_policy(aws: Aws, variables: dict[str, Any]) -> None:
    """Make sure that AWS's services may use the deployment's key; otherwise, alarms are lost.

    Raises:
        DeployError: when the key's policy omits one.
    """
    key = variables.get("kms_key_arn")
    if not key:
        return
    needed = {
        "cloudwatch.amazonaws.com",
        "sns.amazonaws.com",
        f"logs.{aws.target.region_name}.amazonaws.com",
    }
    if missing := sorted(needed - aws.key_services(key)):
        raise DeployError(
            f"the policy of {key} does not let {', '.join(missing)} use it, and alarms would be "
            "lost: add the statements of docs/configuration.md, A key of your own"
        )


def check_queues_are_empty(aws: Aws, found: Summary) -> None:
    """Make sure that no queue is destroyed with messages in it.

    Raises:
        DeployError: when one would be; the text says what to do.
    """
    for address in found.lost:
        named = re.search(r'aws_sqs_queue\.failed\["(\w+)"\]', address)
        queue = f"{aws.target.name}-{named[1].replace('_', '-')}" if named else ""
        if queue and (count := aws.messages_in(queue)):
            raise DeployError(
                f"queue {queue} would be destroyed with {count} messages in it; nothing was "
                f"changed. Read them (docs/runbook.md#failures), purge the queue, and deploy again"
            )


def destroy(aws: Aws, variables: dict[str, Any], var_file: Path) -> None:
    """Refuse if it would stop halfway; else show a summary, ask, and destroy."""
    protected = aws.protected_tables()
    if protected and variables.get("deletion_protection") is not False:
        raise DeployError(
            f"{' and '.join(protected)} are protected against deletion; nothing was destroyed. To "
            "destroy the deployment with its history, set deletion_protection = false in "
            f"{var_file.name} and run make destroy again"
        )
    if subnets := aws.joined_subnets():
        raise DeployError(
            f"the poller has network interfaces in {', '.join(subnets)}, which Lambda can delete "
            "only while the function's role exists; nothing was destroyed. Add leaving = true to "
            "vpc, run make deploy, wait 20 minutes, and run make destroy again"
        )
    print(f"Planning to destroy {aws.place} ...", flush=True)
    found = planned(var_file, "-destroy")
    print(render(found), flush=True)
    if found.is_empty:
        return
    confirm("Destroy all of it?")
    aws.lift_protection(protected)
    run("apply", "-input=false", PLAN)


def secrets(aws: Aws, variables: dict[str, Any]) -> dict[str, str]:
    """Return the names of a deployment's secrets by Terraform address."""
    subscribers = (variables.get("subscribers") or {}).values()
    has_channels = any(each.get("protocol") == "channel" for each in subscribers)
    names = aws.target.names
    return {SECRET: names.secret} | ({CHANNELS: names.channels_secret} if has_channels else {})


def adopt_secret(aws: Aws, var_file: Path, address: str, name: str) -> None:
    """Restore a secret that was scheduled for deletion, by `make destroy` or with its last use."""
    secret = aws.waiting_secret(name)
    if secret is None:
        return
    aws.restore(secret)
    print(f"Restored {name}, which was scheduled for deletion: what it holds is in use again.")
    if address not in managed():
        quietly("import", "-input=false", f"-var-file={var_file}", address, secret.arn)


def managed() -> list[str]:
    """Return the addresses in the state; without any state Terraform fails to list them."""
    return terraform_run("state", "list", capture=True).stdout.splitlines()


def planned(var_file: Path, *options: str) -> Summary:
    """Write the plan and return its summary.

    Raises:
        DeployError: with a sentence for each problem.
    """
    done = terraform_run(
        "plan", "-input=false", "-json", f"-var-file={var_file}", f"-out={PLAN}", *options,
        capture=True,
    )  # fmt: skip
    found = summarise(done.stdout.splitlines())
    for warning in found.warnings:
        print(f"Warning: {warning}")
    if done.returncode:
        raise DeployError("\n".join(found.errors) or done.stderr.strip())
    return found


def confirm(question: str) -> None:
    """Ask, unless YES=1 answers.

    Raises:
        DeployError: when the answer is not yes, or there is no terminal to ask on.
    """
    if os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty():
        raise DeployError("nobody can be asked without a terminal: run it with YES=1 to go on")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise DeployError("stopped; nothing was changed")


def run(*arguments: str) -> None:
    """Run Terraform and show its output.

    Raises:
        DeployError: when it fails; its output says why.
    """
    if terraform_run(*arguments).returncode:
        raise DeployError(f"terraform {arguments[0]} failed; what it did so far is in the state")


def quietly(*arguments: str) -> str:
    """Run Terraform and return its output.

    Raises:
        DeployError: when it fails, with its output.
    """
    done = terraform_run(*arguments, capture=True)
    if done.returncode:
        raise DeployError(f"terraform {arguments[0]}:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout


def terraform_run(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run Terraform in infra/deploy."""
    return subprocess.run(
        [str(terraform.find()), f"-chdir={DEPLOY}", *arguments],
        check=False,
        capture_output=capture,
        text=True,
        env=terraform.environment(),
    )


if __name__ == "__main__":
    raise SystemExit(main())
