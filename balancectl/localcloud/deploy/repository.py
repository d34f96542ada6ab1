"""The repository and its scripts: the local cloud builds and applies what is in the checkout."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from balancectl.localcloud.errors import RepositoryError

ROOT: Final = Path(__file__).resolve().parents[3]
LOCAL: Final = ROOT / ".local"
"""The folder for everything that the local cloud writes."""
PACKAGES: Final = ROOT / "dist"


def build_packages() -> None:
    """Build dist/*.zip as ``make build`` does.

    Raises:
        RepositoryError: when the build fails; the text says why.
    """
    done = subprocess.run(  # noqa: S603 -- our own script
        [sys.executable, str(_script("package"))], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RepositoryError(done.stderr.strip())


@cache
def terraform_script() -> ModuleType:
    """Return ``scripts/terraform.py`` as a module: it finds Terraform and stages the stack.

    Raises:
        RepositoryError: outside a checkout.
    """
    spec = importlib.util.spec_from_file_location("local_terraform", _script("terraform"))
    if spec is None or spec.loader is None:
        raise RepositoryError("scripts/terraform.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _script(name: str) -> Path:
    """Return the path of a script of the repository."""
    script = ROOT / "scripts" / f"{name}.py"
    if not script.exists():
        raise RepositoryError(f"{script} is missing: the local cloud runs from a checkout")
    return script
