"""Every number over real UDP, called with SIP written by hand; the clock jumps, the sockets and the bytes are real."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from driven_loop import drive
from sandbox.raw_caller import RawCaller, Seen
from sandbox.served import sandbox
from sip_transport.cores import RememberingLog
from twoleg.sandbox import numbers_table

Story = Callable[[RawCaller], Awaitable[None]]


def call(number: str, story: Story, *, log: RememberingLog | None = None) -> None:
    """Send an INVITE for `number`, then let `story` go on."""

    async def told() -> None:
        async with sandbox(log) as address:
            with RawCaller(address, number) as caller:
                caller.send("INVITE", sdp="sendrecv")
                await story(caller)

    drive(told())


def shape(seen: Seen) -> list[str]:
    """The lines of a session description that matter."""
    return [
        line for line in seen.body.split("\r\n") if line.startswith(("o=", "c=", "m=", "a=send", "a=recv", "a=inact"))
    ]


async def _hang_up(caller: RawCaller, answer: Seen) -> None:
    caller.ack(answer)
    caller.send("BYE", target=answer.field("Contact")[1:-1])
    await caller.hear("200 BYE")


@pytest.mark.parametrize("number", ["55500200", "88855500200", "88889050"])
def test_200_and_all_others_answer_after_1_s_and_stay(number: str) -> None:
    async def story(caller: RawCaller) -> None:
        answer = await caller.hear("200 INVITE")
        assert caller.times() == [(0, "180 INVITE"), (1, "200 INVITE")]
        assert shape(answer)[1:] == ["c=IN IP4 127.0.0.1", "m=audio 16386 RTP/AVP 8 0", "a=sendrecv"]
        caller.ack(answer)
        await caller.hear_nothing(120)
        await _hang_up(caller, answer)

    call(number, story)


def test_002_hangs_up_2_s_after_it_answered() -> None:
    async def story(caller: RawCaller) -> None:
        caller.ack(await caller.hear("200 INVITE"))
        bye = await caller.hear("BYE")
        caller.confirm(bye)
        assert caller.times() == [(0, "180 INVITE"), (1, "200 INVITE"), (3, "BYE")]
        assert bye.field("Reason") == 'Q.850;cause=16;text="Normal call clearing"'
        assert bye.startswith(f"BYE sip:640003@127.0.0.1:{caller.port} SIP/2.0\r\n")
        await caller.hear_nothing(60)

    call("55500002", story)


def test_002_waits_for_the_ack_before_it_hangs_up() -> None:
    async def story(caller: RawCaller) -> None:
        answer = await caller.hear("200 INVITE")
        await caller.hear_nothing(9)
        assert "BYE" not in [start for _, start in caller.times()]
        caller.ack(answer)
        caller.confirm(await caller.hear("BYE"))

    call("55500002", story)


def test_180_is_slow() -> None:
    async def story(caller: RawCaller) -> None:
        answer = await caller.hear("200 INVITE")
        assert caller.times() == [(0.2, "100 INVITE"), (2, "180 INVITE"), (5, "200 INVITE")]
        await _hang_up(caller, answer)

    call("55500180", story)


def test_183_brings_early_media_and_answers_after_2_s() -> None:
    async def story(caller: RawCaller) -> None:
        early = await caller.hear("183 INVITE")
        answer = await caller.hear("200 INVITE")
        assert caller.times() == [(0, "183 INVITE"), (2, "200 INVITE")]
        assert early.field("Content-Type") == "application/sdp"
        assert "m=audio 16386 RTP/AVP 8 0" in shape(early)
        assert early.body == answer.body
        assert early.field("To") == answer.field("To")
        await _hang_up(caller, answer)

    call("55500183", story)


def test_408_rings_and_never_answers() -> None:
    async def story(caller: RawCaller) -> None:
        await caller.hear("180 INVITE")
        await caller.hear_nothing(200)
        caller.cancel()
        await caller.hear("200 CANCEL")
        caller.ack(await caller.hear("487 INVITE"))

    call("55500408", story)


def test_481_gives_up_after_ringing_for_1_s() -> None:
    async def story(caller: RawCaller) -> None:
        refusal = await caller.hear("480 INVITE")
        caller.ack(refusal)
        assert caller.times() == [(0, "180 INVITE"), (1, "480 INVITE")]
        assert "Reason" not in refusal

    call("55500481", story)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        ("55500404", "SIP/2.0 404 Not Found"),
        ("55500480", "SIP/2.0 480 Temporarily Unavailable"),
        ("55500486", "SIP/2.0 486 Busy Here"),
        ("55500503", "SIP/2.0 503 Service Unavailable"),
        ("55500603", "SIP/2.0 603 Decline"),
    ],
)
def test_refusals_come_at_once_and_without_ringing(number: str, line: str) -> None:
    async def story(caller: RawCaller) -> None:
        refusal = await caller.hear(f"{number[-3:]} INVITE")
        caller.ack(refusal)
        assert caller.times() == [(0, f"{number[-3:]} INVITE")]
        assert refusal.partition("\r\n")[0] == line
        reason = 'Q.850;cause=34;text="No circuit/channel available"'
        assert refusal.field("Reason") == (reason if number == "55500503" else "")
        await caller.hear_nothing(60)

    call(number, story)


def test_487_answers_exactly_when_it_is_cancelled() -> None:
    async def story(caller: RawCaller) -> None:
        await caller.hear("180 INVITE")
        await caller.hear_nothing(20)
        caller.cancel()
        answer = await caller.hear("200 INVITE")
        await caller.hear("200 CANCEL")
        assert "m=audio" in answer.body
        await _hang_up(caller, answer)
        await caller.hear_nothing(60)

    call("55500487", story)


def test_000_never_responds_at_all() -> None:
    async def story(caller: RawCaller) -> None:
        await caller.hear_nothing(30)
        caller.cancel()
        caller.send("OPTIONS")
        await caller.hear_nothing(30)
        assert caller.seen == []

    call("55500000", story)


def _authorization(challenge: str, *, uri: str, password: str) -> str:
    """RFC 2617 3.2.2 by hand."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    nonce = challenge.partition('nonce="')[2].partition('"')[0]
    response = md5(f"{md5(f'sandbox:sandbox:{password}')}:{nonce}:00000001:c:auth:{md5(f'INVITE:{uri}')}")
    return (
        f'Proxy-Authorization: Digest username="sandbox", realm="sandbox", nonce="{nonce}", uri="{uri}", '
        f'algorithm=MD5, qop=auth, nc=00000001, cnonce="c", response="{response}"\r\n'
    )


@pytest.mark.parametrize(("password", "outcome"), [("sandbox", "180 INVITE"), ("guess", "407 INVITE")])
def test_407_asks_for_the_password_and_then_rings(password: str, outcome: str) -> None:
    async def story(caller: RawCaller) -> None:
        asked = await caller.hear("407 INVITE")
        caller.ack(asked)
        challenge = asked.field("Proxy-Authenticate")
        assert challenge.startswith("Digest ")
        assert 'realm="sandbox"' in challenge
        assert "algorithm=MD5" in challenge
        caller.forget_tag()
        proof = _authorization(challenge, uri=caller.target, password=password)
        caller.send("INVITE", sdp="sendrecv", more=proof)
        await caller.hear(outcome)

    call("55500407", story)


def test_a_phone_follows_reinvites_and_keeps_its_origin() -> None:
    async def story(caller: RawCaller) -> None:
        answer = await caller.hear("200 INVITE")
        caller.ack(answer)
        contact = answer.field("Contact")[1:-1]
        answers = [answer]
        for direction in ("inactive", "sendrecv"):
            caller.send("INVITE", sdp=direction, target=contact)
            answers.append(await caller.hear("200 INVITE"))
            caller.ack(answers[-1])
        assert [shape(each)[-1] for each in answers] == ["a=sendrecv", "a=inactive", "a=sendrecv"]
        assert [shape(each)[0].split()[2] for each in answers] == ["1", "2", "3"]
        assert len({shape(each)[0].split()[1] for each in answers}) == 1
        await _hang_up(caller, answers[-1])

    call("55500200", story)


def test_options_are_answered() -> None:
    async def story(caller: RawCaller) -> None:
        await caller.hear("486 INVITE")
        caller.forget_tag()
        caller.send("OPTIONS")
        answer = await caller.hear("200 OPTIONS")
        assert "INVITE" in answer.field("Allow")

    call("55500486", story)


def test_every_number_was_called_here() -> None:
    source = Path(__file__).read_text()
    assert [ending for ending, _ in numbers_table() if ending.isdigit() and f'"{ending}"' not in source] == []


def test_each_call_is_logged_with_what_the_phone_will_do() -> None:
    log = RememberingLog()

    async def story(caller: RawCaller) -> None:
        await caller.hear("486 INVITE")

    call("55500486", story, log=log)
    [line] = log.of("sandbox_called")
    assert line["number"] == "55500486"
    assert line["does"] == dict(numbers_table())["55500486"]
