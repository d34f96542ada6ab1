"""Locates, saves and looks up the accounts' keys, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from botocore.exceptions import ClientError

from balance_poller.credentials.reference import SecretError, SecretReference
from balancectl.cli.errors import CliError, is_denied
from balancectl.cli.formatting import join_names
from balancectl.deployment.accounts import Stack
from balancectl.deployment.target import Target
from balancectl.keys.document import (
    Change,
    bind,
    format_document,
    key_names,
    parse_document,
    remove,
    replace_text,
    set_keys,
    why_unusable,
)
from balancectl.keys.secret_writer import SecretVersion, SecretWriter
from shared.secret import PlainKey

_DENIED: Final = "access to the secret is denied"


@dataclass(frozen=True, slots=True)
class KeyState:
    """Whether the poller finds an account's key."""

    account: str
    reference: SecretReference
    why_missing: str | None
    """None if there is a usable key."""
    changed_at: datetime | None
    """When the whole secret was last changed; Secrets Manager records nothing finer."""


def locate_key(target: Target, stack: Stack | None, account: str) -> SecretReference:
    """Return where the account's key is kept: by default, in the deployment's secret.

    Raises:
        CliError: When the account's ``secret`` is not a valid reference, or it has no key.
    """
    known = None if stack is None else stack.accounts.get(account)
    if known is not None and known.is_pushed:
        raise CliError(
            f"account '{account}' has no key, because its balance is pushed: "
            f"{target.command('push', account, 'AMOUNT')}"
        )
    text = (known.config.get("secret") if known else None) or f"{target.names.secret}#{account}"
    try:
        return SecretReference.parse(str(text))
    except SecretError as exc:
        raise CliError(f"account '{account}': secret '{text}': {exc}") from None


def save_keys(
    target: Target,
    locations: Mapping[str, SecretReference],
    keys: Mapping[str, PlainKey],
    bound_to: Mapping[str, str],
) -> dict[str, Change]:
    """Save keys by account, each in its secret, with one change to each secret.

    Args:
        target: The deployment.
        locations: Where each account's key is kept.
        keys: The keys by account.
        bound_to: Where each account's key is sent, to be noted beside it.

    Raises:
        CliError: When accounts that share a key get different ones, or a secret cannot be written.
            Keys in other secrets may already be saved.
    """
    changes: dict[str, Change] = {}
    for secret_id in dict.fromkeys(locations[account].secret_id for account in keys):
        accounts = [account for account in keys if locations[account].secret_id == secret_id]
        wanted = _by_json_key(accounts, locations, keys)
        notes = _by_name(accounts, locations, bound_to)
        made = _save_to_secret(SecretWriter(target.secretsmanager, secret_id), wanted, notes)
        changes |= {account: made[locations[account].json_key] for account in accounts}
    return changes


def bind_keys(
    target: Target, locations: Mapping[str, SecretReference], bound_to: Mapping[str, str]
) -> dict[str, Change]:
    """Note beside accounts' keys where they may be sent.

    Raises:
        CliError: When an account's whole secret is its key, or a secret cannot be written.
    """
    whole = [account for account in bound_to if locations[account].json_key is None]
    if whole:
        raise CliError(
            f"{join_names(whole)}: a secret that is one key has no place for a note; list"
            f" {bound_to[whole[0]]} in key_hosts, or store the key with `balancectl keys set`"
        )
    changes: dict[str, Change] = {}
    for secret_id in dict.fromkeys(locations[account].secret_id for account in bound_to):
        accounts = [account for account in bound_to if locations[account].secret_id == secret_id]
        notes = _by_name(accounts, locations, bound_to)
        made = _bind_in_secret(SecretWriter(target.secretsmanager, secret_id), notes)
        changes |= {account: made[str(locations[account].json_key)] for account in accounts}
    return changes


def remove_key(target: Target, location: SecretReference) -> Change:
    """Remove a named key from its secret.

    Raises:
        CliError: When the whole secret is one key, which can only be deleted.
    """
    if location.json_key is None:
        raise CliError(
            f"the secret {location.secret_id} holds only this account's key and cannot be emptied: "
            f"to delete it: `aws secretsmanager delete-secret --secret-id {location.secret_id}`"
        )
    name, writer = location.json_key, SecretWriter(target.secretsmanager, location.secret_id)
    change = Change.ABSENT

    def without(text: str | None) -> str | None:
        nonlocal change
        document, change = remove(parse_document(text, location.secret_id), name)
        return None if change is Change.ABSENT else format_document(document)

    writer.update(without)
    return change


def key_states(target: Target, stack: Stack) -> list[KeyState]:
    """Return whether the poller finds each account's key; read each secret once."""
    locations = {account: locate_key(target, stack, account) for account in stack.with_keys}
    secrets = {
        secret_id: _read_secret(target, secret_id)
        for secret_id in dict.fromkeys(location.secret_id for location in locations.values())
    }
    return [
        KeyState(account, location, *_key_state(secrets[location.secret_id], location))
        for account, location in sorted(locations.items())
    ]


def unused_names(target: Target, stack: Stack) -> list[str]:
    """Return the names in the deployment's secret that no account uses."""
    found = _read_secret(target, target.names.secret)
    if isinstance(found, str) or found[0].text is None:
        return []
    locations = (locate_key(target, stack, account) for account in stack.with_keys)
    used = {
        location.json_key for location in locations if location.secret_id == target.names.secret
    }
    try:
        return sorted(key_names(parse_document(found[0].text, target.names.secret)) - used)
    except CliError:
        return []  # not an object of keys, which the accounts' states report


def _by_json_key(
    accounts: Iterable[str], locations: Mapping[str, SecretReference], keys: Mapping[str, PlainKey]
) -> dict[str | None, PlainKey]:
    """Return the keys of one secret by JSON key."""
    wanted: dict[str | None, PlainKey] = {}
    owners: dict[str | None, str] = {}
    for account in accounts:
        name = locations[account].json_key
        if name in wanted and wanted[name] != keys[account]:
            raise CliError(
                f"'{owners[name]}' and '{account}' share one key in "
                f"{locations[account].secret_id}, but were given different ones: nothing was saved"
            )
        wanted[name], owners[name] = keys[account], account
    if None in wanted and len(wanted) > 1:
        raise CliError(
            f"'{owners[None]}' uses a whole secret in which others have named keys: "
            "correct `secret` in their entries of `accounts`"
        )
    return wanted


def _by_name(
    accounts: Iterable[str], locations: Mapping[str, SecretReference], bound_to: Mapping[str, str]
) -> dict[str, str]:
    """Return the notes of one secret by JSON key; accounts that share a key share the note."""
    places: dict[str, set[str]] = {}
    for account in accounts:
        name = locations[account].json_key
        if name is not None and account in bound_to:
            places.setdefault(name, set()).add(bound_to[account])
    return {name: " ".join(sorted(found)) for name, found in places.items()}


def _bind_in_secret(writer: SecretWriter, notes: Mapping[str, str]) -> dict[str, Change]:
    """Change the notes of one secret; return what changed for each key."""
    changes: dict[str, Change] = {}

    def edit(text: str | None) -> str | None:
        document = parse_document(text, writer.secret_id)
        for name, bound_to in notes.items():
            document, changes[name] = bind(document, name, bound_to)
        return format_document(document)

    writer.update(edit)
    return changes


def _save_to_secret(
    writer: SecretWriter, wanted: Mapping[str | None, PlainKey], notes: Mapping[str, str]
) -> dict[str | None, Change]:
    """Change one secret; return what changed for each key."""
    changes: dict[str | None, Change] = {}

    def edit(text: str | None) -> str | None:
        changes.clear()
        if None in wanted:
            new, change = replace_text(text, wanted[None])
            changes[None] = change
            return new
        named = {name: key for name, key in wanted.items() if name is not None}
        before = parse_document(text, writer.secret_id)
        document, made = set_keys(before, named, notes)
        changes.update(made)
        return None if document == before else format_document(document)

    writer.update(edit)
    return changes


def _read_secret(target: Target, secret_id: str) -> tuple[SecretVersion, datetime | None] | str:
    """Read a secret, or return why it cannot be read."""
    writer = SecretWriter(target.secretsmanager, secret_id)
    try:
        return writer.read(), writer.changed_at()
    except CliError as exc:
        return str(exc)
    except ClientError as exc:
        if is_denied(exc):
            return _DENIED
        raise


def _key_state(
    found: tuple[SecretVersion, datetime | None] | str, location: SecretReference
) -> tuple[str | None, datetime | None]:
    """Return why a key is missing, if it is, and when its secret was changed."""
    if isinstance(found, str):
        return found, None
    stored, changed_at = found
    return why_unusable(stored.text, location.json_key), changed_at
