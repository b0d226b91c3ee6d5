"""What a user agent does with each torture message of RFC 4475 and RFC 5118: the answer the RFC names, or silence.

We are no registrar and take no messages, which is why well-formed REGISTER and MESSAGE requests are answered 405.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sip.bench import PEER, US, Bench, call_in
from twoleg.sip.events import Event, IncomingInvite, Malformed, Stray
from twoleg.sip.message import Response
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri

TORTURE = Path(__file__).parent / "torture"
US_6, PEER_6 = Peer("udp", "2001:db8::10", 5060), Peer("udp", "2001:db8::9:1", 5060)

# fmt: off
ANSWERED: dict[str, tuple[str, int]] = {
    "intmeth": ("3.1.1.2", 501),     # a method that nobody knows
    "escnull": ("3.1.1.4", 405),
    "esc02": ("3.1.1.5", 501),       # %47 in a method is no escape
    "lwsdisp": ("3.1.1.6", 200),
    "dblreq": ("3.1.1.8", 405),      # and only one of the two
    "semiuri": ("3.1.1.9", 200),
    "transports": ("3.1.1.10", 200),
    "mpart01": ("3.1.1.11", 405),
    "wsinv": ("3.1.1.1", 481),       # its To has a tag, and we have no such dialog (RFC 3261 12.2.2)
    "badinv01": ("3.1.2.1", 400),
    "clerr": ("3.1.2.2", 400),
    "ncl": ("3.1.2.3", 400),
    "scalar02": ("3.1.2.4", 400),
    "quotbal": ("3.1.2.6", 400),
    "ltgtruri": ("3.1.2.7", 400),
    "lwsruri": ("3.1.2.8", 400),
    "lwsstart": ("3.1.2.9", 400),
    "trws": ("3.1.2.10", 400),
    "escruri": ("3.1.2.11", 400),
    "regbadct": ("3.1.2.13", 400),
    "badaspec": ("3.1.2.14", 200),   # liberal, as that section allows
    "baddn": ("3.1.2.15", 200),      # likewise
    "badvers": ("3.1.2.16", 505),
    "mismatch01": ("3.1.2.17", 400),
    "mismatch02": ("3.1.2.18", 400),
    "badbranch": ("3.2.1", 200),     # matched by the rule of RFC 2543
    "insuf": ("3.3.1", 400),
    "unkscm": ("3.3.2", 416),
    "novelsc": ("3.3.3", 416),
    "unksm2": ("3.3.4", 405),
    "bext01": ("3.3.5", 420),
    "invut": ("3.3.6", 415),
    "regaut01": ("3.3.7", 405),
    "multi01": ("3.3.8", 400),
    "mcl01": ("3.3.9", 400),
    "zeromf": ("3.3.11", 200),       # its target is we ourselves
    "cparam01": ("3.3.12", 405),
    "cparam02": ("3.3.13", 405),
    "regescrt": ("3.3.14", 405),
    "sdp01": ("3.3.15", 406),
    "inv2543": ("3.4.1", 400),       # no Contact: we could never send the BYE, and do not ring for that
}
RINGS = {"esc01": "3.1.1.3", "longreq": "3.1.1.7", "baddate": "3.1.2.12"}
SILENCE: dict[str, tuple[str, type[Event]]] = {
    "unreason": ("3.1.1.12", Stray),  # well-formed responses to what we never asked
    "noreason": ("3.1.1.13", Stray),
    "scalarlg": ("3.1.2.5", Malformed),
    "bigcode": ("3.1.2.19", Malformed),
    "bcast": ("3.3.10", Stray),
}
ANSWERED_6 = {
    "ipv6-good": ("4.1", 405),
    "ipv6-bad": ("4.2", 400),
    "port-ambiguous": ("4.3", 405),
    "port-unambiguous": ("4.4", 405),
    "via-received-param-with-delim": ("4.5", 481),
    "via-received-param-no-delim": ("4.5", 200),
    "mult-ip-in-header": ("4.7", 481),
    "ipv6-bug-abnf-3-colons": ("4.10", 200),
    "ipv6-correct-abnf-2-colons": ("4.10", 200),
}
RINGS_6 = {"ipv6-in-sdp": "4.6", "mult-ip-in-sdp": "4.8", "ipv4-mapped-ipv6": "4.9"}
# fmt: on

PORTS = {"quotbal": 5050, "mult-ip-in-header": 6050, "ipv4-mapped-ipv6": 19823}
"""Ports that stand in the topmost Via; all other answers go to 5060."""


def statuses(verdicts: dict[str, tuple[str, int]]) -> list[tuple[str, int]]:
    return [(name, status) for name, (_, status) in verdicts.items()]


def heard(name: str) -> tuple[Bench, Peer]:
    """A user agent that has just heard the message, and from whom."""
    is_6 = name in ANSWERED_6 or name in RINGS_6
    bench = Bench(us=US_6 if is_6 else US)
    source = PEER_6 if is_6 else PEER
    bench.hear(((TORTURE / "rfc5118" if is_6 else TORTURE) / f"{name}.dat").read_bytes(), source)
    return bench, source


def answers(bench: Bench, source: Peer, name: str) -> list[int]:
    """The status of each response; they all go where the topmost Via wants them."""
    transmits = bench.ua.take_output()
    assert {each.peer for each in transmits} <= {Peer("udp", source.host, PORTS.get(name, 5060))}
    assert all(each.data.startswith(b"SIP/2.0 ") for each in transmits)
    return [int(each.data[8:11]) for each in transmits]


def response_to(name: str) -> Response:
    """The one response, which a parser can read."""
    bench, _ = heard(name)
    (transmit,) = bench.ua.take_output()
    response = parse_datagram(transmit.data)
    assert isinstance(response, Response)
    return response


def test_every_message_of_both_rfcs_has_a_verdict() -> None:
    verdicts = [*ANSWERED, *RINGS, *SILENCE, *ANSWERED_6, *RINGS_6]
    assert sorted(verdicts) == sorted(path.stem for path in TORTURE.rglob("*.dat"))


@pytest.mark.parametrize(("name", "status"), statuses(ANSWERED) + statuses(ANSWERED_6))
def test_message_is_answered_once_with_the_status_the_rfc_names(name: str, status: int) -> None:
    bench, source = heard(name)
    assert answers(bench, source, name) == [status]
    assert bench.told() in ([], ["Malformed"])


@pytest.mark.parametrize("name", [*RINGS, *RINGS_6])
def test_message_rings_and_can_be_answered(name: str) -> None:
    bench, source = heard(name)
    leg = bench.event(IncomingInvite).leg
    bench.run(0.3)
    assert answers(bench, source, name) == [100]
    bench.ua.accept(leg, body=b"v=0\r\n", now=bench.now)
    assert answers(bench, source, name) == [200]


@pytest.mark.parametrize(("name", "told"), [(name, told) for name, (_, told) in SILENCE.items()])
def test_message_is_dropped_and_told(name: str, told: type[Event]) -> None:
    bench, _ = heard(name)
    bench.event(told)
    assert bench.sent() == []
    assert bench.ua.next_deadline() is None


@pytest.mark.parametrize("name", [name for name, status in statuses(ANSWERED) if status in (405, 501)])
def test_who_asks_for_a_method_that_we_do_not_serve_is_told_which_we_do(name: str) -> None:
    assert "INVITE" in response_to(name).options("Allow")


def test_bext01_the_refusal_names_the_extensions_that_are_missing() -> None:
    missing = ["nothingsupportsthis", "nothingsupportsthiseither"]
    assert response_to("bext01").options("Unsupported") == missing


@pytest.mark.parametrize("name", ["invut", "sdp01"])
def test_the_refusal_of_a_body_names_the_type_that_we_take(name: str) -> None:
    assert response_to(name).headers.get("Accept") == "application/sdp"


def test_badvers_the_broken_via_comes_back_as_it_came() -> None:
    bench, _ = heard("badvers")
    (transmit,) = bench.ua.take_output()
    assert b"\r\nVia: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw\r\n" in transmit.data


def test_wsinv_answers_bear_every_via_in_order() -> None:
    assert [via.host for via in response_to("wsinv").vias] == ["192.0.2.2", "spindle.example.com", "192.168.255.111"]


def test_badbranch_the_bare_cookie_does_not_make_two_requests_one() -> None:
    bench, _ = heard("badbranch")
    data = (TORTURE / "badbranch.dat").read_bytes()
    assert bench.lines() == ["200"]
    bench.hear(data)
    assert bench.lines() == ["200"], "the same again is answered again"
    bench.hear(data.replace(b"CSeq: 8 OPTIONS", b"CSeq: 9 OPTIONS").replace(b"sip:user@", b"soap:user@"))
    assert bench.lines() == ["416"]


@pytest.mark.parametrize(
    ("accept", "said"), [("application/sdp", []), ("text/plain, */*;q=0.1", []), ("Application/*", []), ("", ["406"])]
)
def test_a_call_rings_when_its_author_takes_a_session_description(accept: str, said: list[str]) -> None:
    bench = Bench()
    bench.hear(call_in("INVITE", f"Accept: {accept}"))
    assert bench.lines() == said


def test_received_tells_an_ipv6_peer_where_we_saw_it() -> None:
    via = response_to("ipv6-bug-abnf-3-colons").via
    assert via.received == "2001:db8::9:1"


def test_contact_of_an_ipv6_user_agent_has_its_brackets() -> None:
    bench, _ = heard("ipv6-in-sdp")
    bench.ua.ring(bench.event(IncomingInvite).leg, now=bench.now)
    response = bench.response()
    (contact,) = response.contacts
    assert SipUri.parse(contact.uri).host == "[2001:db8::10]"
