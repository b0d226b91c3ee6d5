"""After a crash an unfinished call is settled: never dialled, dialled, or unknown."""

from __future__ import annotations

import pytest

from domain.calls import T0, a_call, told
from domain.test_machine import AGENT, attempt
from twoleg.domain import signals as s
from twoleg.domain.settlement import Dialled, was_dialled

INVITE = s.LegPrepared(AGENT, attempt(), b"invite")
ANSWERED = attempt(1, ended_at=T0 + 9, sip_status=200)


@pytest.mark.parametrize(
    ("life", "dialled"),
    [
        ((), Dialled.NO),
        ((s.QueueExpired(),), Dialled.NO),
        ((s.Start(), s.EngineLost()), Dialled.NO),
        ((s.Start(), s.LegRefused(AGENT, 3, "no address")), Dialled.NO),
        ((s.Start(), INVITE), Dialled.YES),
        ((s.Start(), INVITE, s.EngineLost()), Dialled.UNKNOWN),
        ((s.Start(), INVITE, s.EngineLost(), s.LegReleased(AGENT)), Dialled.UNKNOWN),
        ((s.Start(), INVITE, s.EngineLost(), s.LegReleased(AGENT, s.WireFacts(sip_status=487))), Dialled.YES),
        ((s.Start(), INVITE, s.LegRinging(AGENT, attempt()), s.EngineLost()), Dialled.YES),
        ((s.Start(), INVITE, s.LegAnswered(AGENT, ANSWERED), s.EngineLost()), Dialled.YES),
        ((s.Start(), INVITE, s.RingTimeout(AGENT)), Dialled.YES),
    ],
)
def test_what_is_on_disk_says_whether_the_agents_phone_was_rung(life: tuple[s.Signal, ...], dialled: Dialled) -> None:
    assert was_dialled(told(a_call(), *life)) is dialled
