"""Write the tables of Terraform's variables and outputs into the pages that show them.

    python scripts/docs/variables.py [--check]

Descriptions come from the variables and outputs themselves; the types of what the module passes on
unchecked come from its modules/configuration.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from terraform_blocks import DEPLOY, MODULE, ROOT, Block, outputs, variables

#: A heading for each group of files, in the order in which a reader needs them.
GROUPS = {
    "Accounts and polling": [MODULE / "variables_accounts.tf"],
    "Subscribers and messages": [MODULE / "variables_subscribers.tf"],
    "The deployment": [MODULE / "variables.tf"],
    "The functions": [MODULE / "variables_functions.tf"],
}
#: What the README shows.
MAIN = (
    "accounts", "custom_providers", "subscribers", "operations_subscribers", "name", "region",
    "poll_interval_minutes", "repeat_hours", "group_wait_seconds", "enable_chat", "vpc",
    "kms_key_arns", "history_days",
)  # fmt: skip
HEAD = "| Name | Type | Default | Description |\n|---|---|---|---|"


def main() -> int:
    """Write the pages, or with --check report those that are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check: bool = parser.parse_args().check
    stale = 0
    for page, mark, table in (
        (ROOT / "README.md", "variables", main_table),
        (ROOT / "docs" / "configuration.md", "variables", lambda: grouped_tables(with_region=True)),
        (MODULE / "README.md", "variables", lambda: grouped_tables(with_region=False)),
        (MODULE / "README.md", "outputs", output_table),
    ):
        stale |= renew(page, mark, table, check=check)
    return stale


def renew(page: Path, mark: str, table: Callable[[], str], *, check: bool) -> int:
    """Write one table of a page, or report that it is not current."""
    text = page.read_text(encoding="utf-8")
    rendered = insert(text, mark, table())
    if rendered == text:
        return 0
    if check:
        print(f"{page.relative_to(ROOT)} is not current; run `make docs`", file=sys.stderr)
        return 1
    page.write_text(rendered, encoding="utf-8")
    return 0


def grouped_tables(*, with_region: bool) -> str:
    """Return a heading and a table for each group; the Region is the root module's alone."""
    parts = []
    for heading, files in GROUPS.items():
        known = [block for file in files for block in variables(file)]
        if with_region and heading == "The deployment":
            known += variables(DEPLOY / "providers.tf")
        rows = "\n".join(row(block) for block in sorted(known, key=lambda block: block.name))
        parts.append(f"### {heading}\n\n{HEAD}\n{rows}")
    return "\n\n".join(parts)


def main_table() -> str:
    """Return the table of the most used variables, each with its first paragraph."""
    files = [*(file for group in GROUPS.values() for file in group), DEPLOY / "providers.tf"]
    known = {block.name: block for file in files for block in variables(file)}
    return "\n".join([HEAD, *(row(known[name], brief=True) for name in MAIN)])


def output_table() -> str:
    """Return the table of the module's outputs."""
    rows = [f"| `{block.name}` | {cell(block)} |" for block in outputs(MODULE / "outputs.tf")]
    return "\n".join(["| Name | Description |\n|---|---|", *rows])


def row(block: Block, *, brief: bool = False) -> str:
    """Return a variable's row."""
    default = "required" if block.default is None else f"`{block.default}`"
    return f"| `{block.name}` | `{short_type(block)}` | {default} | {cell(block, brief=brief)} |"


def cell(block: Block, *, brief: bool = False) -> str:
    """Return the description; a list in it becomes lines in the cell."""
    text = block.description
    if brief:
        text = re.sub(r" Each has these fields:$", "", text.split("\n")[0])
    text = text.replace("|", "\\|").replace("<", "&lt;").replace("\n- ", "<br>• ")
    return text.replace("\n", "<br>")


def short_type(block: Block) -> str:
    """Return a type without the fields of its objects, which the description names."""
    typed = {
        known.name: known for known in variables(MODULE / "modules/configuration/variables.tf")
    }
    text = typed.get(block.name, block).attributes["type"]
    return re.sub(r"\(\{.*\}\)", "", text, flags=re.DOTALL)


def insert(text: str, mark: str, table: str) -> str:
    """Return ``text`` with ``table`` between its markers."""
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{table}\n{end}{tail}"


if __name__ == "__main__":
    raise SystemExit(main())
