"""Keep every generated page current, and every link: what `make docs` and `make docs-check` run.

    python scripts/docs [--check]

Each page's module also runs alone.
"""

from __future__ import annotations

import sys

import cli
import cost_page
import deploy_root
import links
import pictures
import providers
import variables

PAGES = (cli, cost_page, deploy_root, links, pictures, providers, variables)


def main() -> int:
    """Renew all, or with --check report what is not current; return the worst exit code."""
    codes: list[int] = [page.main() for page in PAGES]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
