"""Every part of the AWS provider in use was checked against the documents of its next version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra.arguments import arguments
from tests.infra.harness import ROOT

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra-rules")]

TABLE = ROOT / "docs" / "adr" / "0012-aws-provider.md"
_ROW = re.compile(r"^\| (data )?`(aws_\w+)` \| (.*?) \|", re.MULTILINE)


def used() -> dict[str, set[str]]:
    """Return the arguments that infra/ uses, by type; a block counts through its arguments."""
    found = arguments(ROOT.glob("infra/**/*.tf"))
    return {
        kind: {one for one in names if not any(other.startswith(f"{one}.") for other in names)}
        for kind, names in found.items()
    }


def test_the_table_has_every_type_and_argument_and_no_other() -> None:
    rows = _ROW.findall(TABLE.read_text(encoding="utf-8"))

    listed = {data + kind: set(re.findall(r"`([\w.]+)`", cell)) for data, kind, cell in rows}
    assert listed == used()


def test_arguments_are_found_in_every_form(tmp_path: Path) -> None:
    """Control: blocks, dynamic blocks, values over many lines, and a data source without any."""
    (tmp_path / "a.tf").write_text(
        'data "aws_region" "current" {}\n\n'
        'resource "aws_thing" "this" {\n'
        "  for_each = { a = 1 }\n\n"
        "  name = jsonencode({\n    hidden = 1\n  })\n\n"
        "  outer {\n    inner {\n      leaf = [\n        { x = 1 },\n      ]\n    }\n  }\n\n"
        '  dynamic "many" {\n    for_each = [1]\n\n    content {\n      each = 1\n    }\n  }\n\n'
        "  lifecycle {\n    prevent_destroy = true\n  }\n}\n"
    )

    assert arguments([tmp_path / "a.tf"]) == {
        "data aws_region": set(),
        "aws_thing": {"name", "outer", "outer.inner", "outer.inner.leaf", "many", "many.each"},
    }
