"""Tables of what Terraform must refuse: bad variables, with the expected sentences.

One console evaluates a whole table, with a call of the configuration for each row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infra.harness import run_terraform, script

#: A correct configuration.
GOOD: Mapping[str, Any] = {
    "accounts": {"main": {"provider": "openrouter", "warning": 5}},
    "subscribers": {"team": {"protocol": "email", "endpoint": "team@example.com"}},
    "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
}
#: A correct definition.
KIOSK: Mapping[str, Any] = {
    "request": {"url": "https://kiosk.example/balance"},
    "wallets": {"main": {"unit": "USD", "remaining": "left"}},
}


@dataclass(frozen=True)
class Refused:
    """Variables that are refused, the rule that refuses them, and its sentences."""

    what: str
    rule: str
    """"accounts.order": the variable that the rule is about, and the rule's name."""
    variables: Mapping[str, Any]
    sentences: Sequence[str]


def account(**fields: Any) -> dict[str, Any]:
    """Return the variables with one account, correct except for ``fields``."""
    return {"accounts": {"main": {"provider": "openrouter", "warning": 5, **fields}}}


def definition(**fields: Any) -> dict[str, Any]:
    """Return the variables with one custom definition, correct except for ``fields``."""
    return {"custom_providers": {"kiosk": {**KIOSK, **fields}}}


def subscriber(**fields: Any) -> dict[str, Any]:
    """Return the variables with one subscriber, correct except for ``fields``."""
    return {"subscribers": {"team": {**GOOD["subscribers"]["team"], **fields}}}


Problems = Mapping[str, Mapping[str, Sequence[str]]]


def problems(rows: Iterable[Refused], folder: Path) -> tuple[Problems, str]:
    """Return each row's broken rules with their sentences, and Terraform's errors."""
    deploy: Path = script().stage(folder)
    configuration = deploy.parent / "terraform" / "modules" / "configuration"
    names = sorted(blocks(configuration / "variables.tf"))
    cases = {row.what: {**GOOD, **row.variables} for row in rows}
    (folder / "cases.json").write_text(json.dumps(cases), "utf-8")
    arguments = "\n".join(f"  {name} = try(each.value.{name}, null)" for name in names)
    (folder / "main.tf").write_text(
        'module "case" {\n'
        f'  source   = "./{configuration.relative_to(folder)}"\n'
        '  for_each = jsondecode(file("cases.json"))\n'
        f"{arguments}\n}}\n"
    )
    assert run_terraform(f"-chdir={folder}", "init", "-input=false").returncode == 0
    done = run_terraform(
        f"-chdir={folder}",
        "console",
        stdin="jsonencode({ for what, case in module.case : what => case.problems })\n",
    )
    assert done.stdout, done.stderr
    found = json.loads(json.loads(done.stdout.strip().splitlines()[-1]))
    return {
        what: {
            f"{variable}.{rule}": sentences
            for variable, rules in broken.items()
            for rule, sentences in rules.items()
            if sentences
        }
        for what, broken in found.items()
    }, done.stderr


def blocks(file: Path) -> list[str]:
    """Return the names of a file's variables."""
    words = (line.split('"') for line in file.read_text(encoding="utf-8").splitlines())
    return [parts[1] for parts in words if parts[0] == "variable "]
