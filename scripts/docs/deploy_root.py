"""Write the files of infra/deploy that pass variables and outputs through to the module.

    python scripts/docs/deploy_root.py [--check]

The module's own variables are the source. An optional one is null here, so that the module's
default applies and no default is written twice.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from terraform_blocks import DEPLOY, MODULE, ROOT, Block, outputs, variables

HEAD = "# Generated from infra/terraform by scripts/docs/deploy_root.py; edit the module instead.\n"


def main() -> int:
    """Write the files, or with --check report those that are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check: bool = parser.parse_args().check
    stale = 0
    for file, text in generated().items():
        if check and (not file.exists() or file.read_text(encoding="utf-8") != text):
            print(f"{file.relative_to(ROOT)} is not current; run `make docs`", file=sys.stderr)
            stale = 1
        elif not check:
            file.write_text(text, encoding="utf-8")
    return stale


def generated() -> dict[Path, str]:
    """Return the generated files' texts."""
    known = sorted(
        (block for file in MODULE.glob("variables*.tf") for block in variables(file)),
        key=lambda block: block.name,
    )
    return {
        DEPLOY / "main.tf": HEAD + "\n" + module_call([block.name for block in known]),
        DEPLOY / "variables.tf": "\n".join([HEAD, *map(variable, known)]),
        DEPLOY / "outputs.tf": "\n".join([HEAD, *map(output, outputs(MODULE / "outputs.tf"))]),
    }


def module_call(names: list[str]) -> str:
    """Return the call of the module with every variable passed through."""
    width = max(map(len, names))
    lines = "\n".join(f"  {name:<{width}} = var.{name}" for name in names)
    return f'module "balance_monitor" {{\n  source = "../terraform"\n\n{lines}\n}}\n'


def variable(block: Block) -> str:
    """Return the root's variable for one of the module's."""
    given = block.attributes
    lines = [("description", given["description"]), ("type", given["type"])]
    lines.append(("nullable", "false") if block.default is None else ("default", "null"))
    return _block("variable", block.name, lines)


def output(block: Block) -> str:
    """Return the root's output for one of the module's."""
    value = f"module.balance_monitor.{block.name}"
    lines = [("description", block.attributes["description"]), ("value", value)]
    return _block("output", block.name, lines)


def _block(kind: str, name: str, attributes: list[tuple[str, str]]) -> str:
    """Return a block as terraform fmt has it: the equals signs of adjacent attributes align, and
    an expression of several lines, unlike a heredoc, stands apart.
    """  # noqa: D205 -- one sentence
    groups: list[list[tuple[str, str]]] = [[]]
    for key, text in attributes:
        apart = "\n" in text and not text.startswith("<<-")
        groups += [[(key, text)], []] if apart else []
        if not apart:
            groups[-1].append((key, text))
    lines = [line for group in groups for line in _aligned(group)]
    return f'{kind} "{name}" {{\n' + "\n".join(lines) + "\n}\n"


def _aligned(attributes: list[tuple[str, str]]) -> list[str]:
    """Return attributes with their equals signs in one column."""
    width = max((len(key) for key, _ in attributes), default=0)
    return [f"  {key:<{width}} = {text}" for key, text in attributes]


if __name__ == "__main__":
    raise SystemExit(main())
