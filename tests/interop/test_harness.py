"""The test peers themselves: what sipp and the phones report is what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.sipp import Direction, Sipp, SippFailedError
from interop.tones import audible_seconds, dominant_frequency, tone

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


def test_sipp_survives_the_loss_it_is_told_to_make(tmp_path: Path) -> None:
    with (
        Sipp.start(SCENARIOS / "uas_answers.xml", room(tmp_path, "uas"), lose_percent=30) as uas,
        Sipp.start(SCENARIOS / "uac_calls.xml", room(tmp_path, "uac"), remote=uas.address) as uac,
    ):
        assert uac.wait_for("SIP/2.0 200").method == "INVITE"


@pytest.mark.parametrize("hz", [300, 440, 1000, 3400])
def test_a_tone_is_heard_as_itself(tmp_path: Path, hz: int) -> None:
    path = tone(tmp_path / "tone.wav", hz, 0.5)

    assert dominant_frequency(path) == pytest.approx(hz, abs=10)
    assert audible_seconds(path) == pytest.approx(0.5, abs=0.02)


def test_silence_has_no_frequency(tmp_path: Path) -> None:
    path = tone(tmp_path / "silence.wav", 0, 0.5)

    assert dominant_frequency(path) == 0.0
    assert audible_seconds(path) == 0.0
