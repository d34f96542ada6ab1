"""Where a key may be sent: only where it was stored for. Pure.

Otherwise, anybody who can edit accounts could send any secret that the poller can read anywhere.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from balance_poller.credentials.reference import SecretError, SecretReference, StoredKey
from balance_poller.exchange.provider import Provider
from shared.names import DEFAULT_NAME, StackNames

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class KeyPolicy(NamedTuple):
    """What the deployment allows besides the notes stored with keys."""

    stack_name: str
    key_hosts: frozenset[str] = frozenset()
    """Origins to which keys may be sent that ``keys set`` does not write."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``, in one form: "https://api.example.com"."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    suffix = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def destination_of(provider: Provider, url: str, base_url: str | None) -> str:
    """Return where a request goes: the name of a shipped provider, or the origin of ``url``."""
    return provider.name if provider.is_shipped and base_url is None else origin_of(url)


def check_binding(
    account: str, secret: str, stored: StoredKey, destination: str, policy: KeyPolicy
) -> None:
    """Check that the key may be sent to ``destination``.

    Args:
        account: The account's id, for the command that the error names.
        secret: The account's reference to its key.
        stored: The key, with the notes stored with it.
        destination: The name of a shipped provider, or the origin of any other request.
        policy: What the deployment allows.

    Raises:
        SecretError: when the key was stored for another destination, or without one and this is not
            a shipped provider.
    """
    if stored.bound_to is not None:
        if destination in stored.bound_to.split():
            return
        reason = f"its key was stored for {stored.bound_to[:60]}, not for {destination}"
    elif "://" not in destination:
        return
    elif SecretReference.parse(secret).is_of(StackNames(policy.stack_name).secret):
        reason = f"its key may go to shipped providers only, not to {destination}"
    elif destination in policy.key_hosts:
        return
    else:
        raise SecretError(
            f"its key may go to shipped providers only: list {destination} in key_hosts"
        )
    name = "" if policy.stack_name == DEFAULT_NAME else f" --name {policy.stack_name}"
    raise SecretError(f"{reason}: to allow it, run: balancectl{name} keys bind {account}")
