"""An exception of ours ends the leg that it happened for, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sip.bench import ANSWER, CALLED, CALLER, CONTACT, OFFER, PEER, Bench, call_in, reply
from sip.network import has_ended
from twoleg.sip import inbound, invite_client, invite_server, transaction_client
from twoleg.sip.dialog import Dialog
from twoleg.sip.errors import SipEncodeError
from twoleg.sip.events import Failed, FailureOrigin, Fault, Released
from twoleg.sip.headers import Reason
from twoleg.sip.transaction_server import ServerTransaction


class PlantedError(Exception):
    pass


def plant(*_: object, **__: object) -> Any:
    raise PlantedError


def test_a_header_that_cannot_be_sent_fails_the_leg_at_once() -> None:
    bench = Bench()

    leg = bench.ua.invite(
        target="sip:x@192.0.2.20",
        peer=PEER,
        from_=CALLER,
        to=CALLED,
        body=None,
        extra_headers=[("X-Note", "a\r\nInjected: b")],
        now=bench.now,
    )

    failed, released = bench.events()
    assert isinstance(failed, Failed)
    assert (failed.leg, failed.origin) == (leg, FailureOrigin.INTERNAL)
    assert isinstance(failed.fault, SipEncodeError)
    assert isinstance(released, Released)
    assert bench.sending_times(100) == []


def test_a_fault_on_an_answer_hangs_up_and_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg, other = bench.dial(), bench.dial()
    invite, other_invite = bench.requests()
    with monkeypatch.context() as patch:
        patch.setattr(invite_client, "Answered", plant)
        bench.hear(reply(invite, "200 OK", CONTACT, body=ANSWER))

    ack, bye = bench.requests()
    assert (ack.method, bye.method) == ("ACK", "BYE")
    failed = bench.event(Failed)
    assert (failed.leg, failed.origin, type(failed.fault)) == (leg, FailureOrigin.INTERNAL, PlantedError)
    bench.hear(reply(bye, "200 OK"))
    assert bench.event(Released) == Released(leg, 200, [])
    bench.hear(reply(other_invite, "200 OK", CONTACT, body=ANSWER))
    assert (bench.told(), bench.lines(), other) == (["Answered"], ["ACK"], 2)


def test_a_leg_that_cannot_even_be_released_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    with monkeypatch.context() as patch:
        patch.setattr(Dialog, "as_caller", plant)
        bench.hear(reply(invite, "200 OK", CONTACT))
        assert bench.told() == ["Failed"]
        bench.hear(reply(invite, "200 OK", CONTACT))
        assert bench.told() == ["Fault", "Released"]

    bench.hear(reply(invite, "200 OK", CONTACT))

    assert bench.lines() == ["ACK", "BYE"]
    assert (bench.events(), leg) == ([], 1)


def test_a_fault_that_lasts_while_a_leg_is_ending_drops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    with monkeypatch.context() as patch:
        patch.setattr(Dialog, "request", plant)
        bench.ua.release(leg, now=bench.now)

    *faults, released = bench.events()
    assert {type(fault.fault) for fault in faults if isinstance(fault, Fault)} == {PlantedError}
    assert released == Released(leg, None, ())


def test_a_phone_whose_bye_could_not_be_made_is_told_once_more_without_the_reasons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    bench.sent()
    with monkeypatch.context() as patch:
        patch.setattr(Reason, "__str__", plant)
        bench.ua.release(leg, reasons=[Reason("Q.850", 16)], now=bench.now)

    assert isinstance(bench.event(Fault).fault, PlantedError)
    bye = bench.request()
    assert (bye.method, bye.reasons) == ("BYE", [])
    bench.hear(reply(bye, "200 OK"))
    assert bench.event(Released) == Released(leg, 200, [])


def test_a_phone_whose_cancel_could_not_be_made_gets_one_without_the_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "180 Ringing"))
    bench.events()
    with monkeypatch.context() as patch:
        patch.setattr(Reason, "__str__", plant)
        bench.ua.release(leg, reasons=[Reason("Q.850", 16)], now=bench.now)

    assert isinstance(bench.event(Fault).fault, PlantedError)
    cancel = bench.request()
    assert (cancel.method, cancel.reasons) == ("CANCEL", [])
    bench.hear(reply(invite, "487 Request Terminated"))
    assert bench.event(Released) == Released(leg, 487, [])


@pytest.mark.parametrize("broken", [invite_client.InviteClient._refusal, invite_client.InviteClient._provisional])
def test_an_invite_whose_answers_cannot_be_handled_is_waited_for_no_longer_than_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[..., None]
) -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    with monkeypatch.context() as patch:
        patch.setattr(invite_client.InviteClient, broken.__name__, plant)
        bench.hear(reply(invite, "180 Ringing"))
        bench.hear(reply(invite, "486 Busy Here"))
        bench.run(300)

    assert isinstance(bench.events()[-1], Released)
    assert has_ended(bench.ua)


def test_a_transaction_that_faults_is_out_of_the_tables_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    with monkeypatch.context() as patch:
        patch.setattr(transaction_client, "ack_of_failure", plant)
        bench.hear(reply(invite, "486 Busy Here"))
    with monkeypatch.context() as patch:
        patch.setattr(ServerTransaction, "_linger", plant)
        bench.hear(call_in("OPTIONS"))
    bench.run(100)

    assert has_ended(bench.ua)


def test_a_faulty_leg_that_hears_nothing_more_is_dropped_by_a_hard_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg = bench.ring_in()
    with monkeypatch.context() as patch:
        patch.setattr(invite_server, "AckWait", plant)
        bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    assert bench.told() == ["Failed"]

    bench.run(100)

    assert bench.event(Released) == Released(leg, None, ())


def test_a_fault_in_a_deadline_is_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg = bench.dial()
    bench.sent()
    with monkeypatch.context() as patch:
        patch.setattr(invite_client, "failure", plant)
        bench.run(32.1)

    events = bench.events()
    assert {getattr(event, "leg", leg) for event in events} == {leg}
    assert isinstance(events[-1], Released)


def test_a_fault_outside_any_leg_is_told_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    with monkeypatch.context() as patch:
        patch.setattr(inbound, "way_back", plant)
        bench.hear(call_in("OPTIONS"))

    fault = bench.event(Fault)
    assert (fault.source, type(fault.fault)) == (PEER, PlantedError)
    bench.hear(call_in("OPTIONS"))
    assert bench.lines() == ["200"]


def test_a_fault_while_a_call_comes_in_leaves_no_leg_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    with monkeypatch.context() as patch:
        patch.setattr(inbound, "InviteServer", plant)
        bench.hear(call_in(body=OFFER))

    assert bench.told() == ["Failed", "Released"]
    assert bench.lines() == ["500"]
    assert bench.sending_times(33)
    assert bench.ua.next_deadline() is None


def test_a_fault_while_a_request_is_served_is_500(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    with monkeypatch.context() as patch:
        patch.setattr(inbound, "InfoReceived", plant)
        patch.setattr(inbound, "_not_for_legs", plant)
        bench.hear(call_in("OPTIONS", branch="z9hG4bKo", cseq=2, to_tag=tag))

    assert bench.lines() == ["500", "BYE"]
    failed = bench.event(Failed)
    assert (failed.leg, failed.origin) == (leg, FailureOrigin.INTERNAL)


def test_a_leg_whose_release_faults_too_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    with monkeypatch.context() as patch:
        patch.setattr(inbound, "InfoReceived", plant)
        patch.setattr(Dialog, "request", plant)
        bench.hear(call_in("INFO", branch="z9hG4bKi", cseq=2, to_tag=tag))

    failed, *faults, released = bench.events()
    assert isinstance(failed, Failed)
    assert {type(fault) for fault in faults} == {Fault}
    assert released == Released(leg, None, ())
    bench.hear(call_in("BYE", branch="z9hG4bKb", cseq=3, to_tag=tag))
    assert bench.lines() == ["200", "481"]
