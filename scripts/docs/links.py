"""Check that the targets in Markdown files exist: linked files and headings, and named tests.

    python scripts/docs/links.py [--check]

There is nothing to generate, so both forms only check.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1 *$", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`")
EXPLICIT_ANCHOR = re.compile(r'<a (?:id|name)="([^"]+)"')


def main() -> int:
    """Print missing targets; return 1 if there are any."""
    found = pages()
    problems = [problem for page in found for problem in broken_links(page)]
    problems += [problem for page in found for problem in missing_tests(page)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def missing_tests(page: Path) -> list[str]:
    """Return a line for each missing test that ``page`` names, as in `tests/a.py::test_b`."""
    problems = []
    for path, test in TEST.findall(page.read_text(encoding="utf-8")):
        file = ROOT / path
        source = file.read_text(encoding="utf-8") if file.exists() else ""
        if not source or (test and f"def {test}(" not in source):
            problems.append(f"{page.relative_to(ROOT)}: there is no test {path}::{test}")
    return problems


def pages() -> list[Path]:
    """Return the Markdown files that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def broken_links(page: Path) -> list[str]:
    """Return a line for each broken relative link of ``page``."""
    problems = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        name = page.relative_to(ROOT)
        if not file.exists():
            problems.append(f"{name}: link to {target}: there is no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            problems.append(f"{name}: link to {target}: there is no such heading")
    return problems


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of ``page`` as a code host makes them from headings."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    slugs: set[str] = set(EXPLICIT_ANCHOR.findall(text))
    for heading in HEADING.findall(text):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number = 1
        unique = slug
        while unique in slugs:
            unique = f"{slug}-{number}"
            number += 1
        slugs.add(unique)
    return frozenset(slugs)


if __name__ == "__main__":
    raise SystemExit(main())
