"""What goes into a zip, and that its bytes depend on nothing else."""

from __future__ import annotations

import importlib.util
import os
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def package() -> ModuleType:
    """Return scripts/package.py as a module."""
    spec = importlib.util.spec_from_file_location("package", ROOT / "scripts" / "package.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A stage with code, and with what must stay out of a zip."""
    folder = tmp_path / "stage"
    for name in (
        "shared/names.py",
        "lib/__init__.py",
        "lib/__pycache__/names.cpython-313.pyc",
        "lib/types.pyi",
        "bin/tool",
        ".lock",
        "lib-1.0.dist-info/METADATA",
        "lib-1.0.dist-info/LICENSE",
        "lib-1.0.dist-info/RECORD",
        "markupsafe/_speedups.cpython-313-aarch64-linux-gnu.so",
        "markupsafe/_speedups.c",
    ):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


def test_zip_when_written_then_holds_code_and_licences_alone(
    package: ModuleType, stage: Path, tmp_path: Path
) -> None:
    package.write_zip(stage, tmp_path / "a.zip")

    with zipfile.ZipFile(tmp_path / "a.zip") as zipped:
        names = zipped.namelist()
    assert names == [
        "lib-1.0.dist-info/LICENSE",
        "lib-1.0.dist-info/METADATA",
        "lib/__init__.py",
        "shared/names.py",
    ]


def test_zip_when_files_are_touched_or_get_other_modes_then_stays_the_same(
    package: ModuleType, stage: Path, tmp_path: Path
) -> None:
    package.write_zip(stage, tmp_path / "a.zip")
    for file in stage.rglob("*.py"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
        file.chmod(0o700)
    package.write_zip(stage, tmp_path / "b.zip")

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize("name", ["fast.so", "fast.pyd", "libfast.dylib", "fast.dll"])
def test_zip_when_code_is_compiled_then_is_refused(
    package: ModuleType, stage: Path, tmp_path: Path, name: str
) -> None:
    (stage / "lib" / name).write_bytes(b"\x7fELF")

    with pytest.raises(package.PackagingError, match=name):
        package.write_zip(stage, tmp_path / "a.zip")

    assert not (tmp_path / "a.zip").exists()
