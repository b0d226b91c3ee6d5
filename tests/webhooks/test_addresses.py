"""The guard: which addresses a receiver may have."""

from __future__ import annotations

import pytest

from twoleg.adapters.webhooks.addresses import AddressGuard


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:c0a8:101::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "100::1",
        "4000::1",
        "localhost",
        "",
        "127.1",
        "0x7f000001",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not AddressGuard().allows(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_public_is_let_through(address: str) -> None:
    assert AddressGuard().allows(address)


def test_the_operator_may_allow_networks_and_only_those_are_opened() -> None:
    guard = AddressGuard(["10.20.0.0/16", "fd00:1::/32"])

    assert [guard.allows(each) for each in ("10.20.3.4", "::ffff:10.20.3.4", "fd00:1::5", "8.8.8.8")] == [True] * 4
    assert [guard.allows(each) for each in ("10.21.0.1", "127.0.0.1", "fd00:2::5")] == [False] * 3
