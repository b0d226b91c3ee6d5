"""A trunk that wants to be registered at, over UDP, TCP and TLS: challenged, told to stay longer, refreshed, left."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import trustme

from interop.challenges import Challenge
from interop.edge import Edge
from interop.scenario import Peer, scenario
from interop.scripts import hears, phone, says
from interop.sipp import LOOPBACK, Sipp
from interop.tls_front import TlsFront
from interop.wire import requests
from patience import eventually
from service import Service, Trunk

if TYPE_CHECKING:
    from pathlib import Path

CHALLENGE = Challenge(401, "MD5")
NUMBER = "640003"

GRANTED = 4
"""Seconds; half of it later it is renewed."""

REGISTRAR = phone(
    hears("REGISTER") + says(401, "Unauthorized", headers=[CHALLENGE.header]),
    hears("REGISTER") + says(423, "Interval Too Brief", headers=["Min-Expires: 90"]),
    hears("REGISTER") + says(200, "OK", headers=[f"Expires: {GRANTED}"]),
    hears("REGISTER") + says(200, "OK", headers=["Expires: 600"]),
    hears("REGISTER") + says(200, "OK", headers=["Expires: 0"]),
).replace('<Reference variables="via,caller,callee,contact,cseq"/>', "")


class Papers:
    """A certificate for this machine, and the authority that made it."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca, self.certificate = folder / "ca.pem", folder / "certificate.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        authority.issue_cert(LOOPBACK).private_key_and_cert_chain_pem.write_to_path(str(self.certificate))

    @property
    def sip(self) -> str:
        """The service's [sip] and [sip.tls]."""
        ways = ", ".join(f'"{way}:{LOOPBACK}:0"' for way in ("udp", "tcp", "tls"))
        return f'listen = [{ways}]\n[sip.tls]\ncertificate = "{self.certificate}"\nca = "{self.ca}"'


def is_up(service: Service) -> bool:
    return any(line.get("event") == "trunk is up" for line in service.log())


@scenario(Peer.SIPP, "{transport}")
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_trunk_registers_stays_longer_renews_and_leaves(tmp_path: Path, transport: str) -> None:
    papers = Papers(tmp_path)
    room = tmp_path / "registrar"
    room.mkdir()
    (room / "scenario.xml").write_text(REGISTRAR)
    with ExitStack() as peers:
        registrar = peers.enter_context(
            Sipp.start(room / "scenario.xml", room, over="udp" if transport == "udp" else "tcp")
        )
        host, port = registrar.address
        if transport == "tls":  # Debian's sipp has none
            front = peers.enter_context(TlsFront.listening(papers.certificate))
            front.stand_before(registrar.address)
            host, port = front.address
        uri = f"sip:{host}:{port}" + ("" if transport == "udp" else f";transport={transport}")
        ours = Trunk("carrier", uri, ("",), NUMBER, "secret", {"register": True, "register_expires": 60})
        service = peers.enter_context(Service.start(tmp_path, trunks=[ours], sip=papers.sip))
        assert eventually(lambda: len(requests(registrar, "REGISTER")) == 4, seconds=20)
        assert is_up(service)
        assert service.stop() == 0
        assert service.faults() == []
        registrar.kept()

    asked = requests(registrar, "REGISTER")
    assert [each.header("Expires") for each in asked] == ["60", "60", "90", "90", "0"]
    assert all(CHALLENGE.is_met(each, username=NUMBER, password="secret") for each in asked[1:])
    assert [CHALLENGE.credentials(each)["nc"] for each in asked[1:]] == [f"{count:08}" for count in range(1, 5)]
    assert {each.header("Via").split()[0] for each in asked} == {f"SIP/2.0/{transport.upper()}"}
    assert len({each.header("Contact").partition(";expires")[0] for each in asked}) == 1
    assert (asked[3].time - asked[2].time).total_seconds() == pytest.approx(GRANTED / 2, abs=1.0)


@scenario(Peer.KAMAILIO, "{transport}")
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_trunk_registers_there_like_a_phone_and_leaves(tmp_path: Path, transport: str) -> None:
    papers = Papers(tmp_path)
    with Edge.start(tmp_path, users={NUMBER: "open"}, certificate=papers.certificate, ca=papers.ca) as edge:
        ours = Trunk("edge", edge.uri(transport), ("",), NUMBER, "open", {"register": True, "register_expires": 60})
        with Service.start(tmp_path, trunks=[ours], sip=papers.sip) as service:
            assert eventually(lambda: is_up(service)), edge.log()
            (said,) = [line["why"] for line in service.log() if line.get("event") == "trunk is up"]
            assert service.stop() == 0
            assert service.faults() == []
        assert edge.faults() == []
    assert said == "registered for 60 s"
