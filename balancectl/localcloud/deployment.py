"""The real Terraform root, applied to an emulator, and what a person then does with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from balancectl.localcloud.emulator import Emulator
from balancectl.localcloud.errors import DeploymentError
from balancectl.localcloud.repository import PACKAGES, ROOT, terraform_script
from shared.names import DEFAULT_NAME, StackNames
from shared.times import format_time

SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"

#: What differs from a deployment on AWS, and nothing else.
LOCAL_VARIABLES: Final = {
    "allow_http_loopback": True,
    "deletion_protection": False,
    "secret_recovery_days": 0,
}

#: Where Terraform's plugins come from: scripts/terraform.py decides.
_TERRAFORM_SETTINGS: Final = ("CHECKPOINT_DISABLE", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an apply is."""

    done: int
    total: int
    resource: str
    """What was just made."""


OnStage = Callable[[str, Progress | None], None]
"""Is told which stage begins, and with a progress how far it is."""


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

    @property
    def state_file(self) -> Path:
        """Terraform's state."""
        return self.folder / "terraform.tfstate"

    @cached_property
    def root(self) -> Path:
        """A copy of the Terraform root, so that no state, backend or tfvars of the user is met."""
        staged: Path = terraform_script().stage(self.folder / "staged")
        return staged

    def apply(
        self,
        variable_files: Sequence[Path],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Run ``terraform init`` and ``apply``.

        Raises:
            DeploymentError: with Terraform's own words.
        """
        self._terraform("init", "-input=false", "-no-color")
        options = [*self._variables(variable_files), f"-state={self.state_file}", "-input=false"]
        errors = []
        total = done = 0
        with self._running("apply", "-auto-approve", "-json", "-parallelism=20", *options) as run:
            for event in _events(run):
                if event.get("type") == "change_summary" and not total:
                    total = event["changes"]["add"] + event["changes"]["change"]
                elif event.get("type") == "apply_complete" and _is_change(event):
                    done += 1
                    if on_progress:
                        on_progress(Progress(done, total, event["hook"]["resource"]["addr"]))
                elif event.get("@level") == "error":
                    errors.append(_diagnostic(event))
        if run.returncode or errors:
            raise DeploymentError("\n".join(errors) or "terraform apply failed")

    def plan(self, variable_files: Sequence[Path]) -> dict[str, Any]:
        """Return a plan against the present state as Terraform's JSON document.

        Raises:
            DeploymentError: with Terraform's own words.
        """
        file = self.folder / "local.tfplan"
        self._terraform(
            "plan", *self._variables(variable_files), f"-state={self.state_file}",
            "-input=false", f"-out={file}",
        )  # fmt: skip
        document: dict[str, Any] = json.loads(self._terraform("show", "-json", str(file)))
        return document

    def output(self) -> dict[str, Any]:
        """Return Terraform's outputs by name."""
        text = self._terraform("output", f"-state={self.state_file}", "-json")
        return {name: output["value"] for name, output in json.loads(text).items()}

    def balancectl(
        self,
        *arguments: str,
        stdin: str = "",
        exits: Sequence[int] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run the operator's command line against this stack and return what it prints.

        Args:
            arguments: the command and what follows it.
            stdin: its standard input.
            exits: the exit codes that are no failure.
            environment: what differs from the environment of the cloud's root.

        Raises:
            DeploymentError: when it fails; with what it said.
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
            said = done.stderr.strip() or done.stdout.strip()
            raise DeploymentError(f"balancectl {arguments[0]} ({done.returncode}): {said}")
        return done.stdout

    def import_keys(self, keys: Mapping[str, str]) -> None:
        """Store the accounts' keys, through standard input, as a person would.

        Raises:
            DeploymentError: when ``balancectl keys import`` fails.
        """
        self.balancectl("keys", "import", stdin=json.dumps(dict(keys)))

    def poll(self, at: datetime) -> list[dict[str, Any]]:
        """Run every shard's poll as its schedule would at ``at``; return the runs' reports.

        Raises:
            DeploymentError: when a run fails as a whole.
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

    def _variables(self, files: Sequence[Path]) -> list[str]:
        """Return the options for the local cloud's variables and for ``files``."""
        local = self.folder / "local.tfvars.json"
        local.write_text(
            json.dumps(LOCAL_VARIABLES | {"name": self.name, "package_dir": str(PACKAGES)})
        )
        return [f"-var-file={file}" for file in (local, *files)]

    def _terraform(self, *arguments: str) -> str:
        """Run Terraform in the staged root and return what it prints."""
        with self._running(*arguments) as run:
            output, errors = run.communicate()
        if run.returncode:
            raise DeploymentError(f"terraform {arguments[0]}:\n{errors.strip() or output.strip()}")
        return output

    @contextmanager
    def _running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run Terraform; it and its plugins end with the block, Ctrl-C included."""
        script = terraform_script()
        run = subprocess.Popen(  # noqa: S603 -- the Terraform that scripts/terraform.py found
            [str(script.find()), f"-chdir={self.root}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=_terraform_environment(self.emulator),
        )
        try:
            yield run
            run.wait()
        finally:
            with suppress(ProcessLookupError):
                if run.poll() is None:
                    os.killpg(run.pid, signal.SIGKILL)
            for stream in (run.stdout, run.stderr):
                if stream:
                    stream.close()
            run.wait()


def _terraform_environment(emulator: Emulator) -> dict[str, str]:
    """Return an environment in which Terraform meets no settings of the user's deployments."""
    found = terraform_script().environment()
    kept = {name: value for name, value in found.items() if name.startswith(_TERRAFORM_SETTINGS)}
    cloud = emulator.environment()
    return {name: value for name, value in cloud.items() if not name.startswith("TF_")} | kept


def _events(run: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield what Terraform reports with ``-json``."""
    for line in run.stdout or ():
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                yield event


def _is_change(event: Mapping[str, Any]) -> bool:
    """Whether something was made or changed, and not merely read."""
    return event["hook"].get("action") in ("create", "update")


def _diagnostic(event: Mapping[str, Any]) -> str:
    """Return an error of Terraform's as text."""
    diagnostic = event.get("diagnostic", {})
    parts = (
        diagnostic.get("summary") or event.get("@message", ""),
        diagnostic.get("detail", ""),
        diagnostic.get("address", ""),
    )
    return ": ".join(part for part in parts if part)
