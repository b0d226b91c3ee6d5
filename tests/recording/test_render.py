"""From captured packets to a stereo WAV file: every tone is where it was, whatever the network did to it."""

from __future__ import annotations

import io
import random
import tracemalloc
from array import array
from collections.abc import Iterable
from pathlib import Path

import pytest

from interop.tones import RATE, dominant_frequency, is_audible, write_samples
from recording.synthetic import (
    AGENT_PORT,
    CUSTOMER_PORT,
    LINKS,
    PACKET_MS,
    PER_PACKET,
    T0,
    Datagram,
    alaw,
    channels,
    in_order,
    pcap,
    rtp,
    rtpproxy,
    sine,
    speech,
    ulaw,
)
from twoleg.adapters.recording.g711 import WEAVES, Codec, alaw_to_linear, ulaw_to_linear
from twoleg.adapters.recording.packets import Captured
from twoleg.adapters.recording.pcap import NotACapture, read_pcap
from twoleg.adapters.recording.render import Heard, Renderer, render
from twoleg.adapters.recording.rtpproxy_file import read_rtpproxy
from twoleg.adapters.recording.wav import head, most_frames
from twoleg.domain.call import Role
from twoleg.domain.recording import AudioFormat, Piece

ROLES = {AGENT_PORT: Role.AGENT, CUSTOMER_PORT: Role.CUSTOMER}
FOREVER = (Piece(T0, None),)


def heard(
    datagrams: Iterable[Datagram],
    path: Path,
    *,
    pieces: tuple[Piece, ...] = FOREVER,
    audio_format: AudioFormat = AudioFormat.PCM,
    payload_types: dict[int, str] | None = None,
) -> Heard:
    """Render those packets to `path`."""
    written: list[bytes] = []
    renderer = Renderer(
        pieces=pieces,
        audio_format=audio_format,
        payload_types=payload_types or {},
        most_frames=most_frames(audio_format),
        write=written.append,
    )
    found = render(((Captured(one.at, one.port, one.octets), ROLES[one.port]) for one in datagrams), renderer)
    path.write_bytes(head(audio_format, found.frames) + b"".join(written))
    return found


def tone_in(samples: array[int], tmp_path: Path) -> float:
    mono = tmp_path / "mono.wav"
    write_samples(mono, samples)
    return dominant_frequency(mono)


def both_tones(seconds: float = 2.0, law: str = "PCMA") -> tuple[list[Datagram], list[Datagram]]:
    return (
        speech(sine(440, seconds), port=AGENT_PORT, law=law),
        speech(sine(1000, seconds), port=CUSTOMER_PORT, law=law, ssrc=0xB0B, timestamp=77),
    )


# ---------------------------------------------------------------------------- the codecs


@pytest.mark.parametrize("code", range(256))
def test_every_octet_of_either_law_survives_being_decoded_and_encoded(code: int) -> None:
    assert alaw(alaw_to_linear(code)) == code
    assert ulaw(ulaw_to_linear(code)) in (code, 0xFF if code == 0x7F else code)  # mu-law has two zeroes


def test_the_loudest_and_the_softest_codes_are_those_of_the_recommendation() -> None:
    assert [alaw_to_linear(code) for code in (0xAA, 0x2A, 0xD5, 0x55)] == [32256, -32256, 8, -8]
    assert [ulaw_to_linear(code) for code in (0x80, 0x00, 0xFF, 0x7F)] == [32124, -32124, 0, 0]


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
def test_the_agent_is_left_and_the_customer_is_right(tmp_path: Path, law: str) -> None:
    agent, customer = both_tones(law=law)

    found = heard(in_order(agent, customer), tmp_path / "a.wav")

    left, right = channels(tmp_path / "a.wav")
    assert [tone_in(left, tmp_path), tone_in(right, tmp_path)] == [440, 1000]
    assert len(left) == len(right) == found.frames == 2 * RATE
    assert found.voices == {Role.AGENT: 100, Role.CUSTOMER: 100}


def test_each_sample_is_the_decoded_one_at_its_very_place(tmp_path: Path) -> None:
    noise = random.Random(1)
    said = [noise.randint(-30_000, 30_000) for _ in range(RATE)]

    heard(speech(said, port=CUSTOMER_PORT, law="PCMU"), tmp_path / "a.wav")

    left, right = channels(tmp_path / "a.wav")
    assert list(right) == [ulaw_to_linear(ulaw(sample)) for sample in said]
    assert not any(left)


def test_in_alaw_nothing_is_changed_on_the_way(tmp_path: Path) -> None:
    agent, customer = both_tones()

    found = heard(in_order(agent, customer), tmp_path / "a.wav", audio_format=AudioFormat.ALAW)

    raw = (tmp_path / "a.wav").read_bytes()
    frames = raw[-2 * found.frames :]
    assert frames[0::2] == b"".join(one.octets[12:] for one in agent)
    assert frames[1::2] == b"".join(one.octets[12:] for one in customer)
    assert raw[20:24] == b"\x06\0\x02\0"  # format tag 6, two channels


def test_mu_law_in_an_alaw_file_is_as_near_as_alaw_can_be() -> None:
    weave = WEAVES[AudioFormat.ALAW]
    (codes,) = weave.planes(Codec.PCMU, bytes(range(256)))

    for code, converted in enumerate(codes):
        sample = ulaw_to_linear(code)
        best = min(abs(alaw_to_linear(each) - sample) for each in range(256))
        assert abs(alaw_to_linear(converted) - sample) == best


# ---------------------------------------------------------------------------- what networks do


def test_lost_packets_are_silence_and_shift_nothing(tmp_path: Path) -> None:
    agent, customer = both_tones()
    lossy = [one for place, one in enumerate(customer) if place not in range(40, 50)]

    heard(in_order(agent, lossy), tmp_path / "a.wav")

    _, right = channels(tmp_path / "a.wav")
    gap = slice(40 * PER_PACKET, 50 * PER_PACKET)
    assert not any(right[gap])
    assert is_audible(right[gap.stop : gap.stop + PER_PACKET])
    assert len(right) == 2 * RATE


def test_reordered_and_repeated_packets_sound_as_if_they_were_not(tmp_path: Path) -> None:
    agent, customer = both_tones()
    heard(in_order(agent, customer), tmp_path / "straight.wav")
    chance = random.Random(7)
    shaken = [Datagram(one.at + chance.uniform(0, 90), one.port, one.octets) for one in customer[1:]]
    repeated = [Datagram(one.at + 5, one.port, one.octets) for one in shaken[::7]]

    heard(in_order(agent, customer[:1], shaken, repeated), tmp_path / "shaken.wav")

    assert (tmp_path / "shaken.wav").read_bytes() == (tmp_path / "straight.wav").read_bytes()


def test_numbers_that_wrap_around_are_no_break(tmp_path: Path) -> None:
    said = sine(440, 2)
    heard(speech(said, port=AGENT_PORT), tmp_path / "low.wav")

    heard(
        speech(said, port=AGENT_PORT, sequence=0xFFFF - 20, timestamp=0xFFFF_FFFF - 30 * PER_PACKET),
        tmp_path / "wrapped.wav",
    )

    assert (tmp_path / "wrapped.wav").read_bytes() == (tmp_path / "low.wav").read_bytes()


def test_a_sender_that_begins_anew_goes_on_where_the_clock_is(tmp_path: Path) -> None:
    first = speech(sine(440, 1), port=AGENT_PORT)
    again = speech(sine(440, 1), port=AGENT_PORT, begins=T0 + 3000, timestamp=4_000_000_000, ssrc=0xC0FFEE)

    heard(in_order(first, again), tmp_path / "a.wav")

    left, _ = channels(tmp_path / "a.wav")
    assert len(left) == 4 * RATE
    assert not any(left[RATE : 3 * RATE])
    assert is_audible(left[3 * RATE :])


def test_a_timestamp_that_jumps_does_not_move_the_audio(tmp_path: Path) -> None:
    first = speech(sine(440, 1), port=AGENT_PORT, timestamp=0)
    jumped = speech(sine(440, 1), port=AGENT_PORT, begins=T0 + 1000, timestamp=900_000_000, sequence=200)

    heard(in_order(first, jumped), tmp_path / "a.wav")

    left, _ = channels(tmp_path / "a.wav")
    assert len(left) == 2 * RATE
    assert all(is_audible(left[place : place + PER_PACKET]) for place in range(0, 2 * RATE, PER_PACKET))


@pytest.mark.parametrize("parts_per_million", [-200, 200])
def test_the_two_sides_stay_together_though_one_clock_is_wrong(tmp_path: Path, parts_per_million: int) -> None:
    """Twenty minutes at 200 ppm are 240 ms apart at the end, were it not for the anchor."""
    minutes = 20
    count = minutes * 60 * 1000 // PACKET_MS
    pulse, hush = bytes(map(alaw, sine(1000, 0.02))), b"\xd5" * PER_PACKET
    wrong = 1 - parts_per_million / 1_000_000
    datagrams = [
        Datagram(
            T0 + PACKET_MS * (place + 1) * wrong,
            AGENT_PORT,
            rtp(
                payload_type=8,
                sequence=place,
                timestamp=place * PER_PACKET,
                payload=pulse if place == count - 1 else hush,
            ),
        )
        for place in range(count)
    ]

    heard(datagrams, tmp_path / "a.wav")

    left, _ = channels(tmp_path / "a.wav")
    at = next(place for place in range(len(left)) if abs(left[place]) > 1000)
    spoken = (datagrams[-1].at - T0 - PACKET_MS) * RATE / 1000
    assert abs(at - spoken) < 0.1 * RATE


def test_digits_and_comfort_noise_are_not_heard(tmp_path: Path) -> None:
    agent, customer = both_tones()
    digits = speech([0] * RATE, port=AGENT_PORT, payload_type=101, ssrc=0xD16)

    found = heard(in_order(agent, customer, digits), tmp_path / "a.wav", payload_types={101: "telephone-event"})

    left, _ = channels(tmp_path / "a.wav")
    assert tone_in(left, tmp_path) == 440
    assert not found.unknown


def test_what_cannot_be_decoded_is_counted_and_not_taken_for_audio(tmp_path: Path) -> None:
    agent, _ = both_tones()
    wideband = speech(sine(1000, 2), port=CUSTOMER_PORT, payload_type=9)

    found = heard(in_order(agent, wideband), tmp_path / "a.wav", payload_types={9: "G722"})

    assert found.unknown == {"G722": 100}
    assert found.voices[Role.CUSTOMER] == 0


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x80",
        b"\x00" * 40,
        b"\x80\xc8\x00\x06" + b"\0" * 24,
        b"\x9f\x08" + b"\0" * 10,
        b"\xa0\x08" + b"\0" * 10 + b"\xff",
    ],
    ids=["empty", "short", "stun", "rtcp", "extension cut", "padding too long"],
)
def test_what_is_no_rtp_is_left_out(tmp_path: Path, octets: bytes) -> None:
    agent, _ = both_tones(0.1)

    found = heard(in_order(agent, [Datagram(T0 + 50, AGENT_PORT, octets)]), tmp_path / "a.wav")

    assert found.voices[Role.AGENT] == 5


# ---------------------------------------------------------------------------- pieces


def test_what_was_said_in_a_pause_is_silence_and_the_time_goes_on(tmp_path: Path) -> None:
    agent, customer = both_tones(3.0)

    heard(in_order(agent, customer), tmp_path / "a.wav", pieces=(Piece(T0, T0 + 1000), Piece(T0 + 2000, None)))

    left, right = channels(tmp_path / "a.wav")
    for side in (left, right):
        assert is_audible(side[: RATE - PER_PACKET])
        assert not any(side[RATE : 2 * RATE])
        assert is_audible(side[2 * RATE + PER_PACKET :])
    assert len(left) == 3 * RATE


def test_not_one_sample_of_a_pause_is_heard_even_in_a_packet_that_straddles_its_end(tmp_path: Path) -> None:
    agent, _ = both_tones(2.0)

    heard(agent, tmp_path / "a.wav", pieces=(Piece(T0, T0 + 510), Piece(T0 + 1010, None)))

    left, _ = channels(tmp_path / "a.wav")
    assert not any(left[510 * 8 : 1010 * 8])


def test_a_stopped_recording_ends_where_it_was_stopped(tmp_path: Path) -> None:
    agent, customer = both_tones(3.0)

    found = heard(in_order(agent, customer), tmp_path / "a.wav", pieces=(Piece(T0 + 500, T0 + 1500),))

    assert found.frames == RATE


def test_hours_of_silence_take_no_memory() -> None:
    written = 0

    def count(frames: bytes) -> None:
        nonlocal written
        written += len(frames)

    late = speech(sine(440, 1), port=AGENT_PORT, begins=T0 + 6 * 3600 * 1000)
    renderer = Renderer(
        pieces=FOREVER,
        audio_format=AudioFormat.PCM,
        payload_types={},
        most_frames=most_frames(AudioFormat.PCM),
        write=count,
    )
    tracemalloc.start()
    try:
        found = render(((Captured(one.at, one.port, one.octets), Role.AGENT) for one in late), renderer)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert written == found.frames * 4 == (6 * 3600 + 1) * RATE * 4
    assert peak < 4_000_000


def test_more_than_a_file_can_hold_is_cut_and_said() -> None:
    agent, _ = both_tones(3.0)
    written: list[bytes] = []
    renderer = Renderer(
        pieces=FOREVER, audio_format=AudioFormat.PCM, payload_types={}, most_frames=RATE, write=written.append
    )

    found = render(((Captured(one.at, one.port, one.octets), Role.AGENT) for one in agent), renderer)

    assert (found.frames, found.is_cut) == (RATE, True)
    assert len(b"".join(written)) == RATE * 4


# ---------------------------------------------------------------------------- files of relays


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_pcap_files_of_every_kind_are_read(link: str, order: str, *, nanoseconds: bool) -> None:
    datagrams, _ = both_tones(0.2)

    found = list(read_pcap(io.BytesIO(pcap(datagrams, link=link, order=order, nanoseconds=nanoseconds))))

    assert [(one.port, one.octets) for one in found] == [(one.port, one.octets) for one in datagrams]
    assert [round(one.at, 2) for one in found] == [one.at for one in datagrams]


def test_recordings_of_rtpproxy_are_read() -> None:
    datagrams, _ = both_tones(0.2)

    found = list(read_rtpproxy(io.BytesIO(rtpproxy(datagrams))))

    assert [one.octets for one in found] == [one.octets for one in datagrams]
    assert [round(one.at, 2) for one in found] == [one.at for one in datagrams]


@pytest.mark.parametrize("written", [pcap, rtpproxy])
def test_a_file_cut_at_any_octet_gives_what_is_whole_in_it(written: object) -> None:
    datagrams, _ = both_tones(0.1)
    whole: bytes = written(datagrams)  # type: ignore[operator]  # one of the two
    read = read_pcap if written is pcap else read_rtpproxy
    first = 24 if written is pcap else 0

    for cut in range(first, len(whole)):
        found = list(read(io.BytesIO(whole[:cut])))
        assert [one.octets for one in found] == [one.octets for one in datagrams][: len(found)]
        assert len(found) >= (cut - first) // (len(whole) // len(datagrams) + 1) - 1


@pytest.mark.parametrize("read", [read_pcap, read_rtpproxy])
def test_a_file_of_another_kind_is_told_from_an_empty_one(read: object) -> None:
    assert list(read(io.BytesIO(b""))) == []  # type: ignore[operator]
    with pytest.raises(NotACapture):
        list(read(io.BytesIO(b"RIFF" * 30)))  # type: ignore[operator]
