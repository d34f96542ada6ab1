"""The secret with the channels' addresses: a JSON object by channel."""

from __future__ import annotations

from balancectl.cli.errors import CliError
from balancectl.cli.redaction import remember
from balancectl.deployment.target import Target
from balancectl.keys.document import Change, format_document, parse_document
from balancectl.keys.secret_writer import SecretWriter


def checked_address(text: str) -> str:
    """Return an address that the courier can use.

    Raises:
        CliError: When it is none. The text quotes nothing of it.
    """
    address = text.strip()
    if not address:
        raise CliError("the address is empty")
    service, why = _service(address)
    if not service:
        raise CliError(f"the address cannot be used: {why}")
    return address


def save_address(target: Target, channel: str, address: str) -> Change:
    """Store a channel's address."""
    change = Change.UNCHANGED

    def with_address(text: str | None) -> str | None:
        nonlocal change
        document = parse_document(text, target.names.channels_secret)
        old = document.get(channel)
        change = Change.ADDED if old is None else Change.CHANGED
        if old == address:
            change = Change.UNCHANGED
            return None
        return format_document({**document, channel: address})

    _writer(target).update(with_address)
    return change


def remove_address(target: Target, channel: str) -> Change:
    """Remove a channel's address."""
    change = Change.ABSENT

    def without(text: str | None) -> str | None:
        nonlocal change
        document = parse_document(text, target.names.channels_secret)
        change = Change.REMOVED if channel in document else Change.ABSENT
        rest = {name: address for name, address in document.items() if name != channel}
        return None if change is Change.ABSENT else format_document(rest)

    _writer(target).update(without)
    return change


def services(target: Target) -> dict[str, tuple[str, str | None]]:
    """Return each stored channel's service, and why its address cannot be used, if so."""
    writer = _writer(target)
    writer.changed_at()  # a missing secret and one without a value get the same answer to a read
    document = parse_document(writer.read().text, target.names.channels_secret)
    return {name: _service(str(address)) for name, address in sorted(document.items())}


def _service(text: str) -> tuple[str, str | None]:
    """Return an address's service, or why it has none."""
    # Apprise takes a second to load, which other commands need not wait for.
    from courier.channels.address import Address, AddressError  # noqa: PLC0415

    remember(text)
    try:
        return Address(text).schema, None
    except AddressError as exc:
        return "", str(exc)


def _writer(target: Target) -> SecretWriter:
    """Return what reads and changes the secret."""
    return SecretWriter(target.secretsmanager, target.names.channels_secret)
