"""One deployment in an emulator: Terraform, balancectl, keys and polls."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from balancectl.localcloud.deploy.repository import PACKAGES, ROOT
from balancectl.localcloud.deploy.terraform import Progress, Terraform
from balancectl.localcloud.emulator.emulator import Emulator
from balancectl.localcloud.errors import DeploymentError
from shared.names import DEFAULT_NAME, StackNames
from shared.times import format_time

SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"

#: The only variables that differ from a deployment on AWS.
LOCAL_VARIABLES: Final = {
    "allow_http_loopback": True,
    "deletion_protection": False,
    "secret_recovery_days": 0,
}


@dataclass
class Deployment:
    """One deployment of the stack in the emulator; its files lie under ``folder``."""

    emulator: Emulator
    folder: Path
    name: str = DEFAULT_NAME

    @property
    def names(self) -> StackNames:
        """The names of the stack's resources."""
        return StackNames(self.name)

    @cached_property
    def _terraform(self) -> Terraform:
        """Terraform for this deployment."""
        return Terraform(self.emulator.environment(), self.folder)

    def apply(
        self,
        variable_files: Sequence[Path],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Apply the stack with ``variable_files``.

        Raises:
            DeploymentError: with Terraform's error output.
        """
        self._terraform.apply(self._with_local(variable_files), on_progress)

    def plan(self, variable_files: Sequence[Path]) -> dict[str, Any]:
        """Return the changes that an apply would make, as Terraform's JSON document.

        Raises:
            DeploymentError: with Terraform's error output.
        """
        return self._terraform.plan(self._with_local(variable_files))

    def output(self) -> dict[str, Any]:
        """Return Terraform's outputs by name."""
        return self._terraform.output()

    def balancectl(
        self,
        *arguments: str,
        stdin: str = "",
        exits: Sequence[int] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run balancectl against this stack and return its output.

        Args:
            arguments: the command and its arguments.
            stdin: its standard input.
            exits: the exit codes that count as success.
            environment: additions to the environment, which has root's credentials.

        Raises:
            DeploymentError: when it fails; with its error output.
        """
        done = subprocess.run(  # noqa: S603 -- our own command
            [sys.executable, "-m", "balancectl", "--name", self.name, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env=self.emulator.environment() | dict(environment or {}),
        )
        if done.returncode not in exits:
            output = f"{done.stdout}\n{done.stderr}".strip()
            raise DeploymentError(f"balancectl {arguments[0]} ({done.returncode}): {output}")
        return done.stdout

    def import_keys(self, keys: Mapping[str, str]) -> None:
        """Store the accounts' keys, passed through standard input.

        Raises:
            DeploymentError: when ``balancectl keys import`` fails.
        """
        self.balancectl("keys", "import", stdin=json.dumps(dict(keys)))

    def poll(self, at: datetime) -> list[dict[str, Any]]:
        """Run every shard's poll as its schedule would at ``at``; return the runs' reports.

        Raises:
            DeploymentError: when a run fails.
        """
        functions = self.emulator.client("lambda")
        reports = []
        for event in self.poll_events(at):
            answer = functions.invoke(
                FunctionName=self.names.poller_function, Payload=json.dumps(event).encode()
            )
            report = json.loads(answer["Payload"].read())
            if answer.get("FunctionError"):
                raise DeploymentError(f"the poller failed: {report}")
            reports.append(report)
        return reports

    def poll_events(self, at: datetime) -> list[dict[str, Any]]:
        """Return the poll schedules' inputs with ``at`` as their scheduled time."""
        scheduler, group = self.emulator.client("scheduler"), self.names.schedule_group
        pages = scheduler.get_paginator("list_schedules").paginate(
            GroupName=group, NamePrefix=self.names.poll_schedule_prefix
        )
        names = [schedule["Name"] for page in pages for schedule in page["Schedules"]]
        inputs = [
            scheduler.get_schedule(GroupName=group, Name=name)["Target"]["Input"] for name in names
        ]
        return [json.loads(text.replace(SCHEDULED_TIME, format_time(at))) for text in inputs]

    def _with_local(self, files: Sequence[Path]) -> list[Path]:
        """Return ``files``, preceded by the local cloud's own variables."""
        local = self.folder / "local.tfvars.json"
        zips = {
            "poller": "balance_poller",
            "router": "alert_router",
            "status_page": "status_page",
            "courier": "courier",
        }
        packages = {key: {"filename": str(PACKAGES / f"{zip_}.zip")} for key, zip_ in zips.items()}
        own = {"name": self.name, "packages": packages}
        local.write_text(json.dumps(LOCAL_VARIABLES | own), "utf-8")
        return [local, *files]
