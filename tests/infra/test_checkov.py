"""checkov finds nothing in infra/ that is not explained in place."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.infra.harness import ROOT

pytestmark = pytest.mark.infra


def test_checkov_finds_nothing_that_is_not_explained_in_place() -> None:
    program = ROOT / ".venv-checkov" / "bin" / "checkov"
    assert program.exists(), "checkov is not installed; run make test-infra"

    done = subprocess.run(
        [
            str(program), "--directory", str(ROOT / "infra"), "--framework", "terraform",
            "--skip-download", "--output", "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    report = json.loads(done.stdout)
    results = report["results"]
    failed = [f"{check['check_id']} {check['resource']}" for check in results["failed_checks"]]
    unexplained = [
        f"{check['check_id']} {check['resource']}"
        for check in results["skipped_checks"]
        if len(check["check_result"]["suppress_comment"].split()) < 4
    ]
    assert failed == []
    assert unexplained == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    assert not list(ROOT.glob(".checkov.y*ml")), "a global skip explains nothing"
