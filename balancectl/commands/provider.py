"""``provider``: list, show and create provider definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from balance_poller.definitions.catalogue import list_providers, read_shipped, skeleton
from balance_poller.definitions.field import NAME
from balance_poller.definitions.reader_fields import KINDS
from balance_poller.exchange.provider import Provider, load_provider
from balancectl.cli.errors import CliError
from balancectl.cli.formatting import did_you_mean
from balancectl.cli.output import (
    Column,
    print_fields,
    print_json,
    print_line,
    print_note,
    print_table,
)
from balancectl.commands.completion import complete_provider
from balancectl.commands.options import JsonOption

_COLUMNS: Final = (
    Column("Provider"),
    Column("Title"),
    Column("Kind"),
    Column("Unit", wraps=True),
    Column("Wallets", wraps=True),
    Column("Params", wraps=True),
)


def list_all(
    search: Annotated[
        str | None,
        typer.Option(
            "--search",
            metavar="TEXT",
            help="Only those with TEXT in their name, title, kind, unit or other names.",
        ),
    ] = None,
    as_json_: JsonOption = False,
) -> None:
    """List the shipped providers."""
    words = (search or "").casefold().split()
    found = [name for name in list_providers() if _matches(name, read_shipped(name), words)]
    providers = [load_provider(name, {}) for name in found]
    if as_json_:
        print_json({"providers": [_as_json(provider) for provider in providers]})
    elif providers:
        print_table(_COLUMNS, [_row(provider) for provider in providers])
    else:
        print_note(f"no provider matches '{search}': `balancectl provider new NAME` creates one")


def _matches(name: str, data: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Return whether every word occurs in the provider's names, kind or units."""
    pots = data["wallets"].values() if "wallets" in data else [data["spend"]]
    units = [pot["unit"] for pot in pots]
    texts = [name, data["title"], data["kind"], KINDS[data["kind"]], *data.get("other_names", ())]
    texts += [unit for unit in units if isinstance(unit, str)]
    return all(any(word in text.casefold() for text in texts) for word in words)


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A shipped provider.", autocompletion=complete_provider
        ),
    ],
    as_json_: Annotated[bool, typer.Option("--json", help="Print the definition as JSON.")] = False,
) -> None:
    """Show a provider's key, parameters and wallets, or its definition."""
    known = list_providers()
    if name not in known:
        raise CliError(f"there is no provider '{name}': {did_you_mean(name, known)}")
    definition = read_shipped(name)
    if as_json_:
        print_json(definition)
        return
    _print_provider(load_provider(name, {}), definition)


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name: lowercase letters, digits and underscores.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Output file; default: NAME.json."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a template for a new definition."""
    if not re.fullmatch(NAME, name):
        raise typer.BadParameter(
            f"'{name}' is not a valid name: use lowercase letters, digits and underscores"
        )
    if name in list_providers():
        raise CliError(
            f"a shipped provider is named '{name}': choose another name;"
            f" `balancectl provider show {name} --json` prints its definition"
        )
    path = output or Path(f"{name}.json")
    if path.exists() and not force:
        raise CliError(f"{path} already exists: pass --force to overwrite it")
    text = json.dumps(skeleton(name.replace("_", " ").title()), indent=2)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as exc:
        raise CliError(f"{path} cannot be written: {exc.strerror}") from None
    print_line(f"wrote {path}")
    print_note(f"edit it, then try it: balancectl provider check {path} --key-env VARIABLE")


def _print_provider(provider: Provider, data: Mapping[str, Any]) -> None:
    """Print what an account of the provider needs."""
    definition = provider.definition
    request = data.get("request", {})
    notes = data.get("notes", "")
    print_line(f"{definition.title} ({provider.name})", "bold")
    print_fields(
        [
            ("request", f"{request.get('method', 'GET')} {request.get('url', '')}"),
            ("key", ", ".join(definition.secret_fields) or "a single key"),
            ("which key", data["least_key"]["what"]),
            ("made at", data["least_key"].get("make_at", "")),
            *[
                (f"param {name}", _param_text(param.description, param.default, param.one_of))
                for name, param in definition.params.items()
            ],
            *[
                (
                    f"wallet {name}{' *' if name == definition.default_wallet else ''}",
                    wallet.unit or "unit taken from the response",
                )
                for name, wallet in definition.wallets.items()
            ],
            ("poll interval", f"at least {definition.min_interval_seconds} s"),
            ("docs", definition.docs or ""),
            ("top up at", definition.top_up_url or ""),
        ]
    )
    if len(definition.wallets) > 1:
        print_note("* the default wallet")
    for line in [notes] if isinstance(notes, str) else notes:
        if line:
            print_line(f"\n{line}")


def _param_text(description: str, default: str | None, one_of: tuple[str, ...]) -> str:
    """Return a parameter's description, choices and default."""
    choice = f"one of {', '.join(one_of)}" if one_of else ""
    given = "required" if default is None else f"default: {default or 'empty'}"
    return "; ".join(filter(None, [description, choice, given]))


def _row(provider: Provider) -> list[str]:
    """Return a provider's row."""
    definition = provider.definition
    units = dict.fromkeys(wallet.unit or "any" for wallet in definition.wallets.values())
    wallets = [
        f"{name}*" if name == definition.default_wallet and len(definition.wallets) > 1 else name
        for name in definition.wallets
    ]
    return [
        provider.name,
        definition.title,
        read_shipped(provider.name)["kind"],
        ", ".join(units),
        ", ".join(wallets),
        ", ".join(definition.params) or "-",
    ]


def _as_json(provider: Provider) -> dict[str, object]:
    """Return a provider as JSON."""
    definition, data = provider.definition, read_shipped(provider.name)
    return {
        "name": provider.name,
        "title": definition.title,
        "kind": data["kind"],
        "other_names": data.get("other_names", []),
        "least_key": data["least_key"],
        "wallets": {name: wallet.unit for name, wallet in definition.wallets.items()},
        "default_wallet": definition.default_wallet,
        "params": sorted(definition.params),
        "secret_fields": list(definition.secret_fields),
        "min_interval_seconds": definition.min_interval_seconds,
        "docs": definition.docs,
        "top_up_url": definition.top_up_url,
    }
