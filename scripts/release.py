"""Build the files that a release publishes in dist/release/, from the checked-out commit.

    python scripts/release.py [--tag v0.2.0]

Function zips, the Terraform module with the provider definitions, the wheel of balancectl, a
CycloneDX bill of materials for each zip, and SHA256SUMS over all of it. Publishes nothing itself.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "dist" / "release"
SBOM = ROOT / ".venv-release" / "bin" / "cyclonedx-py"
FUNCTIONS = ("balance_poller", "alert_router", "courier", "status_page")
#: What the module reads: itself, the root that calls it, and the definitions, at their paths in the
#: repository, so that a git source and the archive work alike.
MODULE = (
    "infra",
    "functions/balance_poller/providers",
    "functions/balance_poller/provider.schema.json",
    "docs",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
)


class ReleaseError(Exception):
    """A release would not be what its tag promises."""


def main() -> int:
    """Build the release and print its files; return 1 if it cannot be built."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tag", default="", help="the tag that is released; checked if given")
    tag: str = parser.parse_args().tag
    try:
        version = read_version()
        check(tag, version)
        build(version)
    except (ReleaseError, subprocess.CalledProcessError) as exc:
        print(f"release: {exc}", file=sys.stderr)
        return 1
    print((RELEASE / "SHA256SUMS").read_text(encoding="utf-8"), end="")
    return 0


def check(tag: str, version: str) -> None:
    """Refuse to release an inconsistent state.

    Raises:
        ReleaseError: when the tag does not match the version, the changelog has no section for it,
            or the checkout has uncommitted changes.
    """
    if tag and tag != f"v{version}":
        raise ReleaseError(f"the tag is {tag}, but the version is {version}: expected v{version}")
    if f"\n## [{version}]" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise ReleaseError(f"CHANGELOG.md has no section [{version}]")
    if changes := run("git", "status", "--porcelain"):
        raise ReleaseError(f"commit or remove these first:\n{changes}")


def build(version: str) -> None:
    """Build every file of the release into an empty dist/release/."""
    shutil.rmtree(RELEASE, ignore_errors=True)
    RELEASE.mkdir(parents=True)
    run(sys.executable, "scripts/package.py", "--output", str(RELEASE))
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--wheel-dir", str(RELEASE), ".",
    )  # fmt: skip
    module = f"balance-monitor-{version}-terraform"
    run(
        "git", "archive", f"--prefix={module}/", "--format=tar.gz",
        f"--output={RELEASE / module}.tar.gz", "HEAD", *MODULE,
    )  # fmt: skip
    for function in FUNCTIONS:
        run(
            str(SBOM), "requirements", f"requirements/{function}.txt", "--output-reproducible",
            "--output-format", "JSON", "--output-file", str(RELEASE / f"{function}.cdx.json"),
        )  # fmt: skip
    write_digests()


def write_digests() -> None:
    """Write SHA256SUMS in the form that `sha256sum --check` reads."""
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(RELEASE.iterdir())
    ]
    (RELEASE / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def read_version() -> str:
    """Return the checkout's version."""
    text = (ROOT / "functions" / "shared" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^VERSION: Final = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise ReleaseError("functions/shared/version.py has no version")
    return found[1]


def run(*command: str) -> str:
    """Run ``command`` in the repository and return its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise ReleaseError(f"{command[0]} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
