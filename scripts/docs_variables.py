"""Write the tables of Terraform's variables into docs/configuration.md and README.md.

    python scripts/docs_variables.py [--check]

The variables' own descriptions are the text; the folder must be formatted by terraform fmt.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STACK = ROOT / "infra" / "terraform"
#: Where variables are typed that the root takes as they come.
CONFIGURATION = STACK / "modules" / "configuration" / "variables.tf"
BEGIN, END = "<!-- variables:begin -->", "<!-- variables:end -->"

#: A heading for each file, in the order of what is asked first.
FILES = {
    "variables_accounts.tf": "Accounts and polling",
    "variables_subscribers.tf": "Subscribers and messages",
    "variables.tf": "The deployment",
    "variables_functions.tf": "The functions",
}
#: What the README shows.
MAIN = (
    "accounts", "custom_providers", "subscribers", "operations_subscribers", "name", "region",
    "poll_interval_minutes", "repeat_hours", "group_wait_seconds", "enable_chat", "vpc",
    "kms_key_arns", "history_days",
)  # fmt: skip

BLOCK = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(
    r"^  (type|description|default) += (.*?)(?=^  [\w#]|\Z)", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Variable:
    """A variable as its block says it."""

    name: str
    type: str
    default: str | None
    """As written; None when the variable is required."""
    description: str


def main() -> int:
    """Write both pages, or with --check say which is not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check: bool = parser.parse_args().check
    stale = 0
    for page, table in (
        (ROOT / "docs" / "configuration.md", full_tables()),
        (ROOT / "README.md", main_table()),
    ):
        text = page.read_text(encoding="utf-8")
        rendered = insert(text, table)
        if check and rendered != text:
            print(f"{page.relative_to(ROOT)} is not current; run `make docs`", file=sys.stderr)
            stale = 1
        elif not check:
            page.write_text(rendered, encoding="utf-8")
    return stale


def full_tables() -> str:
    """Return a heading and a table for each file of variables."""
    parts = []
    for file, heading in FILES.items():
        rows = "\n".join(row(variable) for variable in read(STACK / file))
        parts.append(f"### {heading}\n\n{HEAD}\n{rows}")
    return "\n\n".join(parts)


def main_table() -> str:
    """Return the table of the most used variables, each with its first paragraph."""
    known = {variable.name: variable for file in FILES for variable in read(STACK / file)}
    rows = []
    for name in MAIN:
        variable = known[name]
        first = variable.description.split("\n")[0].removesuffix("Of each:").strip()
        rows.append(row(Variable(name, variable.type, variable.default, first)))
    return "\n".join([HEAD, *rows])


HEAD = "| Name | Type | Default | What it is |\n|---|---|---|---|"


def row(variable: Variable) -> str:
    """Return the variable's row; a list in its description becomes lines in the cell."""
    default = "required" if variable.default is None else code(variable.default)
    text = variable.description.replace("|", "\\|").replace("<", "&lt;").replace("\n- ", "<br>• ")
    text = text.replace("\n", "<br>")
    return f"| `{variable.name}` | {code(variable.type)} | {default} | {text} |"


def code(text: str) -> str:
    """Return ``text`` as code."""
    return f"`{text}`"


def read(file: Path) -> list[Variable]:
    """Return the variables of ``file`` in its order, with the types of the configuration."""
    typed = {name: found["type"] for name, found in blocks(CONFIGURATION)}
    variables = []
    for name, found in blocks(file):
        variables.append(
            Variable(
                name=name,
                type=short_type(typed.get(name, found["type"])),
                default=short_default(found.get("default")),
                description=plain(found["description"]),
            )
        )
    return variables


def blocks(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name and the attributes of each variable of ``file``."""
    for name, body in BLOCK.findall(file.read_text(encoding="utf-8")):
        yield name, {key: value.strip() for key, value in ATTRIBUTE.findall(body)}


def short_type(text: str) -> str:
    """Return a type without the fields of its objects: the description names them."""
    return re.sub(r"\(\{.*\}\)", "", text, flags=re.DOTALL)


def short_default(text: str | None) -> str | None:
    """Return a default without the comment behind it."""
    return None if text is None else text.split("\n")[0].strip()


def plain(text: str) -> str:
    """Return a description without its quotes or heredoc."""
    if text.startswith("<<-EOT"):
        lines = text.split("\n")[1:-1]
        return textwrap.dedent("\n".join(lines)).strip()
    return text.strip('"').replace('\\"', '"')


def insert(text: str, table: str) -> str:
    """Return ``text`` with ``table`` between its markers."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


if __name__ == "__main__":
    raise SystemExit(main())
