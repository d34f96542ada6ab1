"""scripts/terraform.py: which Terraform, which provider, and a copy of the stack elsewhere."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.infra.harness import DEPLOY, MODULE, script

PROVIDER = "registry.terraform.io/hashicorp/aws"


@pytest.fixture
def terraform_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with an empty home, no settings, and its tools in the test's folder."""
    module = script()
    monkeypatch.setattr(module, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    return module


def mirror(folder: Path, version: str, platform: str) -> Path:
    """Create an unpacked mirror with one version of the provider."""
    (folder / PROVIDER / version / platform).mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.9.0", (1, 9, 0)), ("1.12.0-rc1", (1, 12, 0)), ("5.100.0", (5, 100, 0))],
)
def test_numbers_of_a_version(text: str, expected: tuple[int, ...]) -> None:
    assert script().numbers(text) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("5.99.1", False), ("5.100.0", True), ("5.101.0", True), ("6.0.0", False), ("7.0.0", False)],
)
def test_a_provider_fits_when_the_stack_admits_it(version: str, expected: bool) -> None:
    assert script().fits(script().numbers(version)) is expected


def test_mirrors_when_one_holds_a_provider_that_fits_it_is_used_alone(
    terraform_script: ModuleType, tmp_path: Path
) -> None:
    plugins = tmp_path / "home" / ".terraform.d" / "plugins"
    mirror(plugins, "5.100.0", terraform_script.this_platform())

    variables = terraform_script.environment()

    text = Path(variables["TF_CLI_CONFIG_FILE"]).read_text(encoding="utf-8")
    assert plugins in terraform_script.mirrors()
    assert f'path    = "{plugins}"' in text
    assert f'exclude = ["{PROVIDER}"]' in text
    assert variables["CHECKPOINT_DISABLE"] == "1"


def test_mirrors_when_the_version_or_platform_does_not_fit_are_left_out(
    terraform_script: ModuleType, tmp_path: Path
) -> None:
    plugins = tmp_path / "home" / ".terraform.d" / "plugins"
    mirror(plugins, "5.2.0", terraform_script.this_platform())
    mirror(plugins, "5.100.0", "plan9_amd64")

    assert plugins not in terraform_script.mirrors()


def test_mirrors_when_packed_are_found(terraform_script: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "home" / ".terraform.d" / "plugins"
    (folder / PROVIDER).mkdir(parents=True)
    platform = terraform_script.this_platform()
    (folder / PROVIDER / f"terraform-provider-aws_5.101.0_{platform}.zip").touch()

    assert folder in terraform_script.mirrors()


def test_environment_when_nothing_is_mirrored_keeps_one_copy_of_the_provider(
    terraform_script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(terraform_script, "mirrors", list)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing.rc"))

    variables = terraform_script.environment()

    assert "TF_CLI_CONFIG_FILE" not in variables
    assert Path(variables["TF_PLUGIN_CACHE_DIR"]).is_dir()


def test_environment_when_the_user_has_a_configuration_leaves_it(
    terraform_script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own.rc"
    own.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))

    variables = terraform_script.environment()

    assert variables["TF_CLI_CONFIG_FILE"] == str(own)
    assert "TF_PLUGIN_CACHE_DIR" not in variables


def test_environment_when_home_has_a_terraformrc_leaves_it(
    terraform_script: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "home" / ".terraformrc").touch()

    assert "TF_CLI_CONFIG_FILE" not in terraform_script.environment()


def test_find_when_the_one_on_path_is_too_old_fetches(
    terraform_script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(terraform_script, "version", lambda _: (1, 8, 5))
    monkeypatch.setattr(terraform_script, "fetch", lambda destination: destination)

    found = terraform_script.find()

    assert found == tmp_path / "tools" / f"terraform-{terraform_script.PINNED}" / "terraform"


def test_version_when_the_program_is_not_terraform_is_none_at_all() -> None:
    assert script().version(Path("/bin/true")) == (0,)


def test_unpack_when_the_digest_is_another_keeps_nothing(
    terraform_script: ModuleType, tmp_path: Path
) -> None:
    archive = tmp_path / "terraform.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("terraform", "#!/bin/sh\n")

    with pytest.raises(terraform_script.TerraformError, match="has the digest"):
        terraform_script.unpack(archive, "0" * 64, tmp_path / "program")

    assert not (tmp_path / "program").exists()


def test_unpack_when_the_digest_is_right_leaves_a_program(
    terraform_script: ModuleType, tmp_path: Path
) -> None:
    archive = tmp_path / "terraform.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("terraform", "#!/bin/sh\n")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()

    terraform_script.unpack(archive, digest, tmp_path / "program")

    assert (tmp_path / "program").stat().st_mode & 0o111


def test_fetch_when_the_platform_is_unknown_says_what_to_do(
    terraform_script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(terraform_script, "this_platform", lambda: "plan9_mips")

    with pytest.raises(terraform_script.TerraformError, match=r"install Terraform 1\.9"):
        terraform_script.fetch(tmp_path / "program")


def test_stage_when_done_twice_leaves_out_state_and_keeps_what_terraform_made(
    terraform_script: ModuleType, tmp_path: Path
) -> None:
    folder = terraform_script.stage(tmp_path / "copy")
    (folder / "terraform.tfstate").touch()
    (folder / "gone.tf").touch()

    terraform_script.stage(tmp_path / "copy")

    assert (folder / "terraform.tfstate").exists()
    assert not (folder / "gone.tf").exists()
    assert not list(folder.glob("*_override.tf"))
    for copy, source in ((folder, DEPLOY), (folder.parent / "terraform", MODULE)):
        assert {file.name for file in copy.glob("*.tf")} == {
            file.name for file in source.glob("*.tf") if not file.name.endswith("_override.tf")
        }
    assert list((tmp_path / "copy" / "functions" / "balance_poller" / "providers").glob("*.json"))
