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


def test_zip_when_written_then_holds_code_with_its_bytecode_and_licences_alone(
    package: ModuleType, stage: Path, tmp_path: Path
) -> None:
    package.write_zip(stage, tmp_path / "a.zip")

    with zipfile.ZipFile(tmp_path / "a.zip") as zipped:
        names = zipped.namelist()
    assert names == [
        "lib-1.0.dist-info/LICENSE",
        "lib-1.0.dist-info/METADATA",
        "lib/__init__.py",
        "lib/__pycache__/names.cpython-313.pyc",
        "shared/names.py",
    ]


def test_bytecode_when_compiled_in_different_folders_then_is_the_same_and_of_the_named_alone(
    package: ModuleType, tmp_path: Path
) -> None:
    compiled = []
    for folder in (tmp_path / "one", tmp_path / "another" / "place"):
        for name in ("shared/names.py", "single.py", "left/alone.py"):
            file = package.make_folder((folder / name).parent) / Path(name).name
            file.write_text("def is_vowel(text): return text in {'a', 'e', 'i', 'o', 'u'}\n")
        package.compile_bytecode(folder, ("shared", "single.py", "not there"))
        found = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.pyc")}
        compiled.append(found)

    assert compiled[0] == compiled[1]
    assert {path.parts[0] for path in compiled[0]} == {"shared", "__pycache__"}


def test_powertools_when_reduced_then_keeps_the_one_utility_that_the_logger_loads(
    package: ModuleType, tmp_path: Path
) -> None:
    for name in ("event_handler", "logging", "utilities/parser", "utilities/jmespath_utils"):
        package.make_folder(tmp_path / name)
    (tmp_path / "utilities" / "__init__.py").touch()
    (tmp_path / "middleware_factory").mkdir()

    package.reduce_powertools(tmp_path)
    package.reduce_powertools(tmp_path / "not there")

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {"logging", "utilities", "utilities/__init__.py", "utilities/jmespath_utils"}


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
