"""Sockets that were bound before us are served where a key names them; others are a mistake that is told."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from service import write_config
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.given import Given, given_by_systemd, name_of
from twoleg.bootstrap.sockets import address_of, bind_all
from twoleg.config import Address, Settings, load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(write_config(tmp_path), {})


def test_a_newer_service_gets_every_socket_of_the_older_one_port_0_included(settings: Settings) -> None:
    older = bind_all(settings)
    copies = {name: each.dup() for name, each in older.by_name.items()}
    newer = bind_all(settings, Given(by_name=copies))
    try:
        assert address_of(newer.http) == address_of(older.http)
        assert newer.sip_addresses == older.sip_addresses
        assert copies == {}, "each was taken"
    finally:
        older.close()
        newer.close()


def test_a_socket_that_no_key_wants_any_more_is_closed(settings: Settings) -> None:
    spare = socket.create_server(("127.0.0.1", 0))
    given = Given(by_name={name_of("sip.listen", Address("tcp", "127.0.0.1", 0)): spare})
    sockets = bind_all(settings, given)
    sockets.close()
    given.close()
    assert spare.fileno() == -1


def test_systemds_sockets_are_found_by_address_and_kind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        address = Address("tcp", *bound.getsockname()[:2])
        given = Given(by_systemd=[bound])
        assert given.take("sip.listen", Address("udp", address.host, address.port)) is None
        assert given.take("http.listen", address) is bound
        assert given.take("http.listen", address) is None, "each once"


def test_a_socket_of_systemd_that_no_key_names_stops_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(ServiceError, match=f"systemd hands over tcp 127.0.0.1:{port}, which no key"):
            Given(by_systemd=[bound]).close()


@pytest.mark.parametrize("pid", ["", "1", "nonsense"])
def test_what_is_meant_for_another_process_is_left_alone(pid: str) -> None:
    assert given_by_systemd({"LISTEN_PID": pid, "LISTEN_FDS": "2"}) == Given()


def test_no_sockets_are_no_sockets() -> None:
    assert given_by_systemd({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "0"}) == Given()
