"""The wheel of balancectl, installed into an empty environment, away from the checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from shared.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(path.stem for path in (ROOT / "functions/balance_poller/providers").glob("*.json"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of its sources, with the installed setuptools."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("functions", "balancectl"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", output, source)
    return next(output.glob("*.whl"))


@pytest.fixture(scope="module")
def balancectl(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment that borrows the tests' third-party code.

    A ``.pth`` file lends the installed distributions, so no package is fetched. Paths that it adds
    come after the environment's own, and the editable install is not active from there.
    """
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    own = next((folder / "lib").glob("python*/site-packages"))
    lent = next(path for path in sys.path if path.endswith("site-packages"))
    (own / "lent.pth").write_text(f"{lent}\n")
    pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    return folder / "bin" / "balancectl"


def pip(*arguments: object) -> None:
    """Run the environment's pip without a network."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run([str(word) for word in command], check=True)


def run(program: Path, *arguments: str, folder: Path) -> str:
    """Run an installed program in an empty folder; return its output."""
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_every_definition_and_the_schema(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as zipped:
        names = zipped.namelist()

    assert wheel.name.startswith(f"balance_monitor-{VERSION}-")
    assert {f"balance_poller/providers/{name}.json" for name in SHIPPED} <= set(names)
    assert "balance_poller/provider.schema.json" in names
    assert not [name for name in names if name.startswith(("tests/", "scripts/", "infra/"))]


def test_installed_provider_list_when_run_then_lists_what_is_shipped(
    balancectl: Path, tmp_path: Path
) -> None:
    listed = json.loads(run(balancectl, "provider", "list", "--json", folder=tmp_path))

    assert [provider["name"] for provider in listed["providers"]] == SHIPPED


@pytest.mark.parametrize("command", ["verify", "preflight", "keys set", "local up"])
def test_installed_command_when_requested_help_then_prints_it(
    command: str, balancectl: Path, tmp_path: Path
) -> None:
    assert f"Usage: balancectl {command}" in run(
        balancectl, *command.split(), "--help", folder=tmp_path
    )


def test_installed_version_is_the_one_of_the_functions(balancectl: Path, tmp_path: Path) -> None:
    assert run(balancectl, "--version", folder=tmp_path) == f"balancectl {VERSION}\n"
