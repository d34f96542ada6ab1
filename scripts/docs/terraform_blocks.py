"""Reads variables and outputs from Terraform files formatted by terraform fmt."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "infra" / "terraform"
DEPLOY = ROOT / "infra" / "deploy"

_BLOCK = r'^{kind} "(\w+)" \{{\n(.*?)^\}}$'
# A value ends where the next attribute, block or comment begins; a heredoc with its own mark.
_ATTRIBUTE = re.compile(
    r"^  (type|description|default|nullable) += (<<-EOT\n.*?^  EOT$|.*?(?=^  [\w#]|\Z))",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A variable or an output, with its attributes as written."""

    name: str
    attributes: dict[str, str]

    @property
    def description(self) -> str:
        """The description without its quotes or heredoc."""
        text = self.attributes["description"]
        if text.startswith("<<-EOT"):
            return textwrap.dedent("\n".join(text.split("\n")[1:-1])).strip()
        return text.strip('"').replace('\\"', '"')

    @property
    def default(self) -> str | None:
        """The default as written, without a comment; None if there is none."""
        text = self.attributes.get("default")
        return None if text is None else text.split("\n")[0].strip()


def variables(file: Path) -> list[Block]:
    """Return the variables of ``file`` in its order."""
    return list(_blocks("variable", file))


def outputs(file: Path) -> list[Block]:
    """Return the outputs of ``file`` in its order."""
    return list(_blocks("output", file))


def _blocks(kind: str, file: Path) -> Iterator[Block]:
    """Yield the blocks of a kind."""
    pattern = re.compile(_BLOCK.format(kind=kind), re.MULTILINE | re.DOTALL)
    for name, body in pattern.findall(file.read_text(encoding="utf-8")):
        yield Block(name, {key: text.strip() for key, text in _ATTRIBUTE.findall(body)})
