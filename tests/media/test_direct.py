"""Direct media: which description goes to which phone, and when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.calls import a_call
from twoleg.adapters.media.direct import DirectMedia, DirectPath
from twoleg.domain.call import Role
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import Direction, SessionDescription, audio_description

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
OURS = "127.0.0.1"


class Wishes:
    """Notes every wish."""

    def __init__(self) -> None:
        self.made: list[tuple[object, ...]] = []

    def offer(self, role: Role, body: bytes | None) -> None:
        self.made.append(("offer", role, body))

    def answer(self, role: Role, status: int, body: bytes | None) -> None:
        self.made.append(("answer", role, status, body))

    def ack(self, role: Role, body: bytes) -> None:
        self.made.append(("ack", role, body))

    def greeting(self, *, is_over: bool) -> None:
        self.made.append(("greeting", is_over))

    def bridged(self) -> None:
        self.made.append(("bridged",))

    def silent(self, role: Role) -> None:
        self.made.append(("silent", role))

    def heard(self, role: Role) -> None:
        self.made.append(("heard", role))

    def failed(self, cause: int, detail: str) -> None:
        self.made.append(("failed", cause, detail))

    def faulted(self, error: Exception) -> None:
        self.made.append(("faulted", error))

    def take(self) -> tuple[object, ...]:
        assert len(self.made) == 1, self.made
        return self.made.pop()

    def take_offer(self, role: Role) -> SessionDescription:
        kind, to, body = self.take()
        assert (kind, to) == ("offer", role)
        assert isinstance(body, bytes)
        return SessionDescription.parse(body)

    def take_answer(self, role: Role) -> SessionDescription:
        kind, to, status, body = self.take()
        assert (kind, to, status) == ("answer", role, 200)
        assert isinstance(body, bytes)
        return SessionDescription.parse(body)


def sdp(port: int, *, direction: Direction = Direction.SENDRECV, address: str = "192.0.2.7") -> bytes:
    description = audio_description(address=address, port=port, session_id=7, version=1)
    return description.with_direction(direction).encode()


def audio_of(description: SessionDescription) -> tuple[str | None, int, Direction]:
    assert description.audio is not None
    return description.audio_address, description.audio.port, description.direction


AGENT_SDP = sdp(4000, direction=Direction.INACTIVE)
CUSTOMER_SDP = sdp(5000, address="192.0.2.8")


@pytest.fixture
def wishes() -> Wishes:
    return Wishes()


@pytest.fixture
def path(wishes: Wishes) -> Iterator[DirectPath]:
    path = DirectMedia(address=OURS).open(a_call(), wishes)
    yield path
    path.close()


def dialled(path: DirectPath, wishes: Wishes) -> None:
    """Both dialled, both answered; nothing wished that was not taken."""
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.answered(CUSTOMER, CUSTOMER_SDP)


def bridged(path: DirectPath, wishes: Wishes) -> None:
    dialled(path, wishes)
    path.bridge()
    wishes.take()
    path.answered(AGENT, sdp(4000))
    assert wishes.take() == ("bridged",)


def test_the_agent_is_rung_with_an_inactive_offer_of_ours(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    assert audio_of(wishes.take_offer(AGENT)) == (OURS, 9, Direction.INACTIVE)


def test_the_customer_is_offered_the_agents_address_active(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    assert audio_of(wishes.take_offer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)


def test_the_customers_answer_goes_to_the_agent_and_then_they_are_bridged(path: DirectPath, wishes: Wishes) -> None:
    dialled(path, wishes)
    path.bridge()
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5000, Direction.SENDRECV)
    path.answered(AGENT, sdp(4000))
    assert wishes.take() == ("bridged",)


def test_an_agent_that_moved_its_port_is_followed(path: DirectPath, wishes: Wishes) -> None:
    dialled(path, wishes)
    path.bridge()
    wishes.take()
    path.answered(AGENT, sdp(4444))
    assert audio_of(wishes.take_offer(CUSTOMER)) == ("192.0.2.7", 4444, Direction.SENDRECV)
    path.answered(CUSTOMER, CUSTOMER_SDP)
    assert wishes.take() == ("bridged",)


def test_early_media_is_offered_to_the_agent_and_not_again_at_the_answer(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.pass_early()
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5000, Direction.SENDRECV)
    path.answered(AGENT, sdp(4000))
    path.answered(CUSTOMER, None)
    path.bridge()
    assert wishes.take() == ("bridged",)


def test_an_answer_while_early_media_is_still_being_offered_waits_for_it(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.early(CUSTOMER, sdp(5555, address="192.0.2.9"))
    path.pass_early()
    wishes.take()
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    assert wishes.made == []
    path.answered(AGENT, sdp(4000))
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5000, Direction.SENDRECV)


def test_refused_early_media_is_no_failure(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.pass_early()
    wishes.take()
    path.refused(AGENT, 488)
    assert wishes.made == []


def test_an_agent_that_refuses_the_customers_media_cannot_be_bridged(path: DirectPath, wishes: Wishes) -> None:
    dialled(path, wishes)
    path.bridge()
    wishes.take()
    path.refused(AGENT, 488)
    assert wishes.take()[:2] == ("failed", 65)


@pytest.mark.parametrize("body", [b"nonsense", AGENT_SDP.replace(b"m=audio 4000", b"m=audio 0"), b""])
def test_an_answer_without_usable_audio_cannot_be_bridged(path: DirectPath, wishes: Wishes, body: bytes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, body)
    assert wishes.take()[:2] == ("failed", 127)


def test_an_answer_without_any_description_cannot_be_bridged(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, None)
    assert wishes.take()[0] == "failed"


def test_hold_is_passed_to_the_other_phone_and_its_answer_back(path: DirectPath, wishes: Wishes) -> None:
    bridged(path, wishes)
    path.offered(CUSTOMER, sdp(5000, direction=Direction.SENDONLY, address="192.0.2.8"))
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5000, Direction.SENDONLY)
    path.answered(AGENT, sdp(4000, direction=Direction.RECVONLY))
    assert audio_of(wishes.take_answer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.RECVONLY)


def test_a_refused_change_is_refused_to_who_wanted_it(path: DirectPath, wishes: Wishes) -> None:
    bridged(path, wishes)
    path.offered(CUSTOMER, sdp(5002, address="192.0.2.8"))
    wishes.take()
    path.refused(AGENT, 488)
    assert wishes.take() == ("answer", CUSTOMER, 488, None)


def test_an_offer_that_cannot_be_read_is_refused(path: DirectPath, wishes: Wishes) -> None:
    bridged(path, wishes)
    path.offered(AGENT, b"v=1")
    assert wishes.take() == ("answer", AGENT, 488, None)


def test_a_phone_that_asks_for_an_offer_gets_the_other_phones(path: DirectPath, wishes: Wishes) -> None:
    bridged(path, wishes)
    path.offered(AGENT, None)
    assert wishes.take() == ("offer", CUSTOMER, None)
    path.answered(CUSTOMER, sdp(5006, address="192.0.2.8"))
    assert audio_of(wishes.take_answer(AGENT)) == ("192.0.2.8", 5006, Direction.SENDRECV)
    path.acknowledged(AGENT, sdp(4006))
    kind, role, body = wishes.take()
    assert (kind, role) == ("ack", CUSTOMER)
    assert isinstance(body, bytes)
    assert audio_of(SessionDescription.parse(body)) == ("192.0.2.7", 4006, Direction.SENDRECV)


def test_a_waiting_agent_that_changes_its_media_is_answered_inactive(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.offered(AGENT, sdp(4002))
    assert audio_of(wishes.take_answer(AGENT)) == (OURS, 9, Direction.INACTIVE)
    path.dial(CUSTOMER)
    assert audio_of(wishes.take_offer(CUSTOMER))[1] == 4002


def test_a_change_while_an_offer_is_under_way_to_the_other_phone_waits_for_it(path: DirectPath, wishes: Wishes) -> None:
    dialled(path, wishes)
    path.bridge()
    wishes.take()
    path.offered(CUSTOMER, sdp(5002, address="192.0.2.8"))
    assert wishes.made == []
    path.answered(AGENT, sdp(4000))
    assert wishes.made.pop(0) == ("bridged",)
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5002, Direction.SENDRECV)
    path.answered(AGENT, sdp(4000))
    assert audio_of(wishes.take_answer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)


def test_a_refused_bridge_fails_although_the_customer_wants_a_change(path: DirectPath, wishes: Wishes) -> None:
    dialled(path, wishes)
    path.bridge()
    wishes.take()
    path.offered(CUSTOMER, sdp(5002, address="192.0.2.8"))
    path.refused(AGENT, 488)
    assert wishes.made[0][:2] == ("failed", 65)


@pytest.mark.parametrize("first", [AGENT, CUSTOMER])
def test_of_two_changes_that_cross_the_later_one_is_pending(path: DirectPath, wishes: Wishes, first: Role) -> None:
    bridged(path, wishes)
    path.offered(first, sdp(4006))
    wishes.take_offer(first.other)
    path.offered(first.other, sdp(5006))
    assert wishes.take() == ("answer", first.other, 491, None)
    path.answered(first.other, sdp(5000))
    assert audio_of(wishes.take_answer(first))[1] == 5000


def test_a_change_of_the_agent_crosses_one_of_the_customer_that_waits(path: DirectPath, wishes: Wishes) -> None:
    dialled(path, wishes)
    path.bridge()
    wishes.take()
    path.offered(CUSTOMER, sdp(5002))
    path.offered(AGENT, sdp(4002))
    assert wishes.take() == ("answer", AGENT, 491, None)


def test_a_customer_that_moves_before_it_is_connected_waits_for_that(path: DirectPath, wishes: Wishes) -> None:
    """Its re-offer came between its answer and the bridge, and the bridge tells the agent already."""
    dialled(path, wishes)
    path.offered(CUSTOMER, sdp(5002, address="192.0.2.8"))
    assert wishes.made == []
    path.bridge()
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5002, Direction.SENDRECV)
    path.answered(AGENT, sdp(4000))
    assert wishes.made.pop(0) == ("bridged",)
    assert audio_of(wishes.take_answer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)


def test_a_customer_that_repeats_its_early_media_is_answered_at_the_bridge(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.pass_early()
    wishes.take()
    path.answered(AGENT, sdp(4000))
    path.answered(CUSTOMER, None)
    path.offered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    assert wishes.made.pop(0) == ("bridged",)
    assert audio_of(wishes.take_answer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)


def test_an_offer_that_is_no_news_is_answered_without_asking(path: DirectPath, wishes: Wishes) -> None:
    """A phone that only refreshes its dialog does not disturb the other one."""
    bridged(path, wishes)
    path.offered(CUSTOMER, CUSTOMER_SDP)
    assert audio_of(wishes.take_answer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)


def test_a_hold_for_the_whole_session_is_news(path: DirectPath, wishes: Wishes) -> None:
    """RFC 4566 6: a direction before the first m= line holds for all media."""
    bridged(path, wishes)
    path.offered(
        CUSTOMER, CUSTOMER_SDP.replace(b"a=sendrecv\r\n", b"").replace(b"t=0 0\r\n", b"t=0 0\r\na=sendonly\r\n")
    )
    assert audio_of(wishes.take_offer(AGENT))[2] is Direction.SENDONLY


def test_an_agent_that_was_answered_alone_after_early_media_is_offered_the_customer_again(
    path: DirectPath, wishes: Wishes
) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.pass_early()
    wishes.take()
    path.answered(AGENT, sdp(4000))
    path.offered(AGENT, sdp(4000))
    assert audio_of(wishes.take_answer(AGENT))[2] is Direction.INACTIVE
    path.answered(CUSTOMER, None)
    path.bridge()
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5000, Direction.SENDRECV)


def test_the_customer_cannot_be_offered_anything_before_the_agent_answered(path: DirectPath) -> None:
    with pytest.raises(SdpError):
        path.dial(CUSTOMER)


def test_one_origin_per_dialog_and_a_rising_version(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    first = wishes.take_offer(AGENT).origin
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    second = wishes.take_offer(AGENT).origin
    assert (second.session_id, second.username, second.address) == (first.session_id, first.username, first.address)
    assert second.version == first.version + 1


def test_an_early_change_of_the_customers_network_is_answered_for_the_agent(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.early(CUSTOMER, CUSTOMER_SDP)

    path.offered(CUSTOMER, sdp(5004, address="192.0.2.9"))

    assert audio_of(wishes.take_answer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)
    path.answered(CUSTOMER, None)
    path.bridge()
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.9", 5004, Direction.SENDRECV)
    path.answered(AGENT, sdp(4000))
    assert wishes.take() == ("bridged",)


def test_an_early_change_names_only_codecs_of_the_agent(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP.replace(b"RTP/AVP 8 0 9 101", b"RTP/AVP 0"))
    path.dial(CUSTOMER)
    wishes.take()

    path.offered(CUSTOMER, CUSTOMER_SDP)

    audio = wishes.take_answer(CUSTOMER).audio
    assert audio is not None
    assert audio.formats == ["0"]


def test_an_agent_who_hears_early_media_follows_its_change(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.pass_early()
    wishes.take()
    path.answered(AGENT, sdp(4000))

    path.offered(CUSTOMER, sdp(5004, address="192.0.2.9"))

    offer = wishes.made.pop()
    assert offer[:2] == ("offer", AGENT)
    assert isinstance(offer[2], bytes)
    assert audio_of(SessionDescription.parse(offer[2])) == ("192.0.2.9", 5004, Direction.SENDRECV)
    wishes.take_answer(CUSTOMER)


def test_an_early_change_that_the_agent_cannot_follow_changes_nothing(path: DirectPath, wishes: Wishes) -> None:
    path.dial(AGENT)
    wishes.take()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    wishes.take()
    path.early(CUSTOMER, CUSTOMER_SDP)

    path.offered(CUSTOMER, sdp(5004).replace(b"RTP/AVP 8", b"RTP/SAVP 8"))

    assert wishes.take() == ("answer", CUSTOMER, 488, None)
    path.answered(CUSTOMER, None)
    path.bridge()
    assert audio_of(wishes.take_offer(AGENT)) == ("192.0.2.8", 5000, Direction.SENDRECV)


@pytest.mark.parametrize("audio", [b"", b"m=audio 0 RTP/AVP 8\r\n"])
def test_a_fax_offer_is_refused_and_the_bridge_stays(path: DirectPath, wishes: Wishes, audio: bytes) -> None:
    """T.38: no audio is left in the offer."""
    bridged(path, wishes)
    fax = CUSTOMER_SDP[: CUSTOMER_SDP.index(b"m=")] + audio + b"m=image 5006 udptl t38\r\na=T38FaxVersion:0\r\n"

    path.offered(CUSTOMER, fax)

    assert wishes.take() == ("answer", CUSTOMER, 488, None)
    path.offered(CUSTOMER, CUSTOMER_SDP)
    assert audio_of(wishes.take_answer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)
