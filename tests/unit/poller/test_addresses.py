"""Where requests may go: public addresses, others only where they are allowed."""

from __future__ import annotations

import itertools

import pytest

from balance_poller.fetching.transport.addresses import AddressPolicy

PUBLIC = ("1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")
PRIVATE = (
    "10.0.0.1",
    "172.16.9.9",
    "192.168.1.1",
    "100.64.0.1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
)
LOOPBACK = ("127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1")  # noqa: S104 -- no bind
NEVER = (
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1%eth0",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "224.0.0.1",
    "no address",
)


@pytest.mark.parametrize(("private", "loopback"), list(itertools.product([False, True], repeat=2)))
def test_an_address_when_checked_then_is_allowed_as_its_kind_is(
    private: bool, loopback: bool
) -> None:
    policy = AddressPolicy(private, loopback)
    kinds = [(PUBLIC, True), (PRIVATE, private), (LOOPBACK, loopback), (NEVER, False)]

    for addresses, expected in kinds:
        for address in addresses:
            assert policy.allows(address) is expected, address
