"""Two releases side by side: the previous one from git, and this one from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: The release to upgrade from: the last commit before the module, which was never tagged.
PREVIOUS = "52a3e69"


@dataclass(frozen=True)
class Release:
    """One release's tree, and the environment that leads it to the local cloud."""

    tree: Path
    environment: Mapping[str, str]

    def run(self, *command: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program of the release, with the release's own packages first."""
        paths = os.pathsep.join(map(str, (self.tree / "functions", self.tree)))
        return subprocess.run(
            [sys.executable, *command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.tree,
            env={**self.environment, "PYTHONPATH": paths, **more},
        )

    def must(self, *command: str, stdin: str = "", **more: str) -> str:
        """Run a program that must succeed, and return its output."""
        done = self.run(*command, stdin=stdin, **more)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout

    def balancectl(self, *arguments: str, stdin: str = "") -> str:
        """Run the release's command line."""
        return self.must("-m", "balancectl", *arguments, stdin=stdin)

    def build(self) -> None:
        """Build the release's zips from the wheels that this checkout already has."""
        wheels = ROOT / "build" / "wheels"
        if wheels.exists():
            shutil.copytree(wheels, self.tree / "build" / "wheels", dirs_exist_ok=True)
        self.must("scripts/package.py")


def previous(folder: Path, environment: Mapping[str, str]) -> Release:
    """Unpack the previous release under ``folder``.

    Raises:
        AssertionError: when the history does not go back that far.
    """
    done = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "--format=tar", PREVIOUS],  # noqa: S607
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (
        f"the previous release is commit {PREVIOUS}, and this checkout does not have it: fetch the "
        "whole history (git fetch --unshallow), or run the other tests"
    )
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return Release(folder, environment)


def present(folder: Path, environment: Mapping[str, str]) -> Release:
    """Copy this release under ``folder``: a checkout's files, with all uncommitted changes."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return Release(folder, environment)


def write_variables(file: Path, variables: Mapping[str, Any]) -> Path:
    """Write a file of Terraform variables."""
    file.write_text(json.dumps(variables), "utf-8")
    return file
