"""What the engine keeps of a call that is over: nothing, and at once."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator

import pytest

from twoleg.adapters.media.direct import DirectMedia
from twoleg.adapters.sip_engine.engine import SipCallEngine
from twoleg.adapters.sip_engine.legs import EngineCall
from twoleg.adapters.sip_engine.routes import Route, Routes
from twoleg.domain.call import Call, Leg, Role
from twoleg.domain.effects import Dial
from twoleg.domain.trunk import Trunk
from twoleg.sip.peers import Peer
from twoleg.sip.user_agent import UserAgent

HERE = Peer("udp", "127.0.0.1", 5060)
CARRIER = Peer("udp", "127.0.0.1", 5070)
CALL = Call(
    serial=1,
    tenant_id="t",
    agent=Leg(Role.AGENT, "88889050", clip="640060"),
    customer=Leg(Role.CUSTOMER, "88889060", clip="640003"),
    created_at=0,
)


class StillShell:
    """A shell without a socket: nothing is sent, nothing is heard, no time passes."""

    def __init__(self) -> None:
        self.local = HERE
        self.agent = UserAgent(local=HERE, random=random.Random(1))

    def now(self) -> float:
        return 0.0

    def wake(self) -> None:
        pass

    def close(self) -> None:
        pass


class NoLog:
    def rejected_invite(self, source: str, target: str) -> None:
        pass

    def fault(self, serial: int | None, error: Exception) -> None:
        raise error


@pytest.fixture(autouse=True)
def _no_search_for_garbage() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_a_call_that_is_over_leaves_no_circle_for_the_garbage_collector() -> None:
    engine = SipCallEngine(
        shell=StillShell(),
        routes=Routes([Route(Trunk(name="carrier", uri="sip:127.0.0.1:5070"), CARRIER, CARRIER.host_port)]),
        media=DirectMedia(address=HERE.host),
        sink=lambda _serial, _signal: None,
        log=NoLog(),
    )
    engine.perform(CALL, Dial(Role.AGENT))

    assert kept_calls() == 1
    engine.forget(CALL.serial)
    assert kept_calls() == 0


def kept_calls() -> int:
    return sum(isinstance(each, EngineCall) for each in gc.get_objects())
