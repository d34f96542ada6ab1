"""Whether a client reaches AWS or an emulator on this machine. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from balancectl.cli.errors import CliError

_LOOPBACK_NAMES: Final = ("localhost", ".localhost")


def is_local(url: str) -> bool:
    """Whether ``url`` points to this machine.

    Raises:
        CliError: When it is plain http to another machine: keys and credentials would be readable.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == _LOOPBACK_NAMES[0] or host.endswith(_LOOPBACK_NAMES[1]) or _is_loopback(host):
        return True
    if parts.scheme != "https":
        raise CliError(
            f"AWS's endpoint {parts.scheme}://{host} is not encrypted: use https, or plain http on "
            "this machine only (AWS_ENDPOINT_URL, or endpoint_url of the profile)"
        )
    return False


def _is_loopback(host: str) -> bool:
    """Whether ``host`` is a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
