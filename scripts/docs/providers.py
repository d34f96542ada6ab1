"""Make the providers' tables and notes in docs/providers.md and README.md from the definitions.

    python scripts/docs/providers.py [--check]

Only the parts between markers are generated; a page without markers is left alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "functions"))

from balance_poller.definitions.catalogue import list_providers, read_shipped  # noqa: E402 -- the path above makes it importable
from balance_poller.definitions.reader_fields import KINDS  # noqa: E402 -- the path above makes it importable
from balance_poller.exchange.provider import Provider, load_provider  # noqa: E402 -- the path above makes it importable

PAGES = (ROOT / "docs" / "providers.md", ROOT / "README.md")


def main() -> int:
    """Write the pages, or with --check report those that are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        rendered = render(text, in_docs=page.parent.name == "docs")
        if rendered != text:
            stale.append(str(page.relative_to(ROOT)))
            if not check:
                page.write_text(rendered, encoding="utf-8")
    if check and stale:
        print(f"{', '.join(stale)}: not current; run `make docs`", file=sys.stderr)
        return 1
    return 0


def render(text: str, *, in_docs: bool) -> str:
    """Return a page's text with the parts between its markers regenerated."""
    parts: dict[str, Callable[[], str]] = {
        "providers": tables if in_docs else overview,
        "provider-notes": sections,
    }
    for name, make in parts.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        if begin in text and end in text:
            head, _, rest = text.partition(begin)
            text = f"{head}{begin}\n{make()}\n{end}{rest.partition(end)[2]}"
    return text


def overview() -> str:
    """Return one row per kind, with its providers by title."""
    rows = ["| What | Providers |", "|---|---|"]
    for kind, names in by_kind().items():
        titles = {name: load_provider(name, {}).definition.title for name in names}
        links = ", ".join(
            f"[{titles[name]}](docs/providers.md#{name})"
            for name in sorted(names, key=lambda name: titles[name].casefold())
        )
        rows.append(f"| {KINDS[kind]} | {links} |")
    return "\n".join(rows)


def tables() -> str:
    """Return a table per kind."""
    return "\n\n".join(f"### {KINDS[kind]}\n\n{table(names)}" for kind, names in by_kind().items())


def table(names: list[str]) -> str:
    """Return one row per provider: its name, wallets with units, and the key it needs."""
    rows = [
        "| `provider` | Service | What is watched (other wallets) | Secret |",
        "|---|---|---|---|",
    ]
    for name in names:
        provider = load_provider(name, {})
        cells = (provider.definition.title, watched(provider), secret(provider))
        rows.append(f"| [`{name}`](#{name}) | {' | '.join(cells)} |")
    return "\n".join(rows)


def by_kind() -> dict[str, list[str]]:
    """Return the providers' names by kind, without empty kinds."""
    names: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name in list_providers():
        names[read_shipped(name)["kind"]].append(name)
    return {kind: each for kind, each in names.items() if each}


def watched(provider: Provider) -> str:
    """Return the default wallet with its unit, and the others in brackets."""
    definition = provider.definition
    default = definition.default_wallet
    names = [default, *(name for name in definition.wallets if name != default)]
    words = [f"`{name}` {unit(name, definition.wallets[name].unit)}".strip() for name in names]
    return words[0] + (f" ({', '.join(words[1:])})" if words[1:] else "")


def unit(wallet: str, literal: str | None) -> str:
    """Return a wallet's unit as text; empty if the wallet's name includes it."""
    if literal is None:
        return "in the account's currency"
    return "" if literal == wallet else literal


def secret(provider: Provider) -> str:
    """Return the form of the account's secret."""
    fields = ", ".join(f"`{name}`" for name in provider.definition.secret_fields)
    return f"an object: {fields}" if fields else "the key"


def sections() -> str:
    """Return a section per provider: request, parameters, notes and sources."""
    return "\n\n".join(section(name) for name in list_providers())


def section(name: str) -> str:
    """Return one provider's section."""
    definition, data = load_provider(name, {}).definition, read_shipped(name)
    request = data["request"]
    asks = f"`{request.get('method', 'GET')} {request['url']}`"
    often = f"at most every {definition.min_interval_seconds} seconds"
    where = " of the account's `base_url`" if definition.is_self_hosted else ""
    head = f"[{definition.title}]({definition.docs}): {asks}{where}, {often}."
    if definition.top_up_url:
        head += f" [Top up]({definition.top_up_url})."
    lines = [f"### {name}", "", head, key(data), "", *notes(data)]
    if definition.params:
        lines += ["", *(param(name, spec) for name, spec in data["params"].items())]
    lines += ["", "Sources: " + ", ".join(source(text) for text in data["sources"]) + "."]
    return "\n".join(lines)


def key(definition: Mapping[str, Any]) -> str:
    """Return the key with the fewest sufficient rights, and where to create it."""
    least = definition["least_key"]
    where = f" ([created here]({least['make_at']}))" if "make_at" in least else ""
    return f"Key: {least['what']}{where}."


def notes(definition: Mapping[str, Any]) -> list[str]:
    """Return the notes, one line each."""
    text = definition["notes"]
    return [text] if isinstance(text, str) else list(text)


def param(name: str, spec: Mapping[str, Any]) -> str:
    """Return one parameter as a list item."""
    words = f"- `params.{name}`: {spec['description']}"
    if "one_of" in spec:
        words += "; one of " + ", ".join(f"`{value}`" for value in spec["one_of"])
    if "default" not in spec:
        return words + "; required."
    return words + (f"; `{spec['default']}` by default." if spec["default"] else "; optional.")


def source(text: str) -> str:
    """Return a source as a link, with its remark."""
    url, _, remark = text.partition(" (")
    shown = url.removeprefix("https://")
    return f"[{shown}]({url})" + (f" ({remark}" if remark else "")


if __name__ == "__main__":
    sys.exit(main())
