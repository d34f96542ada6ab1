"""Build dist/<function>.zip: exactly what one function imports, byte for byte reproducible.

    python scripts/package.py [--output DIR]

Third-party code comes from the function's hashed lock; machine code is refused, or left out if a
library works without it, so that the same bytes run on arm64, x86 and a laptop. boto3 is left to
the Lambda runtime. The zips also hold the bytecode of what every cold start loads (ADR 19).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHEELS = ROOT / "build" / "wheels"
FUNCTIONS = ("balance_poller", "alert_router", "courier", "status_page")

#: The earliest date a zip can hold; it must never vary, or every build would redeploy.
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644 << 16

LEFT_OUT_FOLDERS = {"bin"}
LEFT_OUT_SUFFIXES = {".c", ".pyi"}
POWERTOOLS = "aws_lambda_powertools"
#: Most of Powertools serves what no function here does; of its utilities, the logger loads one.
LEFT_OUT_OF_POWERTOOLS = ("event_handler", "middleware_factory")
KEPT_UTILITY = "jmespath_utils"
#: What is compiled beside the function and ``shared``: all that an import of the handler loads.
#: With the bytecode of the HTTP client, loaded later, the poller's zip would exceed 2 MB.
COMPILED = (POWERTOOLS, "jmespath", "typing_extensions.py", "jinja2", "markupsafe")
#: A distribution's metadata is reduced to licence files and what importlib.metadata needs for the
#: version.
KEPT_METADATA = {"METADATA", "LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE", "COPYING"}
COMPILED_SUFFIXES = {".so", ".pyd", ".dylib", ".dll"}
#: Libraries whose compiled parts only make them faster.
OPTIONALLY_COMPILED = {"charset_normalizer", "markupsafe", "yaml"}


class PackagingError(Exception):
    """A zip would not be reproducible or portable."""


def main() -> int:
    """Build the zips and print their size and digest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    output: Path = parser.parse_args().output
    try:
        for function in FUNCTIONS:
            archive = build(function, output)
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            size = archive.stat().st_size / 1024
            print(f"{archive.name}  {size:,.0f} KiB  sha256:{digest[:16]}")
    except PackagingError as exc:
        print(f"package: {exc}", file=sys.stderr)
        return 1
    return 0


def build(function: str, output: Path) -> Path:
    """Build one function's zip under ``output`` and return its path.

    Raises:
        PackagingError: when the lock cannot be installed or brings compiled code.
    """
    archive = make_folder(output) / f"{function}.zip"
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        install(function, stage)
        reduce_powertools(stage / POWERTOOLS)
        for package in ("shared", function):
            without = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "functions" / package, stage / package, ignore=without)
        compile_bytecode(stage, ("shared", function, *COMPILED))
        write_zip(stage, archive)
    return archive


def reduce_powertools(package: Path) -> None:
    """Remove what no function loads, where Powertools is installed."""
    if not package.exists():
        return
    utilities = (folder for folder in package.glob("utilities/*/") if folder.name != KEPT_UTILITY)
    for folder in (*(package / name for name in LEFT_OUT_OF_POWERTOOLS), *utilities):
        shutil.rmtree(folder)


def compile_bytecode(stage: Path, names: Iterable[str]) -> None:
    """Add the bytecode of what is in ``stage`` of ``names``.

    Python ignores it where its version differs from the one that builds, or the source was changed.
    A fresh interpreter compiles: what else one has loaded can show in the bytes.
    """
    subprocess.run(
        [
            sys.executable, "-I", "-m", "compileall", "-q", "--invalidation-mode", "checked-hash",
            "-s", str(stage), *(str(stage / name) for name in names if (stage / name).exists()),
        ],
        check=True,
    )  # fmt: skip


def install(function: str, stage: Path) -> None:
    """Install exactly the function's lock into ``stage``."""
    lock = ROOT / "requirements" / f"{function}.txt"
    wheels = wheelhouse(lock)
    pip(lock, "install", "--target", str(stage), "--no-index", "--find-links", str(wheels),
        "--no-compile")  # fmt: skip


def wheelhouse(lock: Path) -> Path:
    """Return the folder with the lock's wheels; download them on first use of this lock.

    A second build then needs no network, and cannot differ because an index changed.
    """
    wheels = WHEELS / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not wheels.exists():
        partial = wheels.with_suffix(f".{os.getpid()}.partial")
        pip(lock, "download", "--dest", str(make_folder(partial)))
        try:
            partial.rename(wheels)
        except OSError:  # another build was faster
            shutil.rmtree(partial)
    return wheels


def pip(lock: Path, command: str, *options: str) -> None:
    """Run pip on ``lock``: hashes required, wheels only, and no dependency from outside it."""
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check",
            "--requirement", str(lock), "--require-hashes", "--no-deps", "--only-binary", ":all:",
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise PackagingError(f"cannot {command} {lock.name}:\n{done.stderr.strip()}")


def make_folder(folder: Path) -> Path:
    """Make ``folder`` and its parents if necessary, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_zip(stage: Path, archive: Path) -> None:
    """Write ``stage`` as a zip whose bytes depend on nothing but the files' names and contents."""
    # A unique name, because two builds may run side by side.
    partial = archive.with_suffix(f".{os.getpid()}.partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in sorted(files(stage), key=lambda file: file.relative_to(stage).as_posix()):
            if path.suffix in COMPILED_SUFFIXES:
                raise PackagingError(f"compiled code in the zip: {path.relative_to(stage)}")
            info = zipfile.ZipInfo(path.relative_to(stage).as_posix(), FIXED_DATE)
            info.external_attr = FILE_MODE
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(info, path.read_bytes())
    partial.replace(archive)


def files(stage: Path) -> Iterator[Path]:
    """Yield the files of ``stage`` that belong in a zip."""
    for path in stage.rglob("*"):
        parts = path.relative_to(stage).parts
        if not path.is_file() or path.suffix in LEFT_OUT_SUFFIXES:
            continue
        if LEFT_OUT_FOLDERS & set(parts) or path.name.startswith("."):
            continue
        if path.suffix in COMPILED_SUFFIXES and parts[0] in OPTIONALLY_COMPILED:
            continue
        if parts[0].endswith(".dist-info") and path.name not in KEPT_METADATA:
            continue
        yield path


if __name__ == "__main__":
    raise SystemExit(main())
