"""The addresses that requests may go to, checked once a connection is established. Pure.

Checking names is no protection: any name may resolve to an address inside this network. On AWS, the
Lambda runtime API listens on loopback, and credentials are served on link-local addresses
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, read 2026-11).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple

#: Addresses behind a NAT64 gateway (RFC 6052): the last 32 bits are the IPv4 address.
_NAT64: Final = IPv6Network("64:ff9b::/96")


class AddressPolicy(NamedTuple):
    """What is allowed besides public addresses."""

    private: bool = False
    """Addresses of private networks, for services in your own VPC."""
    loopback: bool = False
    """This machine, for tests and the local cloud; never on AWS."""

    def allows(self, text: str) -> bool:
        """Return whether a connection to the address ``text`` may be used."""
        try:
            address = _inner(ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if address.is_loopback or address.is_unspecified:
            return self.loopback
        if address.is_link_local or address.is_multicast:
            return False
        return address.is_global or self.private


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address embedded in an IPv6 one; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
