"""Ringing tones, greetings and G.711: what is played is what was meant."""

from __future__ import annotations

import cmath
import math
import wave
from array import array
from typing import TYPE_CHECKING

import pytest

from interop.tones import RATE, audible_seconds, dominant_frequency, tone, write_samples
from twoleg.adapters.media.rtpio.prompts import Prompts
from twoleg.adapters.media.sounds import Sound, SoundError, greeting, ringing_tone
from twoleg.adapters.recording.g711 import alaw_to_linear, ulaw_to_linear
from twoleg.domain.cadences import CADENCES
from twoleg.domain.g711 import to_alaw, to_ulaw

if TYPE_CHECKING:
    from pathlib import Path


def test_g711_is_that_of_the_tables_of_the_recommendation() -> None:
    # G.711 tables 1 and 2: silence and the loudest of each sign
    assert to_alaw([0, -1, 32767, -32768]) == bytes([0xD5, 0x55, 0xAA, 0x2A])
    assert to_ulaw([0, 32767, -32768]) == bytes([0xFF, 0x80, 0x00])


def test_each_sample_is_encoded_by_a_code_that_stands_for_it() -> None:
    # half a step of the loudest segment is 512 (A-law) or 512 (mu-law); smaller ones are finer
    for sample in range(-32768, 32768, 7):
        assert abs(alaw_to_linear(to_alaw([sample])[0]) - sample) <= max(18, abs(sample) // 20)
        assert abs(ulaw_to_linear(to_ulaw([sample])[0]) - sample) <= max(18, abs(sample) // 20)


def heard(sound: Sound, file: Path) -> Path:
    """What a phone would hear of it."""
    write_samples(file, array("h", [alaw_to_linear(code) for code in sound.alaw]))
    return file


def share_of(hertz: int, sound: Sound) -> float:
    """How much of the power of its first 0.4 s lies at that frequency."""
    samples = [alaw_to_linear(code) for code in sound.alaw[: round(0.4 * RATE)]]
    at = sum(sample * cmath.exp(-2j * math.pi * hertz * place / RATE) for place, sample in enumerate(samples))
    return 2 * abs(at) ** 2 / len(samples) / sum(sample * sample for sample in samples)


@pytest.mark.parametrize("country", CADENCES)
def test_ringing_tones_have_their_rhythm_and_frequency(country: str, tmp_path: Path) -> None:
    cadence, sound = CADENCES[country], ringing_tone(country)
    file = heard(sound, tmp_path / "tone.wav")
    assert sound.repeats
    assert sound.seconds == pytest.approx(sum(cadence.rhythm), abs=0.02)
    assert audible_seconds(file) == pytest.approx(sum(cadence.rhythm[::2]), abs=0.06)
    for hertz in cadence.hertz:  # the tone is nothing but these, each as strong as the other
        assert share_of(hertz, sound) == pytest.approx(1 / len(cadence.hertz), abs=0.05)
    assert len(sound.wav) < 60_000  # it has to fit a datagram


def test_china_is_450_hz_one_second_in_five() -> None:
    assert (CADENCES["CN"].hertz, CADENCES["CN"].rhythm) == ((450,), (1.0, 4.0))


def test_the_wav_of_a_sound_says_a_law_and_its_length(tmp_path: Path) -> None:
    sound = greeting(tone(tmp_path / "hello.wav", 700, 0.5))
    content = sound.wav
    assert (content[:4], content[8:16], content[20:22]) == (b"RIFF", b"WAVEfmt ", b"\x06\x00")
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    assert content.endswith(sound.alaw)


def test_a_greeting_is_played_once_and_as_it_is(tmp_path: Path) -> None:
    sound = greeting(tone(tmp_path / "hello.wav", 700, 0.5))
    assert (sound.repeats, sound.seconds) == (False, 0.5)
    assert dominant_frequency(heard(sound, tmp_path / "heard.wav")) == 700


def _stereo(file: Path) -> None:
    with wave.open(str(file), "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes(bytes(400))


def test_a_greeting_of_the_wrong_form_is_refused_in_words(tmp_path: Path) -> None:
    stereo, empty, text = tmp_path / "stereo.wav", tmp_path / "empty.wav", tmp_path / "text.wav"
    _stereo(stereo)
    write_samples(empty, array("h"))
    text.write_text("no sound at all")
    long = tone(tmp_path / "long.wav", 700, 30.1)
    for file, why in (
        (stereo, "16 bit"),
        (empty, "not be empty"),
        (long, "30 s"),
        (text, "cannot be read"),
        (tmp_path / "missing.wav", "cannot be read"),
    ):
        with pytest.raises(SoundError, match=why):
            greeting(file)


def test_prompts_are_written_once_in_both_laws_without_a_header(tmp_path: Path) -> None:
    prompts, sound = Prompts(tmp_path / "prompts"), ringing_tone("DE")
    name = prompts.file(sound)
    assert prompts.file(sound) == name
    assert (tmp_path / "prompts" / "ringing-DE.8").read_bytes() == sound.alaw
    assert (tmp_path / "prompts" / "ringing-DE.0").read_bytes() == sound.ulaw
