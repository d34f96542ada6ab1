"""Completion of names on the command line. If anything fails, it offers nothing and is silent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import typer

from balance_poller.definitions.catalogue import list_providers
from balance_poller.exchange.provider import load_provider
from balancectl.deployment.accounts import read_stack
from balancectl.deployment.target import Target


def complete_account(context: typer.Context, incomplete: str) -> list[str]:
    """Return the configured accounts that start with the word."""
    options = context.find_root().params
    with contextlib.suppress(Exception):
        target = context.find_object(Target) or Target(
            options.get("name") or Target().name, options.get("region"), options.get("profile")
        )
        with contextlib.redirect_stderr(None):
            return _starting_with(incomplete, read_stack(target).accounts)
    return []


def complete_provider(incomplete: str) -> list[str]:
    """Return the shipped providers that start with the word."""
    return _starting_with(incomplete, list_providers())


def complete_wallet(context: typer.Context, incomplete: str) -> list[str]:
    """Return the wallets of the provider on the command line that start with the word."""
    with contextlib.suppress(Exception):
        provider = load_provider(str(context.params.get("provider")), {})
        return _starting_with(incomplete, provider.definition.wallets)
    return []


def _starting_with(incomplete: str, names: Iterable[str]) -> list[str]:
    """Return the names that start with ``incomplete``."""
    return sorted(name for name in names if name.startswith(incomplete))
