"""``provider check``: validate a definition, and try it against the live service."""

from __future__ import annotations

import json
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
from balancectl.cli.formatting import did_you_mean, format_count
from balancectl.cli.output import print_json, print_line, print_note, print_warning, progress
from balancectl.commands.options import (
    BaseUrlOption,
    JsonOption,
    KeyEnvOption,
    KeyStdinOption,
    ParamOption,
    WalletOption,
    read_params,
    target_of,
)
from balancectl.local.accounts_file import parse_json, read_accounts_file, read_text
from balancectl.local.fixture import make_fixture
from balancectl.local.one_account import check_wallet, make_account, read_provider_key
from balancectl.local.poll import poll_accounts
from balancectl.views.verify import as_json, print_explanation, print_one
from shared.outcome import Outcome

FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A definition as JSON, or a tfvars file with custom_providers."
    ),
]
ProviderOption = Annotated[
    str | None,
    typer.Option("--provider", metavar="NAME", help="Which provider of a tfvars file to try."),
]
LiveOption = Annotated[bool, typer.Option("--live", help="Try it with a key from a hidden prompt.")]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        "--record", metavar="FILE", help="Write the answer as a fixture, with its data masked."
    ),
]


def check_file(  # noqa: PLR0913, PLR0917 -- options are arguments
    context: typer.Context,
    file: FileArgument,
    provider: ProviderOption = None,
    key_env: KeyEnvOption = None,
    key_stdin: KeyStdinOption = False,
    live: LiveOption = False,
    params: ParamOption = None,
    wallet: WalletOption = None,
    base_url: BaseUrlOption = None,
    record: RecordOption = None,
    as_json_: JsonOption = False,
) -> None:
    """Validate a definition; given a key, also try it against the live service.

    Reports every problem with its path in the definition. The live test shows the request with its
    key masked, the status, and the result of each expression. --record writes the answer as a
    fixture for a contribution: a text or number is kept only if the reading depends on it, and
    amounts get other digits. Read it before you share it.

    Exits 0 if all is well, 1 if there is a problem or the balance was not read, 2 if the check
    failed.
    """
    definitions = _valid_definitions(file, as_json_=as_json_)
    if not (key_env or key_stdin or live):
        if record:
            raise typer.BadParameter("--record needs a key: add --key-env, --key-stdin or --live")
        _print_fine(definitions, as_json_=as_json_)
        return
    name = _chosen(definitions, provider, file)
    check_wallet(name, definitions, wallet)
    key = read_provider_key(name, definitions, key_env or [], key_stdin=key_stdin)
    entry = {"params": read_params(params or []), "wallet": wallet, "base_url": base_url}
    account = make_account(name, entry)
    now = target_of(context).now().replace(microsecond=0)
    with progress(f"polling {name} …"):
        poll = poll_accounts([account], definitions, {name: key}, now)[0]
    if as_json_:
        print_json({"problems": [], "live": as_json(poll, explain=True)})
    else:
        print_one(poll)
        print_explanation(poll)
    if record:
        _write_fixture(record, make_fixture(poll, now))
    if poll.reading.outcome is not Outcome.OK:
        raise typer.Exit(ExitCode.NO)


def _valid_definitions(file: Path, *, as_json_: bool) -> dict[str, object]:
    """Return the definitions in ``file`` by name; if any is invalid, print why and exit."""
    definitions, are_custom = read_definitions(file)
    problems = {
        name: [*(name_problems(name) if are_custom else []), *check_definition(data)]
        for name, data in definitions.items()
    }
    if any(problems.values()):
        _print_problems(problems, as_json_=as_json_)
        raise typer.Exit(ExitCode.NO)
    return definitions


def read_definitions(file: Path) -> tuple[dict[str, object], bool]:
    """Return the definitions in ``file`` by name, and whether they are ``custom_providers``.

    A JSON file without ``custom_providers`` contains one definition.

    Raises:
        CliError: When the file cannot be read or has no definition.
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
    """Return what is wrong with a custom provider's name."""
    if not re.fullmatch(NAME, name):
        return ["a name has up to 40 lowercase letters, digits and underscores"]
    if name in list_providers():
        return ["a shipped provider has this name: choose another"]
    return []


def _name_of(file: Path) -> str:
    """Return a provider name made from the file's name."""
    return re.sub(r"[^a-z0-9_]", "_", file.stem.lower()).lstrip("_0123456789")[:40] or "provider"


def _chosen(definitions: Mapping[str, object], provider: str | None, file: Path) -> str:
    """Return the name of the definition to try."""
    if provider is None and len(definitions) == 1:
        return next(iter(definitions))
    if provider is None:
        raise CliError(
            f"{file} has {format_count(len(definitions), 'provider')}: choose with --provider"
        )
    if provider not in definitions:
        raise CliError(
            f"{file} has no provider '{provider}': {did_you_mean(provider, definitions)}"
        )
    return provider


def _print_problems(problems: Mapping[str, list[str]], *, as_json_: bool) -> None:
    """Print every problem with its definition and path."""
    if as_json_:
        found = [f"{name}: {text}" for name, each in problems.items() for text in each]
        print_json({"problems": found})
        return
    for name, each in problems.items():
        for text in each:
            print_line(f"{name}: {text}", "red")
    total = sum(map(len, problems.values()))
    print_note(f"{format_count(total, 'problem')}; docs/adding-a-provider.md explains every field")


def _print_fine(definitions: Mapping[str, object], *, as_json_: bool) -> None:
    """Print that the definitions are valid, with remarks."""
    if as_json_:
        print_json({"problems": []})
        return
    for name, definition in definitions.items():
        print_line(f"{name}: the definition is valid", "green")
        for text in _remarks(definition):
            print_warning(f"{name}: {text}")
    print_note("add --key-env VARIABLE to try it against the live service")


def _write_fixture(path: Path, fixture: Mapping[str, object]) -> None:
    """Write a fixture, but never overwrite a file."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(fixture, indent=2, ensure_ascii=False) + "\n")
    except OSError as exc:
        raise CliError(f"{path} cannot be written: {exc.strerror}") from None
    print_note(f"wrote {path}: read it before you share it, and give it a title of its own")


def _remarks(definition: object) -> list[str]:
    """Return remarks on settings that are valid but rarely intended."""
    request = definition.get("request", {}) if isinstance(definition, Mapping) else {}
    text = []
    before = definition.get("before", {}) if isinstance(definition, Mapping) else {}
    if not re.search(r"\{(key|secret\.\w+)\}", f"{request}{before}"):
        text.append("the request sends no key: it contains neither {key} nor {secret.NAME}")
    if str(request.get("url", "")).startswith("http:"):
        text.append("plain http works only on this machine: the deployed poller requires https")
    wallets = definition.get("wallets", {}) if isinstance(definition, Mapping) else {}
    text += [
        f"wallets.{name}.remaining: first takes the next amount if one is missing:"
        " make sure that all of them mean the same"
        for name, wallet in wallets.items()
        if '"first"' in json.dumps(wallet["remaining"])
    ]
    return text
