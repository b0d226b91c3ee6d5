"""TLS over real sockets: whom we trust, who trusts us, and what certificates must say (RFC 5922)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from driven_loop import drive
from sip_transport.cores import LOOPBACK
from sip_transport.lines import Certificates, Exchange, Line, Post, ask, post, reply, until
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.connection import StreamLimits
from twoleg.sip_transport.tls import TlsError, TlsFiles, is_for, load_tls


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("papers"))


@asynccontextmanager
async def exchange(context: ssl.SSLContext, *, domain: str = "carrier.example") -> AsyncIterator[Exchange]:
    other = Exchange()
    await other.open(tls=context, domain=domain)
    try:
        yield other
    finally:
        await other.close()


def call_of(
    papers: Certificates, certified_for: str, *, domain: str, papers_of_other: Certificates | None = None
) -> Callable[[], Coroutine[Any, Any, tuple[list[Peer], str]]]:
    """What becomes of a call to a server with such a certificate: who failed, and what the log says."""

    async def story() -> tuple[list[Peer], str]:
        async with post(tls=papers.tls("ours.example")) as here:
            async with exchange((papers_of_other or papers).server(certified_for), domain=domain) as other:
                here.send(ask(1), other.peer)
                await until(lambda: here.core.failed or not other.taken.empty())
                if not here.core.failed:
                    line = await other.taken.get()
                    await line.hear(ask(1))
                    line.say(reply(1))
                    await until(here.heard)
                    assert here.core.heard[0][1] == other.peer
                lines = here.log.of("sip_peer_unreachable")
                return here.core.failed, str(lines[0]["why"]) if lines else ""

    return story


@pytest.mark.parametrize("run", [drive, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_server_certified_for_the_domain_that_we_meant_is_called(papers: Certificates, run: Any) -> None:
    assert run(call_of(papers, "carrier.example", domain="carrier.example")()) == ([], "")
    assert run(call_of(papers, "127.0.0.1", domain="")()) == ([], "")


@pytest.mark.parametrize("run", [drive, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("certified_for", ["other.example", "sub.carrier.example", "*.example", "127.0.0.1"])
def test_nothing_is_sent_to_a_server_certified_for_another_domain(
    papers: Certificates, certified_for: str, run: Any
) -> None:
    failed, why = run(call_of(papers, certified_for, domain="carrier.example")())

    assert len(failed) == 1
    assert why == "its certificate is not for carrier.example"


def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(papers: Certificates, tmp_path: Path) -> None:
    strangers = Certificates(tmp_path)

    failed, why = drive(call_of(papers, "carrier.example", domain="carrier.example", papers_of_other=strangers)())

    assert len(failed) == 1
    assert why.startswith("its certificate: ")


def test_a_server_that_does_not_answer_in_tls_has_failed_in_time(papers: Certificates) -> None:
    async def story() -> None:
        async with post(tls=papers.tls("ours.example"), limits=StreamLimits(connect=5)) as here:
            deaf = Exchange()
            await deaf.open()
            start = here.shell.now()
            here.send(ask(1), Peer("tls", deaf.peer.host, deaf.peer.port))
            await until(lambda: here.core.failed)
            assert 5 <= here.shell.now() - start < 6
            await deaf.close()

    drive(story())


def test_a_server_of_before_tls_1_2_is_not_called(papers: Certificates) -> None:
    old = papers.server("carrier.example")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1

    async def story() -> None:
        async with post(tls=papers.tls("ours.example")) as here, exchange(old) as other:
            here.send(ask(1), other.peer)
            await until(lambda: here.core.failed)

    drive(story())


def answer_all(here: Post) -> None:
    here.core.on_receive = lambda data, source: here.core.output.append(
        Transmit(data.replace(b"OPTIONS sip:x@127.0.0.1 SIP/2.0", b"SIP/2.0 200 OK"), source)
    )


@pytest.mark.parametrize("run", [drive, uvloop.run], ids=["asyncio", "uvloop"])
def test_who_calls_us_over_tls_is_answered_over_the_same_connection(papers: Certificates, run: Any) -> None:
    async def story() -> None:
        async with post(tls=papers.tls("ours.example")) as here:
            answer_all(here)
            assert here.tls is not None
            line = await Line.to(here.tls, tls=papers.client())
            line.say(ask(1))
            await line.hear(reply(1))
            line.say(b"\r\n\r\n")
            await line.hear(b"\r\n")
            assert here.core.heard[0][1] == Peer("tls", *line.here)
            await line.close()

    run(story())


def test_who_does_not_shake_hands_is_sent_away_in_time(papers: Certificates) -> None:
    async def story() -> None:
        async with post(tls=papers.tls("ours.example")) as here:
            assert here.tls is not None
            start = here.shell.now()
            mute = await Line.to(here.tls)
            assert await mute.ends() == b""
            assert 10 <= here.shell.now() - start < 12
            await mute.close()
            babbler = await Line.to(here.tls)
            babbler.say(ask(1))
            await babbler.ends()
            await babbler.close()
            assert here.heard() == []
            assert here.shell.counters.connections_refused == 2
            assert len(here.shell.streams) == 0

    drive(story())


def test_where_clients_must_show_a_certificate_those_without_are_refused(papers: Certificates) -> None:
    async def story() -> None:
        async with post(tls=papers.tls("ours.example", verify_clients=True)) as here:
            answer_all(here)
            assert here.tls is not None
            known = await Line.to(here.tls, tls=papers.client("pbx.example"))
            known.say(ask(1))
            await known.hear(reply(1))
            unknown = await Line.to(here.tls, tls=papers.client())
            unknown.say(ask(2))
            with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
                await unknown.reader.readexactly(1)
            assert here.heard() == [ask(1)]
            await known.close()
            await unknown.close()

    drive(story())


@pytest.mark.parametrize(("sent_by", "is_taken"), [("pbx.example", True), ("other.example", False)])
def test_a_connection_is_taken_for_requests_to_whom_its_certificate_names(
    papers: Certificates,
    sent_by: str,
    is_taken: bool,  # noqa: FBT001
) -> None:
    async def story() -> None:
        async with post(tls=papers.tls("ours.example", verify_clients=True)) as here:
            assert here.tls is not None
            line = await Line.to(here.tls, tls=papers.client("pbx.example"))
            line.say(ask(1, via=f"SIP/2.0/TLS {sent_by};alias"))
            await until(here.heard)
            here.send(ask(2), Peer("tls", LOOPBACK, 5061, sent_by))
            if is_taken:
                await line.hear(ask(2))
            else:
                await until(lambda: here.core.failed)
            await line.close()

    drive(story())


def test_our_own_certificate_is_shown_to_servers_that_ask_for_one(papers: Certificates) -> None:
    picky = papers.server("carrier.example")
    papers.authority.configure_trust(picky)
    picky.verify_mode = ssl.CERT_REQUIRED

    async def story() -> None:
        async with post(tls=papers.tls("ours.example")) as here, exchange(picky) as other:
            here.send(ask(1), other.peer)
            line = await other.taken.get()
            await line.hear(ask(1))
            assert is_for(line.writer.get_extra_info("peercert"), "ours.example")

    drive(story())


def certificate(*names: tuple[str, str], common: str | None = None) -> dict[str, Any]:
    subject = () if common is None else ((("commonName", common),),)
    return {"subjectAltName": names, "subject": subject}


@pytest.mark.parametrize(
    ("shown", "name", "fits"),
    [
        (certificate(("DNS", "Example.COM")), "example.com", True),
        (certificate(("DNS", "example.com")), "example.com.", True),
        (certificate(("DNS", "*.example.com")), "sip.example.com", False),
        (certificate(("DNS", "sip.example.com")), "example.com", False),
        (certificate(("URI", "sip:example.com")), "example.com", True),
        (certificate(("URI", "sip:example.com"), ("DNS", "other.com")), "other.com", False),
        (certificate(("URI", "sip:alice@example.com")), "example.com", False),
        (certificate(("URI", "sip:alice@example.com"), ("DNS", "example.com")), "example.com", True),
        (certificate(("URI", "https://x.com/"), ("DNS", "example.com")), "example.com", True),
        (certificate(common="example.com"), "example.com", True),
        (certificate(("DNS", "other.com"), common="example.com"), "example.com", False),
        (certificate(("IP Address", "192.0.2.1")), "192.0.2.1", True),
        (certificate(("IP Address", "2001:DB8:0:0:0:0:0:1")), "2001:db8::1", True),
        (certificate(("DNS", "192.0.2.1")), "192.0.2.1", False),
        (certificate(("IP Address", "odd")), "192.0.2.1", False),
        ({}, "example.com", False),
    ],
)
def test_a_certificate_is_for_the_names_that_rfc_5922_counts(
    shown: dict[str, Any],
    name: str,
    fits: bool,  # noqa: FBT001
) -> None:
    assert is_for(shown, name) is fits


def test_files_that_cannot_be_used_are_named(papers: Certificates, tmp_path: Path) -> None:
    with pytest.raises(TlsError, match=r"none\.pem: No such file"):
        load_tls(TlsFiles(certificate=tmp_path / "none.pem"))
    junk = tmp_path / "junk.pem"
    junk.write_text("not a certificate")
    with pytest.raises(TlsError, match=r"junk\.pem"):
        load_tls(TlsFiles(ca=junk))
    with pytest.raises(TlsError, match=r"ours\.example\.pem"):
        load_tls(TlsFiles(certificate=papers.files("ours.example").certificate, key=junk))


def test_without_a_certificate_we_call_but_cannot_be_called() -> None:
    assert load_tls(TlsFiles()).server is None
