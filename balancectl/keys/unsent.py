"""Keys that the poller would refuse to send to their accounts' addresses, and why."""

from __future__ import annotations

from botocore.exceptions import ClientError

from balance_poller.credentials.binding import KeyPolicy, check_binding
from balance_poller.credentials.reference import SecretError, StoredKey
from balance_poller.credentials.stored import StoredSecret, parse_stored
from balancectl.cli.errors import CliError, is_denied
from balancectl.deployment.accounts import Stack
from balancectl.deployment.target import Target
from balancectl.keys.locations import locate_key
from balancectl.keys.requirements import destinations
from balancectl.keys.secret_writer import SecretWriter


def unsent_keys(target: Target, stack: Stack, key_hosts: frozenset[str]) -> dict[str, str]:
    """Return the reasons by account; a missing or unreadable key has none.

    Args:
        target: The deployment, which may exist only in part.
        stack: Its accounts, deployed or planned.
        key_hosts: Origins for keys in secrets that `keys set` does not write.
    """
    policy = KeyPolicy(target.name, key_hosts)
    read: dict[str, StoredSecret | None] = {}
    reasons: dict[str, str] = {}
    for account, destination in destinations(stack, sorted(stack.accounts)).items():
        reference = locate_key(target, stack, account)
        if reference.secret_id not in read:
            read[reference.secret_id] = _read(target, reference.secret_id)
        key = _take(read[reference.secret_id], reference.json_key)
        if key is None:
            continue
        try:
            check_binding(account, reference.secret_id, key, destination, policy)
        except SecretError as exc:
            reasons[account] = str(exc)
    return reasons


def _read(target: Target, secret_id: str) -> StoredSecret | None:
    """Return a secret, or None if it cannot be read."""
    try:
        text = SecretWriter(target.secretsmanager, secret_id).read().text
    except CliError:
        return None
    except ClientError as exc:
        if is_denied(exc):
            return None
        raise
    return None if text is None else parse_stored(text)


def _take(stored: StoredSecret | None, json_key: str | None) -> StoredKey | None:
    """Return a key, or None if there is no usable one."""
    try:
        return None if stored is None else stored.take(json_key)
    except SecretError:
        return None
