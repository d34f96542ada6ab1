"""``provider check``: is a definition right, and what does it make of a live answer?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from balance_poller.definitions.catalogue import list_providers
from balance_poller.definitions.definition import check_definition
from balance_poller.definitions.field import NAME
from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.formatting import count, did_you_mean
from balancectl.cli.output import note, print_json, progress, say, warn
from balancectl.commands.options import (
    BaseUrlOption,
    JsonOption,
    KeyEnvOption,
    KeyStdinOption,
    ParamOption,
    WalletOption,
    target_of,
)
from balancectl.commands.verify import account_of, key_for, read_params
from balancectl.local.accounts_file import parse_json, read_accounts_file, read_text
from balancectl.local.poll import check
from balancectl.views.verify import as_json, print_explanation, print_one
from shared.outcome import Outcome


def check_file(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A definition as JSON, or a tfvars file with custom_providers."
        ),
    ],
    provider: Annotated[
        str | None,
        typer.Option(
            "--provider", metavar="NAME", help="Which of a tfvars file's providers to try live."
        ),
    ] = None,
    key_env: KeyEnvOption = None,
    key_stdin: KeyStdinOption = False,
    live: Annotated[
        bool, typer.Option("--live", help="Try it live with a key from a hidden prompt.")
    ] = False,
    params: ParamOption = None,
    wallet: WalletOption = None,
    base_url: BaseUrlOption = None,
    as_json_: JsonOption = False,
) -> None:
    """Check a definition wholly; with a key, try it against the live service, too.

    Every problem is named by its path in the definition.
    The live try shows the request with its key masked, the status, and what each expression gave.

    Exits 0 when all is well, 1 when the definition or the try is not, 2 when neither can be told.
    """
    definitions, are_custom = read_definitions(file)
    problems = {
        name: [*(name_problems(name) if are_custom else []), *check_definition(data)]
        for name, data in definitions.items()
    }
    if any(problems.values()):
        _print_problems(problems, as_json_=as_json_)
        raise typer.Exit(ExitCode.NO)
    if not (key_env or key_stdin or live):
        _print_fine(definitions, as_json_=as_json_)
        return
    name = _chosen(definitions, provider, file)
    key = key_for(name, definitions, key_env or [], key_stdin=key_stdin)
    entry = {"params": read_params(params or []), "wallet": wallet, "base_url": base_url}
    account = account_of(name, entry)
    now = target_of(context).now().replace(microsecond=0)
    with progress(f"asking {name} …"):
        checked = check([account], definitions, {name: key}, now)[0]
    if as_json_:
        print_json({"problems": [], "live": as_json(checked, explain=True)})
    else:
        print_one(checked)
        print_explanation(checked)
    if checked.reading.outcome is not Outcome.OK:
        raise typer.Exit(ExitCode.NO)


def read_definitions(file: Path) -> tuple[dict[str, object], bool]:
    """Return the definitions in ``file`` by name, and whether they are ``custom_providers``.

    A JSON file without that holds one definition.

    Raises:
        CliError: when it cannot be read, or has none.
    """
    if file.suffix == ".json":
        data = parse_json(read_text(file), str(file))
        if not isinstance(data, dict) or not {"custom_providers", "accounts"} & data.keys():
            return {_name_of(file): data}, False
    found = dict(read_accounts_file(file).providers)
    if not found:
        raise CliError(f"{file} has no custom_providers")
    return found, True


def name_problems(name: str) -> list[str]:
    """Return what a plan would say of a custom provider's name."""
    if not re.fullmatch(NAME, name):
        return ["the name has small letters, digits and underscores, a letter first, at most 40"]
    if name in list_providers():
        return ["a provider of this name is shipped: choose another name"]
    return []


def _name_of(file: Path) -> str:
    """Return the name that a definition's file gives it."""
    return re.sub(r"[^a-z0-9_]", "_", file.stem.lower()).lstrip("_0123456789")[:40] or "provider"


def _chosen(definitions: Mapping[str, object], provider: str | None, file: Path) -> str:
    """Return which definition to try live."""
    if provider is None and len(definitions) == 1:
        return next(iter(definitions))
    if provider is None:
        raise CliError(f"{file} has {count(len(definitions), 'provider')}: choose with --provider")
    if provider not in definitions:
        raise CliError(
            f"{file} has no provider '{provider}': {did_you_mean(provider, definitions)}"
        )
    return provider


def _print_problems(problems: Mapping[str, list[str]], *, as_json_: bool) -> None:
    """Print every problem by definition and path."""
    if as_json_:
        found = [f"{name}: {words}" for name, each in problems.items() for words in each]
        print_json({"problems": found})
        return
    for name, each in problems.items():
        for words in each:
            say(f"{name}: {words}", "red")
    total = sum(map(len, problems.values()))
    note(f"{count(total, 'problem')}; docs/adding-a-provider.md explains every field")


def _print_fine(definitions: Mapping[str, object], *, as_json_: bool) -> None:
    """Say that nothing is wrong with the definitions."""
    if as_json_:
        print_json({"problems": []})
        return
    for name, definition in definitions.items():
        say(f"{name}: the definition is valid", "green")
        for words in _remarks(definition):
            warn(f"{name}: {words}")
    note("add --key-env VARIABLE to try it against the live service")


def _remarks(definition: object) -> list[str]:
    """Return what is valid but seldom meant."""
    request = definition.get("request", {}) if isinstance(definition, Mapping) else {}
    words = []
    if not re.search(r"\{(key|secret\.\w+)\}", str(request)):
        words.append("the request sends no key: there is neither {key} nor {secret.NAME} in it")
    if str(request.get("url", "")).startswith("http:"):
        words.append("plain http is for trying it on this machine: a deployed poller wants https")
    return words
