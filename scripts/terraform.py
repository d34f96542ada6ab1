"""Run Terraform: the one on PATH, else a pinned release; its provider from a mirror, if any.

    python scripts/terraform.py ARGUMENT...

Everything that is fetched or generated goes under .tools/. A TF_CLI_CONFIG_FILE that exists, or a
~/.terraformrc, is the user's own choice of providers and stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
INFRA = Path("infra")
DEPLOY = Path("infra/deploy")
DEFINITIONS = Path("functions/balance_poller/providers")

#: As in infra/terraform/terraform.tf: validations there read other variables.
OLDEST = (1, 9)
#: As in infra/deploy/terraform.tf.
PROVIDER = Path("registry.terraform.io/hashicorp/aws")
PROVIDER_FROM, PROVIDER_BELOW = (5, 100), (6,)

PINNED = "1.11.4"
#: Digests of the release's archives, as HashiCorp publishes them (terraform_1.11.4_SHA256SUMS,
#: and hashicorp/homebrew-tap Formula/terraform.rb at that version; read 2026-11).
DIGESTS = {
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}


class TerraformError(Exception):
    """Terraform is unavailable; the text says why."""


def main() -> int:
    """Become Terraform with this program's arguments."""
    try:
        program, variables = find(), environment()
    except TerraformError as exc:
        print(f"terraform: {exc}", file=sys.stderr)
        return 1
    return os.execve(program, [str(program), *sys.argv[1:]], variables)  # noqa: S606 -- no shell


def find() -> Path:
    """Return Terraform's path: new enough on PATH, fetched before, or fetched now.

    Raises:
        TerraformError: when it must be fetched and cannot be.
    """
    on_path = shutil.which("terraform")
    if on_path and version(Path(on_path)) >= OLDEST:
        return Path(on_path)
    fetched = TOOLS / f"terraform-{PINNED}" / "terraform"
    return fetched if fetched.exists() else fetch(fetched)


def version(program: Path) -> tuple[int, ...]:
    """Return the version of ``program``; (0,) if it reports none."""
    done = subprocess.run(
        [str(program), "version", "-json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
    )
    try:
        # Any text before the document is a warning about the user's configuration.
        found = str(json.loads(done.stdout[done.stdout.index("{") :])["terraform_version"])
    except (ValueError, KeyError):
        return (0,)
    return numbers(found)


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version: "1.9.0-rc1" is (1, 9, 0)."""
    return tuple(int(part) for part in re.findall(r"\d+", text.split("-", maxsplit=1)[0]))


def fetch(destination: Path) -> Path:
    """Fetch the pinned release, check its digest, and put the program at ``destination``.

    Raises:
        TerraformError: for an unknown platform, a failed download or another digest.
    """
    system = this_platform()
    if system not in DIGESTS:
        raise TerraformError(f"no release is pinned for {system}; install Terraform 1.9 or newer")
    url = f"https://releases.hashicorp.com/terraform/{PINNED}/terraform_{PINNED}_{system}.zip"
    print(f"Fetching Terraform {PINNED} ...", file=sys.stderr)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent) as folder:
        archive = Path(folder) / "terraform.zip"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer, archive.open("wb") as file:
                shutil.copyfileobj(answer, file)
        except OSError as exc:
            raise TerraformError(
                f"cannot fetch {url}: {exc}; install Terraform 1.9 or newer"
            ) from exc
        unpack(archive, DIGESTS[system], destination)
    return destination


def unpack(archive: Path, digest: str, destination: Path) -> None:
    """Move the program out of ``archive`` to ``destination``, if the archive has that ``digest``.

    Raises:
        TerraformError: when it has another one.
    """
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != digest:
        raise TerraformError(f"what was fetched has the digest {found}, expected {digest}")
    with zipfile.ZipFile(archive) as zipped:
        program = Path(zipped.extract("terraform", archive.parent))
    program.chmod(0o755)
    program.replace(destination)


def this_platform() -> str:
    """Return the platform of this machine as releases name it: "linux_amd64"."""
    machine = platform.machine().lower()
    processor = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}_{processor}"


def environment() -> dict[str, str]:
    """Return the environment in which Terraform finds its provider and checks for no updates."""
    variables = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    if has_own_configuration():
        return variables
    TOOLS.mkdir(exist_ok=True)
    if found := mirrors():
        variables["TF_CLI_CONFIG_FILE"] = str(write_configuration(found))
        return variables
    variables.pop("TF_CLI_CONFIG_FILE", None)
    if "TF_PLUGIN_CACHE_DIR" not in variables:
        # The provider takes some 600 MB: one copy serves every folder that needs it. There is no
        # lock file for the cache to break.
        cache = TOOLS / "plugin-cache"
        cache.mkdir(exist_ok=True)
        variables["TF_PLUGIN_CACHE_DIR"] = str(cache)
        variables["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "true"
    return variables


def has_own_configuration() -> bool:
    """Whether the user has a CLI configuration: a named file that exists, or ~/.terraformrc."""
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    return Path(named).exists() if named else (Path.home() / ".terraformrc").exists()


def write_configuration(folders: Sequence[Path]) -> Path:
    """Write a CLI configuration that takes the AWS provider from ``folders`` alone."""
    paths = "".join(
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(folder))}\n"
        f'    include = ["{PROVIDER}"]\n  }}\n'
        for folder in folders
    )
    text = f'provider_installation {{\n{paths}  direct {{\n    exclude = ["{PROVIDER}"]\n  }}\n}}\n'
    file = TOOLS / "terraform.rc"
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        partial = TOOLS / f"terraform.rc.{os.getpid()}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    return file


def mirrors() -> list[Path]:
    """Return this machine's provider mirrors with a matching provider."""
    candidates = [
        Path.home() / ".terraform.d" / "plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *sorted(Path("/opt").glob("*/")),
    ]
    return [folder for folder in candidates if any(fits(v) for v in provider_versions(folder))]


def provider_versions(mirror: Path) -> Iterator[tuple[int, ...]]:
    """Yield the versions of the AWS provider for this platform in ``mirror``, packed or not."""
    folder = mirror / PROVIDER
    for unpacked in folder.glob(f"*/{this_platform()}"):
        yield numbers(unpacked.parent.name)
    for packed in folder.glob(f"terraform-provider-aws_*_{this_platform()}.zip"):
        yield numbers(packed.name.split("_")[1])


def fits(found: tuple[int, ...]) -> bool:
    """Whether the stack's constraint admits this version of the provider."""
    return PROVIDER_FROM <= found < PROVIDER_BELOW


def stage(destination: Path) -> Path:
    """Copy infra/ and the definitions under ``destination``; return the root module's folder there.

    A second deployment, such as the local cloud's, thus shares neither state nor backend with the
    one in place. Terraform's own files in the folder survive another call.
    """
    left_out = shutil.ignore_patterns(
        ".terraform*",
        "*.tfstate*",
        "*.tfplan",
        "*_override.tf",
        "*.auto.tfvars",
        "terraform.tfvars",
    )
    for old in [
        *(destination / INFRA).rglob("*.tf"),
        *(destination / DEFINITIONS).glob("*.json"),
    ]:
        old.unlink()
    for folder in (INFRA, DEFINITIONS):
        shutil.copytree(ROOT / folder, destination / folder, ignore=left_out, dirs_exist_ok=True)
    return destination / DEPLOY


if __name__ == "__main__":
    raise SystemExit(main())
