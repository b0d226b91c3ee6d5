"""What a sipp phone does, step by step, as Python: each step is a piece of sipp's XML, `phone` binds them together.

    phone(INVITED, rings(), answers(sdp(41000)), ACKED, waits(0.2), *hangs_up())

A phone remembers of the INVITE who called it, so that it can speak first later: BYE, re-INVITE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

AGENT_PORT, CUSTOMER_PORT, EARLY_PORT = 41000, 42000, 43000
"""Where the phones say that they receive audio. Nothing is ever sent there: sipp has no ears."""

RING = 0.4
"""Seconds that phones ring: long enough for a client that asks every few milliseconds to see it."""

TALK = 1.0
"""Seconds that they talk, likewise."""

_TAG = "[pid]-[call_number]"

_OF_LAST = ("[last_Via:]", "[last_From:]", "[last_To:]", "[last_CSeq:]")
_OF_INVITE = ("Via: [$via]", "From: [$caller]", "To: [$callee]", "CSeq: [$cseq] INVITE")

INVITED = """
<recv request="INVITE"><action>
  <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>
  <ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
  <ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>
  <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" check_it="true" assign_to="contact"/>
  <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" check_it="true" assign_to="cseq"/>
</action></recv>"""
"""The first INVITE of a call, or the one that comes again with credentials."""


REOFFERED = """
<recv request="INVITE"><action>
  <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>
  <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" check_it="true" assign_to="cseq"/>
</action></recv>"""
"""A re-INVITE that is answered later, after something else was heard (`of_invite`)."""


def phone(*steps: str) -> str:
    """A whole sipp scenario."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="phone">'
        + "".join(steps)
        + '\n<Reference variables="via,caller,callee,contact,cseq"/>\n</scenario>\n'
    )


def sdp(port: int, direction: Direction = "sendrecv", *, version: int = 1) -> str:
    """A session description that asks for G.711 at `port` of the phone's own address."""
    return "\n".join(
        (
            "v=0",
            f"o=phone {port} {version} IN IP4 [local_ip]",
            "s=-",
            "c=IN IP4 [local_ip]",
            "t=0 0",
            f"m=audio {port} RTP/AVP 8 0",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:0 PCMU/8000",
            f"a={direction}",
        )
    )


def waits(seconds: float) -> str:
    """Do nothing for a while. sipp is deaf meanwhile: what comes is traced, but it meets no later step."""
    if not seconds:
        return ""  # sipp would wait for good
    return f'\n<pause milliseconds="{round(seconds * 1000)}"/>'


def hears(method: str) -> str:
    """Wait for a request."""
    return f'\n<recv request="{method}"/>'


def told(status: int) -> str:
    """Wait for a response to what the phone itself asked for."""
    return f'\n<recv response="{status}"/>'


def says(
    status: int,
    phrase: str,
    *,
    tag: str | None = "",
    body: str = "",
    headers: Sequence[str] = (),
    contact: str = "sip:phone{tag}@[local_ip]:[local_port]",
    of_invite: bool = False,
    repeated: bool = False,
) -> str:
    """Respond to what was heard last.

    Args:
        status: the status.
        phrase: its words.
        tag: what sets this To-tag apart from others of the same call; None for a request that has one already.
        body: a session description.
        headers: further header lines.
        contact: the URI in Contact; `{tag}` is `tag`.
        of_invite: respond to the INVITE although something else was heard since.
        repeated: again and again until it is acknowledged, as the 2xx and the failures of an INVITE are.
    """
    via, from_, to, cseq = _OF_INVITE if of_invite else _OF_LAST
    lines = (
        f"SIP/2.0 {status} {phrase}",
        *(via, from_, to if tag is None else f"{to};tag={_TAG}{tag}", "Call-ID: [call_id]", cseq),
        f"Contact: <{contact.format(tag=tag or '')}>",
        *headers,
        *_ending(body),
    )
    return _send(lines, repeated=repeated)


def asks(
    method: str,
    *,
    number: int,
    body: str = "",
    headers: Sequence[str] = (),
    repeated: bool = True,
    content: str = "application/sdp",
) -> str:
    """Send a request within the call; `number` is its CSeq. An ACK bears the number of what it acknowledges."""
    lines = (
        f"{method} [$contact] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        f"From: [$callee];tag={_TAG}",
        "To: [$caller]",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        "Max-Forwards: 70",
        "Contact: <sip:phone@[local_ip]:[local_port]>",
        *headers,
        *_ending(body, content),
    )
    return _send(lines, repeated=repeated)


def rings(seconds: float = RING, *, tag: str = "", headers: Sequence[str] = ()) -> str:
    """180, then silence."""
    return says(180, "Ringing", tag=tag, headers=headers) + waits(seconds)


def reliably(number: int, status: int = 180, phrase: str = "Ringing", *, tag: str = "", body: str = "") -> str:
    """A provisional that wants to be acknowledged (RFC 3262); what follows must speak `of_invite`."""
    headers = ["Require: 100rel", f"RSeq: {number}"]
    return says(status, phrase, tag=tag, body=body, headers=headers, of_invite=True)


def is_pracked() -> str:
    """The PRACK comes and is taken."""
    return hears("PRACK") + says(200, "OK", tag=None)


def early(body: str, seconds: float = RING) -> str:
    """183 with early media, then silence."""
    return says(183, "Session Progress", body=body) + waits(seconds)


def answers(body: str, *, tag: str = "", headers: Sequence[str] = (), **more: Any) -> str:
    """200 to the INVITE, and its ACK."""
    return says(200, "OK", tag=tag, body=body, headers=headers, repeated=True, **more) + hears("ACK")


def refuses(status: int, phrase: str, *, headers: Sequence[str] = ()) -> str:
    """A final failure, and its ACK."""
    return says(status, phrase, headers=headers, repeated=True) + hears("ACK")


def redirects(uri: str, *, headers: Sequence[str] = (), status: int = 302, phrase: str = "Moved Temporarily") -> str:
    """302 to another place, and its ACK; `headers` may name more places."""
    return says(status, phrase, contact=uri, headers=headers, repeated=True) + hears("ACK")


def is_reoffered(body: str) -> str:
    """A re-INVITE comes and is accepted with this answer."""
    return hears("INVITE") + says(200, "OK", tag=None, body=body, repeated=True) + hears("ACK")


def follows_until_released(body: str) -> str:
    """Any number of re-INVITEs come and are accepted, then BYE."""
    return (
        '\n<label id="again"/>\n<recv request="INVITE" optional="true" next="reoffered"/>'
        '\n<recv request="BYE" next="released"/>\n<label id="reoffered"/>'
        + says(200, "OK", tag=None, body=body, repeated=True)
        + '\n<recv request="ACK" next="again"/>\n<label id="released"/>'
        + says(200, "OK", tag=None)
    )


def is_released(*, lingering: float = 0.0) -> str:
    """BYE comes. `lingering`: seconds in which it may come again and is answered again."""
    farewell = f'\n<timewait milliseconds="{round(lingering * 1000)}"/>' if lingering else ""
    return hears("BYE") + says(200, "OK", tag=None) + farewell


def is_cancelled() -> str:
    """CANCEL comes and is obeyed: 200 to it, 487 to the INVITE."""
    return (
        hears("CANCEL")
        + says(200, "OK")
        + says(487, "Request Terminated", of_invite=True, repeated=True)
        + hears("ACK")
    )


def hangs_up(*, number: int = 1, headers: Sequence[str] = ()) -> str:
    """BYE, until its 200."""
    return asks("BYE", number=number, headers=headers) + told(200)


def reoffers(body: str, *, number: int = 1, status: int = 200, headers: Sequence[str] = ()) -> str:
    """A re-INVITE that is accepted, or refused with `status`."""
    asked = asks("INVITE", number=number, body=body, headers=headers)
    return asked + told(status) + asks("ACK", number=number, repeated=False)


def updates(body: str = "", *, number: int = 1, status: int = 200, headers: Sequence[str] = ()) -> str:
    """An UPDATE that is accepted, or refused with `status`."""
    return asks("UPDATE", number=number, body=body, headers=headers) + told(status)


def _ending(body: str, content: str = "application/sdp") -> tuple[str, ...]:
    if not body:
        return ("Content-Length: 0", "", "")
    return (f"Content-Type: {content}", "Content-Length: [len]", "", body)


def _send(lines: Sequence[str], *, repeated: bool) -> str:
    retrans = ' retrans="500"' if repeated else ""
    return f"\n<send{retrans}><![CDATA[\n" + "\n".join(lines) + "\n]]></send>"


AGENT_ANSWERS = INVITED + rings() + answers(sdp(AGENT_PORT, "inactive"))
"""The agent's phone rings and is answered; there is nobody to talk to yet."""

AGENT_IS_CONNECTED = is_reoffered(sdp(AGENT_PORT, version=2))
"""The customer's media is offered to the agent, which takes it."""

CUSTOMER_ANSWERS = INVITED + rings() + answers(sdp(CUSTOMER_PORT))
"""The customer's phone rings and is answered."""

NORMAL = 'Q.850;cause=16;text="Normal call clearing"'
"""The Reason header of an ordinary end (RFC 3326)."""
