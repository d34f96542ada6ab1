"""Checks a file's values against the Terraform module's rules, by planning without resources.

The rules exist only in Terraform: a scratch root has the module's variables with their validations,
and the inner module that checks accounts and subscribers. Neither needs a provider, so nothing is
downloaded and no credentials are read.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from balancectl.cli.errors import CliError
from balancectl.configuration.declarations import read_declarations
from balancectl.configuration.problems import Problem, Severity

#: The checkout that this program runs from; a wheel has none.
CHECKOUT: Final = Path(__file__).resolve().parents[2]
MODULE: Final = Path("infra/terraform")
#: The deployed root: a few variables, and a call of the module.
ROOT: Final = Path("infra/deploy")

#: The parts of the module that need no provider.
_CONFIGURATION: Final = re.compile(r'^module "configuration" \{\n.*?^\}', re.MULTILINE | re.DOTALL)
_BLOCK: Final = re.compile(r'^variable "(\w+)" \{\n.*?^\}', re.MULTILINE | re.DOTALL)
_CHECK: Final = re.compile(r'^check "\w+" \{\n.*?^\}', re.MULTILINE | re.DOTALL)
_NEEDS_MORE: Final = re.compile(r"\b(?:local|data)\.")
#: Go's garbage collector takes a fifth of a plan's time, and the plan is small.
_IN_HASTE: Final = {"GOGC": "400", "CHECKPOINT_DISABLE": "1"}
_ORIGIN: Final = re.compile(r"\n\nThis was checked by the validation rule at .*", re.DOTALL)
#: How Terraform shows a variable: its block, or its line in the file of values.
_VARIABLE: Final = re.compile(r'variable "(\w+)"|^ "(\w+)":', re.MULTILINE)
#: Checked at deployment only: the file cannot tell whether packages are built.
_NOT_OF_THE_FILE: Final = frozenset({"packages", "package_dir"})


def rule_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems that the module's rules find, without lines; their path is a variable.

    Raises:
        CliError: When Terraform cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="balancectl-check-") as folder:
        root = _scratch_root(Path(folder))
        file = root / "values.tfvars.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(values, default=_number, indent=1), encoding="utf-8")
        _terraform(root, "init", "-backend=false")
        lines = _terraform(
            root, "plan", "-json", "-lock=false", "-refresh=false", f"-var-file={file}"
        )
    for line in lines.splitlines():
        entry = json.loads(line)
        if entry.get("type") == "diagnostic":
            yield from _problems(entry["diagnostic"], values)


def _scratch_root(folder: Path) -> Path:
    """Copy the provider-free part of the module, laid out as in a checkout; return its folder."""
    source, root = CHECKOUT / MODULE, folder / MODULE
    root.mkdir(parents=True)
    (folder / "functions").symlink_to(CHECKOUT / "functions")
    (root / "modules").symlink_to(source / "modules")
    for file in source.glob("variables*.tf"):
        (root / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    main = (source / "main.tf").read_text(encoding="utf-8")
    checks = [check for check in _CHECK.findall(main) if not _NEEDS_MORE.search(check)]
    parts = [*_CONFIGURATION.findall(main), *checks, *_variables_of_the_root()]
    (root / "main.tf").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return root


def _variables_of_the_root() -> list[str]:
    """Return the variables that the deployed root declares in addition to the module's."""
    own = read_declarations(CHECKOUT / MODULE)
    texts = [file.read_text(encoding="utf-8") for file in sorted((CHECKOUT / ROOT).glob("*.tf"))]
    blocks = [match for text in texts for match in _BLOCK.finditer(text)]
    return [block.group() for block in blocks if block[1] not in own]


def _terraform(root: Path, command: str, *arguments: str) -> str:
    """Run Terraform in ``root``; return its output."""
    script = CHECKOUT / "scripts" / "terraform.py"
    options = ["-input=false", "-no-color"]
    done = subprocess.run(  # noqa: S603 -- our own script
        [sys.executable, str(script), f"-chdir={root}", command, *options, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "", "TF_LOG": "", **_IN_HASTE},
    )
    if done.returncode and not done.stdout.lstrip().startswith("{"):
        text = " ".join((done.stderr or done.stdout).split())[:300]
        raise CliError(f"terraform {command} failed: {text}")
    return done.stdout


def _problems(diagnostic: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the sentences of one of Terraform's diagnostics."""
    snippet = diagnostic.get("snippet") or {}
    named = _VARIABLE.search(f"{snippet.get('context') or ''}\n{snippet.get('code') or ''}")
    variable = (named[1] or named[2]) if named else ""
    if variable in _NOT_OF_THE_FILE - values.keys():
        return
    text = _ORIGIN.sub("", diagnostic.get("detail") or diagnostic["summary"])
    severity = Severity.ERROR if diagnostic["severity"] == "error" else Severity.WARNING
    for sentence in filter(None, text.splitlines()):
        yield Problem(sentence, (variable,) if variable else (), severity=severity)


def _number(value: object) -> float:
    """Return a JSON number for a ``Decimal``."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)
