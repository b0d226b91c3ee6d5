"""From a configuration to a user agent on all its transports, asked by `twoleg check`'s own questions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import trustme

from sip_transport.cores import RememberingLog
from twoleg.bootstrap.engine_process import sip_timers
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.probe import ask_trunks
from twoleg.bootstrap.signalling import resolver, signalling, tls_of
from twoleg.bootstrap.sockets import bind_elsewhere
from twoleg.config import Settings, load
from twoleg.domain.trunk import Trunk
from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri

SIP = """
[store]
url = "sqlite:///x.db"
[sip]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0", "udp:[::1]:0"]
[sip.tls]
certificate = "ours.pem"
ca = "ca.pem"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ours.pem"))
    return settings_of(tmp_path, SIP)


def settings_of(folder: Path, text: str) -> Settings:
    file = folder / "twoleg.toml"
    file.write_text(text)
    return load(file, {})


def test_a_trunk_answers_over_whatever_transport_it_is_asked(settings: Settings) -> None:
    async def story() -> None:
        bound = bind_elsewhere(settings)
        trunk = signalling(settings, bound, log=RememberingLog())
        trunk.start(lambda _: None)
        ports = [each.getsockname()[1] for each in bound]
        uris = [
            f"sip:127.0.0.1:{ports[0]}",
            f"sip:127.0.0.1:{ports[1]};transport=tcp",
            f"sip:127.0.0.1:{ports[2]};transport=tls",
            f"sips:127.0.0.1:{ports[2]}",
            f"sip:[::1]:{ports[3]}",
        ]
        answers = await ask_trunks([Trunk(name=uri, uri=uri) for uri in uris], settings)
        assert [answer.status for answer in answers] == [200] * len(uris), answers
        trunk.close()
        await asyncio.sleep(0.05)

    asyncio.run(story())


def test_peers_are_told_the_advertised_address_of_their_family_with_the_real_port(tmp_path: Path) -> None:
    listen = '[sip]\nlisten = ["udp:0.0.0.0:0", "tcp:[::]:0"]\nadvertised = ["192.0.2.1", "2001:db8::1"]\n'
    settings = settings_of(tmp_path, '[store]\nurl = "sqlite:///x.db"\n' + listen)

    async def story() -> None:
        bound = bind_elsewhere(settings)
        shell = signalling(settings, bound, log=RememberingLog())
        udp, tcp = (each.getsockname()[1] for each in bound)
        assert shell.local == shell.agent.local_for(Peer("udp", "192.0.2.9", 5060)) == Peer("udp", "192.0.2.1", udp)
        assert shell.agent.local_for(Peer("tcp", "2001:db8::9", 5060)) == Peer("tcp", "2001:db8::1", tcp)
        shell.close()

    asyncio.run(story())


def test_the_resolver_gives_only_peers_that_we_can_send_to(settings: Settings) -> None:
    found = resolver(settings, lambda: 0.0)

    def peers(uri: str) -> Any:
        return found.at_once(SipUri.parse(uri))

    assert peers("sip:[2001:db8::1]") == [Peer("udp", "2001:db8::1", 5060)]
    assert peers("sips:192.0.2.1") == [Peer("tls", "192.0.2.1", 5061)]


def test_certificates_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"sip\.tls: .*ours\.pem.*: No such file") as told:
        tls_of(settings_of(tmp_path, SIP))
    assert "\n" not in str(told.value)


def test_without_a_tls_address_no_files_are_read(tmp_path: Path) -> None:
    assert tls_of(settings_of(tmp_path, SIP.replace('"tls:127.0.0.1:0", ', ""))) is None


def test_the_user_agent_keeps_the_sessions_that_the_configuration_asks_for(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, '[store]\nurl = "sqlite:///x.db"\n[sip]\nsession_expires = 600\nmin_se = 120')

    timers = sip_timers(settings)

    assert (timers.session_expires, timers.min_se) == (600, 120)
    assert timers.ring_limit > max(settings.timers.ring_agent, settings.timers.ring_customer)
