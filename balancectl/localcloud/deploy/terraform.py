"""Runs Terraform on a copy of the root, against the emulator only, and reports its progress."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from balancectl.localcloud.deploy.repository import terraform_script
from balancectl.localcloud.errors import DeploymentError

#: Where Terraform's plugins come from: scripts/terraform.py decides.
_TERRAFORM_SETTINGS: Final = ("CHECKPOINT_DISABLE", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE")


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an apply."""

    done: int
    total: int
    resource: str
    """The address of the resource just created or updated."""


OnStage = Callable[[str, Progress | None], None]
"""Called with a stage when it begins, and with its progress as it continues."""


@dataclass
class Terraform:
    """Terraform for one deployment; its state and plans are below ``folder``."""

    environment: Mapping[str, str]
    """A complete environment that reaches one emulator and nothing else."""
    folder: Path

    @property
    def state_file(self) -> Path:
        """The state file."""
        return self.folder / "terraform.tfstate"

    @cached_property
    def root(self) -> Path:
        """A copy of the Terraform root, without the user's state, backend or tfvars."""
        staged: Path = terraform_script().stage(self.folder / "staged")
        return staged

    def apply(
        self,
        variable_files: Sequence[Path],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Run ``init`` and ``apply``.

        Raises:
            DeploymentError: with Terraform's error output.
        """
        self._run("init", "-input=false", "-no-color")
        options = [*self._options(variable_files), "-auto-approve", "-json", "-parallelism=20"]
        errors = []
        total = done = 0
        with self._running("apply", *options) as run:
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
        """Return a plan against the current state, as Terraform's JSON document.

        Raises:
            DeploymentError: with Terraform's error output.
        """
        file = self.folder / "local.tfplan"
        self._run("plan", *self._options(variable_files), f"-out={file}")
        document: dict[str, Any] = json.loads(self._run("show", "-json", str(file)))
        return document

    def output(self) -> dict[str, Any]:
        """Return Terraform's outputs by name."""
        text = self._run("output", f"-state={self.state_file}", "-json")
        return {name: output["value"] for name, output in json.loads(text).items()}

    def _options(self, variable_files: Sequence[Path]) -> list[str]:
        """Return the options that an apply and a plan share."""
        return [
            *(f"-var-file={file}" for file in variable_files),
            f"-state={self.state_file}",
            "-input=false",
        ]

    def _run(self, *arguments: str) -> str:
        """Run Terraform in the staged root and return its output."""
        with self._running(*arguments) as run:
            output, errors = run.communicate()
        if run.returncode:
            raise DeploymentError(f"terraform {arguments[0]}:\n{errors.strip() or output.strip()}")
        return output

    @contextmanager
    def _running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run Terraform; stop it and its plugins when the block exits, even by Ctrl-C."""
        script = terraform_script()
        run = subprocess.Popen(  # noqa: S603 -- the Terraform that scripts/terraform.py found
            [str(script.find()), f"-chdir={self.root}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=_terraform_environment(self.environment),
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


def _terraform_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without any settings of the user's own deployments."""
    found = terraform_script().environment()
    kept = {name: value for name, value in found.items() if name.startswith(_TERRAFORM_SETTINGS)}
    own = {name: value for name, value in environment.items() if not name.startswith("TF_")}
    return own | kept


def _events(run: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield the events that Terraform reports with ``-json``."""
    for line in run.stdout or ():
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                yield event


def _is_change(event: Mapping[str, Any]) -> bool:
    """Whether a resource was created or updated, not merely read."""
    return event["hook"].get("action") in ("create", "update")


def _diagnostic(event: Mapping[str, Any]) -> str:
    """Return an error event as text."""
    diagnostic = event.get("diagnostic", {})
    parts = (
        diagnostic.get("summary") or event.get("@message", ""),
        diagnostic.get("detail", ""),
        diagnostic.get("address", ""),
    )
    return ": ".join(part for part in parts if part)
