"""The heartbeats' addresses in their secret: a JSON object by shard. No address is ever shown."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from balancectl.cli.errors import CliError
from balancectl.deployment.target import Target
from balancectl.keys.secret_writer import SecretWriter


def check_address(address: str) -> None:
    """Refuse an address that no heartbeat can be sent to. The text does not quote it.

    Raises:
        CliError: When it is not an https address.
    """
    if any(not "!" <= character <= "~" for character in address):
        raise CliError("the address has spaces or other characters that no address has")
    try:
        parts = urlsplit(address)
        is_usable = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
        _ = parts.port
    except ValueError:
        is_usable = False
    if not is_usable:
        raise CliError("the address must begin with https:// and name a host, without a user")


def save_address(target: Target, shard: int, address: str | None) -> bool:
    """Store the address of a shard, or remove it if it is None; return whether that changed it.

    Raises:
        CliError: When the secret does not exist, or holds something else.
    """
    before: str | None = None

    def edit(text: str | None) -> str:
        nonlocal before
        addresses = _addresses(text)
        before = addresses.pop(str(shard), None)
        if address is not None:
            addresses[str(shard)] = address
        return json.dumps(addresses, indent=1, sort_keys=True)

    SecretWriter(target.secretsmanager, target.names.heartbeat_secret).update(edit)
    return before != address


def _addresses(text: str | None) -> dict[str, str]:
    """Read the secret's text.

    Raises:
        CliError: When it is not a JSON object.
    """
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CliError("the secret of the heartbeats is not a JSON object: empty it first")
    return found
