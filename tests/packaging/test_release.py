"""What a release contains, and what may not be released."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load("release")
    monkeypatch.setattr(module, "run", lambda *_: "")
    return module


def test_release_of_the_version_that_is_checked_out_is_allowed(release: ModuleType) -> None:
    version = release.read_version()

    release.check(f"v{version}", version)
    release.check("", version)


def test_release_under_another_tag_is_refused(release: ModuleType) -> None:
    with pytest.raises(release.ReleaseError, match=r"the tag is v9\.9\.9, but the version is"):
        release.check("v9.9.9", release.read_version())


def test_release_that_the_changelog_does_not_know_is_refused(release: ModuleType) -> None:
    with pytest.raises(release.ReleaseError, match=r"no section \[9\.9\.9\]"):
        release.check("v9.9.9", "9.9.9")


def test_release_of_what_is_not_committed_is_refused(
    release: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "run", lambda *_: " M functions/shared/names.py")

    with pytest.raises(release.ReleaseError, match=r"functions/shared/names\.py"):
        release.check("", release.read_version())


def test_digests_are_what_sha256sum_checks(
    release: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(release, "RELEASE", tmp_path)
    (tmp_path / "a.zip").write_bytes(b"one")
    (tmp_path / "b.whl").write_bytes(b"two")

    release.write_digests()

    assert (tmp_path / "SHA256SUMS").read_text().splitlines() == [
        # printf one | sha256sum; printf two | sha256sum
        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  a.zip",
        "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  b.whl",
    ]


def test_module_archive_has_all_that_the_module_reads(release: ModuleType) -> None:
    """Everything named exists; `git archive` would refuse the rest on the day of a release."""
    assert [path for path in release.MODULE if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        pytest.param(
            {"name": "a", "version": "1", "vulns": []}, 0, "1 packages audited, 0", id="clean"
        ),
        pytest.param(
            {"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]},
            1,
            "a 1: X-1, fixed in 2",
            id="vulnerable",
        ),
        pytest.param(
            {"name": "a", "skip_reason": "not found"}, 2, "1 packages not audited", id="skipped"
        ),
        pytest.param(None, 2, "the database is not reachable: refused", id="unreachable"),
    ],
)
def test_audit_says_what_is_known_and_what_is_not(
    answer: dict[str, object] | None,
    code: int,
    said: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A package for which the database gave no answer never counts as one without a fault."""
    audit = load("audit")
    printed = json.dumps({"dependencies": [answer]}) if answer else ""
    done = subprocess.CompletedProcess([], code, printed, "warning\nrefused\n")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)

    assert audit.audit(tmp_path / "lock.txt") == code

    assert said in "".join(capsys.readouterr())
