"""Where each account's key is kept, and saving and looking up many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from botocore.exceptions import ClientError

from balance_poller.credentials.reference import SecretError, SecretReference
from balance_poller.definitions.template import Secret
from balancectl.cli.errors import CliError, is_denied
from balancectl.deployment.accounts import Stack
from balancectl.deployment.target import Target
from balancectl.keys.document import Change, put, read_ring, remove, whole, why_unusable, write_ring
from balancectl.keys.secret_writer import Stored, Vault

_DENIED: Final = "reading the secret is denied"


@dataclass(frozen=True, slots=True)
class KeyState:
    """Whether the poller finds an account's key."""

    account: str
    reference: SecretReference
    why_missing: str | None
    """None when there is a usable key."""
    changed_at: datetime | None
    """When the secret as a whole was last changed; Secrets Manager knows no more."""


def place_of(target: Target, stack: Stack | None, account: str) -> SecretReference:
    """Return where the account's key belongs; the stack's own secret unless it names another.

    Raises:
        CliError: when the account's ``secret`` is not a reference.
    """
    known = None if stack is None else stack.accounts.get(account)
    text = (known.config.get("secret") if known else None) or f"{target.names.secret}#{account}"
    try:
        return SecretReference.parse(str(text))
    except SecretError as exc:
        raise CliError(f"account '{account}': secret '{text}': {exc}") from None


def save_keys(
    target: Target, places: Mapping[str, SecretReference], keys: Mapping[str, Secret]
) -> dict[str, Change]:
    """Save keys by account, each where it belongs; one change of each secret for all its keys.

    Raises:
        CliError: when two accounts that share a key get different ones, or a secret cannot be
            written. What other secrets were given by then stays saved.
    """
    changes: dict[str, Change] = {}
    for secret_id in dict.fromkeys(places[account].secret_id for account in keys):
        accounts = [account for account in keys if places[account].secret_id == secret_id]
        wanted = _by_json_key(accounts, places, keys)
        made = _save(Vault(target.secretsmanager, secret_id), wanted)
        changes |= {account: made[places[account].json_key] for account in accounts}
    return changes


def remove_key(target: Target, place: SecretReference) -> Change:
    """Remove a named key from its secret.

    Raises:
        CliError: when the secret is one key as a whole: it cannot be emptied, only deleted.
    """
    if place.json_key is None:
        raise CliError(
            f"the secret {place.secret_id} is this account's alone and cannot be emptied: "
            f"`aws secretsmanager delete-secret --secret-id {place.secret_id}` deletes it"
        )
    name, vault = place.json_key, Vault(target.secretsmanager, place.secret_id)
    change = Change.ABSENT

    def without(text: str | None) -> str | None:
        nonlocal change
        ring, change = remove(read_ring(text, place.secret_id), name)
        return None if change is Change.ABSENT else write_ring(ring)

    vault.update(without)
    return change


def key_states(target: Target, stack: Stack) -> list[KeyState]:
    """Return for every account whether the poller finds its key; reads each secret once."""
    places = {account: place_of(target, stack, account) for account in stack.accounts}
    secrets = {
        secret_id: _look(target, secret_id)
        for secret_id in dict.fromkeys(place.secret_id for place in places.values())
    }
    return [
        KeyState(account, place, *_state(secrets[place.secret_id], place))
        for account, place in sorted(places.items())
    ]


def unused_names(target: Target, stack: Stack) -> list[str]:
    """Return the names in the stack's own secret that no account uses."""
    found = _look(target, target.names.secret)
    if isinstance(found, str) or found[0].text is None:
        return []
    places = (place_of(target, stack, account) for account in stack.accounts)
    used = {place.json_key for place in places if place.secret_id == target.names.secret}
    try:
        return sorted(set(read_ring(found[0].text, target.names.secret)) - used)
    except CliError:
        return []  # it holds no names; the accounts' states say so


def _by_json_key(
    accounts: Iterable[str], places: Mapping[str, SecretReference], keys: Mapping[str, Secret]
) -> dict[str | None, Secret]:
    """Return the keys of one secret by their names in it."""
    wanted: dict[str | None, Secret] = {}
    owners: dict[str | None, str] = {}
    for account in accounts:
        name = places[account].json_key
        if name in wanted and wanted[name] != keys[account]:
            raise CliError(
                f"'{owners[name]}' and '{account}' share one key in {places[account].secret_id}, "
                "and are given different ones: nothing was saved"
            )
        wanted[name], owners[name] = keys[account], account
    if None in wanted and len(wanted) > 1:
        raise CliError(
            f"'{owners[None]}' uses a secret as a whole in which others have named keys: correct "
            "`secret` in their entries of `accounts`"
        )
    return wanted


def _save(vault: Vault, wanted: Mapping[str | None, Secret]) -> dict[str | None, Change]:
    """Change one secret; return what became of each key."""
    changes: dict[str | None, Change] = {}

    def edit(text: str | None) -> str | None:
        changes.clear()
        if None in wanted:
            new, change = whole(text, wanted[None])
            changes[None] = change
            return new
        named = {name: key for name, key in wanted.items() if name is not None}
        ring, made = put(read_ring(text, vault.secret_id), named)
        changes.update(made)
        return write_ring(ring) if set(made.values()) != {Change.UNCHANGED} else None

    vault.update(edit)
    return changes


def _look(target: Target, secret_id: str) -> tuple[Stored, datetime | None] | str:
    """Read a secret, or say why it cannot be read."""
    vault = Vault(target.secretsmanager, secret_id)
    try:
        return vault.read(), vault.changed_at()
    except CliError as exc:
        return str(exc)
    except ClientError as exc:
        if is_denied(exc):
            return _DENIED
        raise


def _state(
    found: tuple[Stored, datetime | None] | str, place: SecretReference
) -> tuple[str | None, datetime | None]:
    """Return why a key is missing, and when its secret changed."""
    if isinstance(found, str):
        return found, None
    stored, changed_at = found
    return why_unusable(stored.text, place.json_key), changed_at
