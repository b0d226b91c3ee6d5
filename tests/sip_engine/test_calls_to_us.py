"""Whoever calls us is answered, and told what the operator wants them told."""

from __future__ import annotations

import pytest

from sip_engine.world import SDP, World, rings
from twoleg.sip.events import Event, Failed
from twoleg.sip.headers import NameAddr


@pytest.mark.parametrize("refusal", [403, 404])
def test_a_call_to_us_is_refused_by_policy(refusal: int) -> None:
    world = World(refusal=refusal)
    stranger = world.carrier(6000, rings)
    told: list[Event] = []
    stranger._act = told.append  # type: ignore[assignment, method-assign]
    us = world.shell.local
    stranger.ua.invite(
        target=f"sip:anybody@{us.host_port}",
        peer=us,
        from_=NameAddr("", "sip:stranger@127.0.0.1"),
        to=NameAddr("", f"sip:anybody@{us.host_port}"),
        body=SDP,
        now=world.network.now,
    )
    world.run(1)

    assert [event.status for event in told if isinstance(event, Failed)] == [refusal]
