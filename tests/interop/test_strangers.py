"""What nobody asked for: requests out of the blue, in bad shape, or for dialogs that never were."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    CUSTOMER_ANSWERS,
    TALK,
    hangs_up,
    is_released,
    sdp,
    waits,
)

if TYPE_CHECKING:
    from interop.exchange import Desk
    from interop.sipp import TracedMessage

pytestmark = scenario(Peer.SIPP, "UDP")


def asking(
    method: str, status: int, *, version: str = "SIP/2.0", to: str = "", body: str = "", headers: tuple[str, ...] = ()
) -> str:
    """A sipp that sends one request and wants that status; a refused INVITE it ACKs."""
    content = ("Content-Type: application/sdp", "Content-Length: [len]", "", body) if body else ("Content-Length: 0",)

    def request(word: str) -> str:
        lines = (
            f"{word} sip:[service]@[remote_ip]:[remote_port] {version}",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-stranger-[pid]",
            "From: <sip:stranger@[local_ip]:[local_port]>;tag=[pid]",
            f"To: <sip:[service]@[remote_ip]:[remote_port]>{'[peer_tag_param]' if word == 'ACK' else to}",
            "Call-ID: [call_id]",
            f"CSeq: 1 {word}",
            "Contact: <sip:stranger@[local_ip]:[local_port]>",
            "Max-Forwards: 70",
            *(() if word == "ACK" else headers),
            *(("Content-Length: 0",) if word == "ACK" else content),
            *("", ""),
        )
        return "<![CDATA[\n" + "\n".join(lines) + "\n]]>"

    acknowledged = f"<send>{request('ACK')}</send>" if method == "INVITE" else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="stranger">\n'
        f'<send retrans="500">{request(method)}</send>\n'
        f'<recv response="100" optional="true"/>\n<recv response="{status}"/>\n{acknowledged}</scenario>\n'
    )


def answer_to(desk: Desk, scenario: str) -> TracedMessage:
    with desk.stranger(scenario) as stranger:
        stranger.kept()
        return stranger.received("SIP/2.0 ")[-1]


def words(header: str) -> set[str]:
    return {word.strip() for word in header.split(",")}


def test_options_are_answered(desk: Desk) -> None:
    answer = answer_to(desk, asking("OPTIONS", 200))

    assert words(answer.header("Allow")) >= {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"}
    assert answer.header("Accept") == "application/sdp"
    assert ";tag=" in answer.header("To")


def test_a_call_to_us_is_forbidden(desk: Desk) -> None:
    answer_to(desk, asking("INVITE", 403, body=sdp(41000)))


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE"])
def test_a_request_of_a_dialog_that_never_was_is_told_so(desk: Desk, method: str) -> None:
    answer_to(desk, asking(method, 481, to=";tag=never-ours"))


def test_a_reinvite_of_a_dialog_that_never_was_is_told_so(desk: Desk) -> None:
    answer_to(desk, asking("INVITE", 481, to=";tag=never-ours"))


def test_a_cancel_of_nothing_is_told_so(desk: Desk) -> None:
    answer_to(desk, asking("CANCEL", 481))


@pytest.mark.parametrize(
    ("method", "status"),
    [("REGISTER", 405), ("PUBLISH", 405), ("MESSAGE", 405), ("SUBSCRIBE", 405), ("FETCH", 501)],
)
def test_a_method_that_we_do_not_have_is_refused(desk: Desk, method: str, status: int) -> None:
    """RFC 3261 21.4.6 and 21.5.2: 405 for one that we know of, 501 for one that we never heard of."""
    answer = answer_to(desk, asking(method, status))

    assert words(answer.header("Allow")) >= {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"}
    assert method not in words(answer.header("Allow"))


@pytest.mark.parametrize(("method", "status"), [("REFER", 603), ("NOTIFY", 481), ("PRACK", 481)])
def test_a_method_that_belongs_into_a_call_is_refused_outside_of_one(desk: Desk, method: str, status: int) -> None:
    answer_to(desk, asking(method, status))


def test_a_stranger_behind_nat_is_answered_where_it_is(desk: Desk) -> None:
    """RFC 3581 4: to the very port that it spoke from, which the Via does not know, and is told both."""
    hidden = asking("OPTIONS", 200).replace(
        "SIP/2.0/[transport] [local_ip]:[local_port];", "SIP/2.0/[transport] 10.11.12.13:5060;rport;"
    )
    with desk.stranger(hidden) as stranger:
        stranger.kept()
        via = stranger.received("SIP/2.0 200")[0].header("Via")

    assert via.startswith("SIP/2.0/UDP 10.11.12.13:5060;")
    assert {f"rport={stranger.port}", f"received={stranger.host}"} <= set(via.split(";"))


def test_a_call_that_went_too_far_goes_no_further(desk: Desk) -> None:
    """RFC 3261 16.3: no hop is left."""
    answer_to(desk, asking("INVITE", 483, body=sdp(41000)).replace("Max-Forwards: 70", "Max-Forwards: 0"))


def test_a_call_about_something_else_than_media_is_not_supported(desk: Desk) -> None:
    answer = answer_to(desk, asking("INVITE", 415, body="hello").replace("application/sdp", "text/plain"))

    assert answer.header("Accept") == "application/sdp"


def test_a_call_with_too_short_a_session_is_told_the_shortest(desk: Desk) -> None:
    """RFC 4028 9, before anything else is decided about it."""
    hasty = ("Supported: timer", "Session-Expires: 30")
    answer = answer_to(desk, asking("INVITE", 422, body=sdp(41000), headers=hasty))

    assert answer.header("Min-SE") == "90"


def test_a_version_to_come_is_not_supported(desk: Desk) -> None:
    answer_to(desk, asking("OPTIONS", 505, version="SIP/7.0"))


def test_an_extension_that_we_lack_is_named(desk: Desk) -> None:
    answer = answer_to(desk, asking("INVITE", 420, headers=("Require: telepathy",)))

    assert answer.header("Unsupported") == "telepathy"


def test_garbage_disturbs_nobody(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), hangs_up()) as customer,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as vandal,
    ):
        call = desk.call()
        for noise in (b"\0" * 1000, b"INVITE", b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", bytes(range(256)) * 40, b""):
            vandal.sendto(noise, desk.service.sip)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()


def test_a_strangers_bye_ends_no_call_of_ours(desk: Desk) -> None:
    """It knows the Call-ID, but not the tags: without both it is no part of the dialog (RFC 3261 12)."""
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, is_released()) as customer,
    ):
        call = desk.call()
        call.shows(2)
        call_id = agent.received("INVITE")[0].header("Call-ID")
        guess = asking("BYE", 481, to=";tag=guessed").replace("[call_id]", call_id)
        with desk.stranger(guess) as stranger:
            assert stranger.wait_for("SIP/2.0 481").method == "BYE"
        assert call.client.query(call.serial)["state"] == 2
        call.hang_up()
        call.ended(1001)
        agent.kept()
        customer.kept()
