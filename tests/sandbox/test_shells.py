"""Two user agents in two UDP shells: a caller of ours rings the phones of the sandbox over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

import pytest
import uvloop

from driven_loop import drive
from sandbox.line import description
from sandbox.served import sandbox
from sip_transport.cores import RememberingLog, dead_peer
from twoleg.sip.events import (
    Answered,
    Event,
    Failed,
    FailureOrigin,
    HungUp,
    LegId,
    OptionsAnswered,
    Provisional,
    ReinviteAnswered,
    Released,
)
from twoleg.sip.headers import NameAddr
from twoleg.sip.peers import Peer
from twoleg.sip.sdp import SessionDescription
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.sockets import bind_udp, local_peer
from twoleg.sip_transport.udp import UdpShell

E = TypeVar("E")
US = NameAddr("", "sip:640003@127.0.0.1")


@dataclass(slots=True)
class Caller:
    shell: UdpShell[UserAgent]
    log: RememberingLog
    events: list[Event] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: Event) -> None:
        self.events.append(event)
        self.news.set()

    def invite(self, number: str, peer: Peer) -> LegId:
        leg = self.shell.agent.invite(
            target=f"sip:{number}@{peer.host_port}",
            peer=peer,
            from_=US,
            to=NameAddr("", f"sip:{number}@{peer.host_port}"),
            body=description("inactive"),
            now=self.shell.now(),
        )
        self.shell.wake()
        return leg

    def release(self, leg: LegId) -> None:
        self.shell.agent.release(leg, now=self.shell.now())
        self.shell.wake()

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def wait_for(self, kind: type[E], *, times: int = 1) -> E:
        """The event of that class, once it came; the driven clock jumps to where it does."""
        while len(self.told(kind)) < times:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 600)
        return self.told(kind)[times - 1]


@asynccontextmanager
async def caller() -> AsyncIterator[Caller]:
    bound, log = bind_udp("127.0.0.1", 0), RememberingLog()
    agent = UserAgent(local=local_peer(bound), random=Random(3))
    here = Caller(UdpShell(agent, socket=bound, log=log), log)
    here.shell.start(here.hear)
    try:
        yield here
    finally:
        here.shell.close()


def with_both(story: Callable[[Caller, Peer], Coroutine[Any, Any, None]]) -> Coroutine[Any, Any, None]:
    async def told() -> None:
        async with sandbox() as (host, port), caller() as here:
            await story(here, Peer("udp", host, port))

    return told()


async def _answered_changed_and_hung_up(here: Caller, phones: Peer) -> None:
    leg = here.invite("55500200", phones)
    assert (await here.wait_for(Provisional)).status == 180
    assert SessionDescription.parse((await here.wait_for(Answered)).body or b"").direction.value == "inactive"
    here.shell.agent.reinvite(leg, body=description("sendrecv", version=2), now=here.shell.now())
    here.shell.wake()
    changed = SessionDescription.parse((await here.wait_for(ReinviteAnswered)).body or b"")
    assert changed.direction.value == "sendrecv"
    assert changed.origin.version == 2
    here.release(leg)
    await here.wait_for(Released)
    assert here.log.of("sip_event_owner_failed") == here.log.of("sip_core_failed") == []
    assert here.shell.counters.malformed == here.shell.counters.stray == 0


@pytest.mark.parametrize("run", [drive, asyncio.run, uvloop.run], ids=["driven", "asyncio", "uvloop"])
def test_a_call_is_answered_changed_and_hung_up(run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    run(with_both(_answered_changed_and_hung_up))


def test_a_phone_that_hangs_up_is_heard() -> None:
    async def story(here: Caller, phones: Peer) -> None:
        here.invite("55500002", phones)
        hung_up = await here.wait_for(HungUp)
        assert [reason.cause for reason in hung_up.reasons] == [16]
        await here.wait_for(Released)

    drive(with_both(story))


def test_a_200_that_crosses_the_cancel_leaves_nothing_behind() -> None:
    async def story(here: Caller, phones: Peer) -> None:
        leg = here.invite("55500487", phones)
        await here.wait_for(Provisional)
        here.release(leg)
        await here.wait_for(Released)
        await asyncio.sleep(120)
        assert not here.told(Answered)
        assert not here.told(Failed)
        assert here.shell.agent.next_deadline() is None

    drive(with_both(story))


def test_many_calls_at_once_keep_apart() -> None:
    async def story(here: Caller, phones: Peer) -> None:
        numbers = ["55500200", "55500486", "55500503", "55500002"] * 25
        legs = [here.invite(number, phones) for number in numbers]
        await here.wait_for(Failed, times=50)
        await here.wait_for(HungUp, times=25)
        assert {legs.index(event.leg) % 4 for event in here.told(Answered)} == {0, 3}
        assert {(legs.index(event.leg) % 4, event.status) for event in here.told(Failed)} == {(1, 486), (2, 503)}
        for leg in legs:
            here.release(leg)
        await here.wait_for(Released, times=100)

    drive(with_both(story))


def test_the_sandbox_answers_options() -> None:
    async def story(here: Caller, phones: Peer) -> None:
        agent, now = here.shell.agent, here.shell.now()
        agent.options(target=f"sip:{phones.host_port}", peer=phones, from_=US, token="trunk", now=now)
        here.shell.wake()
        assert (await here.wait_for(OptionsAnswered)) == OptionsAnswered("trunk", 200)

    drive(with_both(story))


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_trunk_where_nobody_listens_fails_at_once(run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    async def story() -> None:
        async with caller() as here:
            here.invite("55500200", dead_peer())
            assert (await here.wait_for(Failed)).origin is FailureOrigin.TRANSPORT
            await here.wait_for(Released)

    run(story())


def test_a_black_hole_fails_when_timer_b_fires() -> None:
    async def story(here: Caller, phones: Peer) -> None:
        began = here.shell.now()
        here.invite("55500000", phones)
        assert (await here.wait_for(Failed)).origin is FailureOrigin.TIMEOUT
        assert here.shell.now() - began == pytest.approx(32, abs=0.1)

    drive(with_both(story))
