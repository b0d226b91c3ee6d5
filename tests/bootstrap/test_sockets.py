"""What the supervisor binds, and what it says when it cannot."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.serve import ready_line
from twoleg.bootstrap.sockets import address_of, bind_all, sandbox_address
from twoleg.config import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twoleg.config import Settings

FREE = '[store]\nurl = "sqlite:///x.db"\n[http]\nlisten = "127.0.0.1:0"\n[sip]\nlisten = "udp:127.0.0.1:0"\n'


@pytest.fixture
def taken() -> Iterator[int]:
    """A UDP port that somebody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def settings(folder: Path, text: str) -> Settings:
    file = folder / "twoleg.toml"
    file.write_text(FREE + text)
    return load(file, {})


def test_port_0_becomes_a_real_port(tmp_path: Path) -> None:
    bound = bind_all(settings(tmp_path, '[sandbox]\nenabled = true\nlisten = "udp:127.0.0.1:0"'))
    try:
        line = ready_line(bound)
        pattern = "twoleg ready  http://HERE  sip udp:HERE  sandbox udp:HERE".replace("HERE", r"127.0.0.1:[1-9]\d*")
        assert re.fullmatch(pattern, line)
    finally:
        bound.close()


def test_every_sip_address_is_bound_and_told(tmp_path: Path) -> None:
    file = tmp_path / "twoleg.toml"
    listen = 'listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:[::1]:0", "udp:[::]:0"]\nadvertised = "::1"\n'
    tls = '[sip.tls]\ncertificate = "c.pem"\n'
    file.write_text(FREE.replace('listen = "udp:127.0.0.1:0"\n', listen + tls))
    bound = bind_all(load(file, {}))
    try:
        pattern = r"twoleg ready  http://H  sip udp:H tcp:H tls:\[::1\]:\d+ udp:\[::\]:\d+"
        assert re.fullmatch(pattern.replace("H", r"127\.0\.0\.1:[1-9]\d*"), ready_line(bound))
        assert [each.type for each in bound.sip] == [
            socket.SOCK_DGRAM,
            socket.SOCK_STREAM,
            socket.SOCK_STREAM,
            socket.SOCK_DGRAM,
        ]
    finally:
        bound.close()


def test_an_address_that_cannot_be_had_frees_those_bound_before(tmp_path: Path, taken: int) -> None:
    file = tmp_path / "twoleg.toml"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listen = f'listen = ["tcp:127.0.0.1:{port}", "udp:127.0.0.1:{taken}"]'
    file.write_text(FREE.replace('listen = "udp:127.0.0.1:0"', listen))
    with pytest.raises(ServiceError, match=f"udp:127.0.0.1:{taken}"):
        bind_all(load(file, {}))
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))


def test_without_a_sandbox_none_is_bound(tmp_path: Path) -> None:
    bound = bind_all(settings(tmp_path, ""))
    try:
        assert bound.sandbox is None
        assert "sandbox" not in ready_line(bound)
    finally:
        bound.close()


def test_an_address_in_use_is_named_with_its_key(tmp_path: Path, taken: int) -> None:
    told = rf"^sip.listen = udp:127.0.0.1:{taken}: the address is in use by another program$"
    changed = FREE.replace("udp:127.0.0.1:0", f"udp:127.0.0.1:{taken}")
    file = tmp_path / "twoleg.toml"
    file.write_text(changed)
    with pytest.raises(ServiceError, match=told):
        bind_all(load(file, {}))


def test_an_address_of_another_machine_is_named(tmp_path: Path) -> None:
    file = tmp_path / "twoleg.toml"
    file.write_text(FREE.replace('"127.0.0.1:0"', '"192.0.2.1:0"'))
    with pytest.raises(ServiceError, match=r"http.listen = 192.0.2.1:0: this machine has no such address"):
        bind_all(load(file, {}))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", "udp:127.0.0.1:5070"),
        ('[[trunk]]\nname = "a"\nuri = "sip:127.0.0.1:5099"', "udp:127.0.0.1:5099"),
        ('[[trunk]]\nname = "a"\nuri = "sip:localhost"', "udp:127.0.0.1:5060"),
        ('[[trunk]]\nname = "a"\nuri = "sip:[::1]:5099"', "udp:[::1]:5099"),
        (
            '[[trunk]]\nname = "a"\nuri = "sip:192.0.2.1"\n[[trunk]]\nname = "b"\nuri = "sip:127.0.0.2:5"',
            "udp:127.0.0.2:5",
        ),
        ('[[trunk]]\nname = "a"\nuri = "sip:carrier.example"', "udp:127.0.0.1:5070"),
        ('[sandbox]\nlisten = "udp:127.0.0.9:9"', "udp:127.0.0.9:9"),
        ('[[trunk]]\nname = "a"\nuri = "sip:127.0.0.1:5099;transport=udp"', "udp:127.0.0.1:5099"),
    ],
)
def test_the_sandbox_stands_where_the_first_local_trunk_points(tmp_path: Path, text: str, address: str) -> None:
    assert str(sandbox_address(settings(tmp_path, text))) == address


def test_somebody_elses_carrier_keeps_its_address(tmp_path: Path, taken: int) -> None:
    text = f'[sandbox]\nenabled = true\n[[trunk]]\nname = "a"\nuri = "sip:127.0.0.1:{taken}"'
    bound = bind_all(settings(tmp_path, text))
    try:
        assert bound.sandbox is None
        (warning,) = bound.warnings
        assert f"sandbox left out: sandbox.listen = udp:127.0.0.1:{taken}: the address is in use" in warning
    finally:
        bound.close()


def test_a_sandbox_address_that_was_asked_for_must_be_free(tmp_path: Path, taken: int) -> None:
    with pytest.raises(ServiceError, match=r"sandbox.listen"):
        bind_all(settings(tmp_path, f'[sandbox]\nenabled = true\nlisten = "udp:127.0.0.1:{taken}"'))


def test_ipv6_is_bound_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "twoleg.toml"
    file.write_text(FREE.replace("127.0.0.1:0", "[::1]:0"))
    bound = bind_all(load(file, {}))
    try:
        assert address_of(bound.http).host == "::1"
        assert str(address_of(bound.sip[0])).startswith("udp:[::1]:")
    finally:
        bound.close()
