"""The test peers themselves: what sipp and the phones report is what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.phones import Phone, PhoneFailedError
from interop.sipp import Direction, Sipp, SippFailedError
from interop.tones import audible_seconds, dominant_frequency, tone
from patience import eventually

SCENARIOS = Path(__file__).parent / "scenarios"


def room(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def test_sipp_calls_sipp_and_both_traces_agree(tmp_path: Path) -> None:
    with Sipp.start(SCENARIOS / "uas_answers.xml", room(tmp_path, "uas")) as uas:
        with Sipp.start(SCENARIOS / "uac_calls.xml", room(tmp_path, "uac"), remote=uas.address, user="88889050") as uac:
            sent = uac.kept()
        heard = uas.kept()

    assert [message.start_line.split()[0] for message in sent if message.direction is Direction.SENT] == [
        "INVITE",
        "ACK",
        "BYE",
    ]
    assert [message.status for message in sent if message.direction is Direction.RECEIVED] == [180, 200, 200]
    assert [message.start_line for message in heard if message.direction is Direction.RECEIVED] == [
        message.start_line for message in sent if message.direction is Direction.SENT
    ]
    invite = uas.received("INVITE")[0]
    assert invite.start_line.startswith("INVITE sip:88889050@")
    assert invite.method == "INVITE"
    assert "m=audio" in invite.body
    assert sent[0].time <= sent[-1].time


def test_sipp_waits_for_a_message_and_names_the_one_that_never_came(tmp_path: Path) -> None:
    with Sipp.start(SCENARIOS / "uas_answers.xml", room(tmp_path, "uas")) as uas:
        with Sipp.start(SCENARIOS / "uac_calls.xml", room(tmp_path, "uac"), remote=uas.address):
            assert uas.wait_for("BYE").header("CSeq") == "2 BYE"
        uas.kept()
        with pytest.raises(SippFailedError, match="never received 'CANCEL'"):
            uas.wait_for("CANCEL")


def test_a_broken_scenario_fails_the_test_that_kept_it(tmp_path: Path) -> None:
    """Nobody calls: sipp's deadline passes."""
    with (
        Sipp.start(SCENARIOS / "uas_answers.xml", room(tmp_path, "uas"), deadline=1) as uas,
        pytest.raises(SippFailedError, match="ended with status"),
    ):
        uas.kept()


def test_sipp_loses_what_it_is_told_to_lose(tmp_path: Path) -> None:
    with (
        Sipp.start(SCENARIOS / "uas_answers.xml", room(tmp_path, "uas"), lose_percent=100) as uas,
        Sipp.start(SCENARIOS / "uac_calls.xml", room(tmp_path, "uac"), remote=uas.address) as uac,
    ):
        assert eventually(lambda: len(uac.sent("INVITE")) > 1)
        assert uas.messages() == []


def test_a_trace_with_losses_still_holds_every_message_that_got_through(tmp_path: Path) -> None:
    with (
        Sipp.start(SCENARIOS / "uas_answers.xml", room(tmp_path, "uas"), lose_percent=20) as uas,
        Sipp.start(SCENARIOS / "uac_calls.xml", room(tmp_path, "uac"), remote=uas.address) as uac,
    ):
        assert uac.wait_for("SIP/2.0 200", seconds=30).method == "INVITE"
        assert uas.received("INVITE")
        assert uas.sent("SIP/2.0 200")


@pytest.mark.parametrize("hz", [300, 440, 1000, 3400])
def test_a_tone_is_heard_as_itself(tmp_path: Path, hz: int) -> None:
    path = tone(tmp_path / "tone.wav", hz, 0.5)

    assert dominant_frequency(path) == pytest.approx(hz, abs=10)
    assert audible_seconds(path) == pytest.approx(0.5, abs=0.02)


def test_silence_has_no_frequency(tmp_path: Path) -> None:
    path = tone(tmp_path / "silence.wav", 0, 0.5)

    assert dominant_frequency(path) == 0.0
    assert audible_seconds(path) == 0.0


@pytest.mark.asyncio
async def test_two_phones_hear_each_other(tmp_path: Path) -> None:
    low, high = tone(tmp_path / "440.wav", 440, 1.0), tone(tmp_path / "1000.wav", 1000, 1.0)
    heard_by_a, heard_by_b = tmp_path / "heard_by_a.wav", tmp_path / "heard_by_b.wav"
    async with (
        Phone.on_loopback("88889050", says=low, hears=heard_by_a) as a,
        Phone.on_loopback("88889060", says=high, hears=heard_by_b) as b,
    ):
        await a.dial(b.uri)
        await a.wait_for("CALL_ESTABLISHED")
        await a.hear_for(1.0)
        await b.hear_for(1.0)
        await b.hang_up()
        await a.wait_for("CALL_CLOSED")

    assert "88889050" in b.saw("CALL_INCOMING")[0].peer
    assert dominant_frequency(heard_by_a) == pytest.approx(1000, abs=10)
    assert dominant_frequency(heard_by_b) == pytest.approx(440, abs=10)


@pytest.mark.asyncio
async def test_a_phone_told_to_wait_rings_until_it_answers() -> None:
    async with Phone.on_loopback("88889050") as a, Phone.on_loopback("88889060", answer_after=None) as b:
        await a.dial(b.uri)
        await a.wait_for("CALL_RINGING")
        assert not a.saw("CALL_ESTABLISHED")
        await b.answer()
        await a.wait_for("CALL_ESTABLISHED")


@pytest.mark.asyncio
async def test_a_caller_who_gives_up_is_seen_by_the_ringing_phone() -> None:
    async with Phone.on_loopback("88889050") as a, Phone.on_loopback("88889060", answer_after=None) as b:
        await a.dial(b.uri)
        await b.wait_for("CALL_INCOMING")
        await a.wait_for("CALL_RINGING")
        await a.hang_up()
        await b.wait_for("CALL_CLOSED")
        assert not b.saw("CALL_ESTABLISHED")


@pytest.mark.asyncio
async def test_a_phone_says_what_it_waited_for_in_vain() -> None:
    async with Phone.on_loopback("88889050") as a:
        with pytest.raises(PhoneFailedError, match="refused to hang_up: there is no call"):
            await a.hang_up()
        with pytest.raises(PhoneFailedError, match="CALL_INCOMING number 1"):
            await a.wait_for("CALL_INCOMING", seconds=0.1)


@pytest.mark.asyncio
async def test_a_phone_calls_sipp(tmp_path: Path) -> None:
    with Sipp.start(SCENARIOS / "uas_answers.xml", room(tmp_path, "uas")) as uas:
        async with Phone.on_loopback("88889050") as a:
            await a.dial(f"sip:88889060@127.0.0.1:{uas.port}")
            await a.wait_for("CALL_ESTABLISHED")
            await a.hang_up()
            await a.wait_for("CALL_CLOSED")
        uas.kept()
