"""Each format of a ladder: as a picture that was looked at once, and against hostile text from phones."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladder.capture_file import packets
from ladder.drawn import BEGAN, SERIAL, drawn_ladder, ended_call, messages, request, seen
from twoleg.application.ladder.formats import MEDIA_TYPES, Format, render
from twoleg.application.ladder.merging import entries_of
from twoleg.application.ladder.values import Fate, Ladder
from twoleg.domain.call import Role

GOLDEN = Path(__file__).parent / "golden"
_ON_THE_WIRE = ["INVITE", "INVITE", "180", "200", "ACK", "INVITE", "486", "BYE", "200"]
SVG = "{http://www.w3.org/2000/svg}"


def one_message(data: bytes) -> Ladder:
    entries = entries_of(ended_call(), steps=(), messages=[seen(1, Role.AGENT, data, out=False)], deliveries=())
    return Ladder(call=ended_call(), entries=entries, fate=Fate.KEPT, says="All SIP messages are here.")


@pytest.mark.parametrize(
    ("wanted", "file"),
    [
        (Format.JSON, "ladder.json"),
        (Format.TEXT, "ladder.txt"),
        (Format.MERMAID, "ladder.mmd"),
        (Format.SVG, "ladder.svg"),
        (Format.PCAP, "ladder.pcap"),
    ],
)
def test_the_picture_is_the_one_that_was_looked_at(wanted: Format, file: str) -> None:
    """After a change that is meant: look at the new picture, then put it in the place of the old one."""
    assert render(drawn_ladder(), wanted) == (GOLDEN / file).read_bytes()


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == set(Format)


def test_json_tells_all_that_is_known() -> None:
    told = json.loads(render(drawn_ladder(), Format.JSON))
    assert told["serial"] == str(SERIAL)
    assert told["capture"] == {"status": "kept", "text": "All SIP messages are here.", "messages": 9, "omitted": 0}
    assert [each["at"] for each in told["entries"]] == sorted(each["at"] for each in told["entries"])
    invite = told["entries"][3]
    assert invite["from"] == "twoleg"
    assert invite["to"] == "agent"
    assert (invite["source"], invite["destination"]) == ("192.0.2.10:5060", "192.0.2.21:5060")
    assert invite["offsetUs"] == 11_200
    assert invite["message"].startswith("INVITE sip:88889050@192.0.2.21 SIP/2.0\r\n")
    assert told["entries"][11]["destination"] == "[2001:db8::7]:5070"


def test_a_capture_file_holds_each_message_between_its_real_addresses() -> None:
    found = packets(render(drawn_ladder(), Format.PCAP))
    assert [each.payload for each in found] == [each.data for each in messages()]
    assert found[0].source == ("192.0.2.10", 5060)
    assert found[0].target == ("192.0.2.21", 5060)
    assert found[0].at == pytest.approx((BEGAN + 11.2) / 1000, abs=1e-6)
    assert found[6].source == ("2001:db8::7", 5070)
    assert found[6].target == ("2001:db8::1", 5060)


def test_a_message_larger_than_a_datagram_is_cut_and_says_so() -> None:
    data = request("INVITE", "X: " + "y" * 70_000)
    (found,) = packets(render(one_message(data), Format.PCAP))
    assert found.payload == data[: len(found.payload)]
    assert found.original == 14 + 20 + 8 + len(data)


def test_a_ladder_without_messages_is_a_valid_capture_file() -> None:
    assert packets(render(Ladder(call=ended_call(), entries=(), fate=Fate.EXPIRED, says=""), Format.PCAP)) == []


def test_wireshark_reads_the_capture_file(tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    file.write_bytes(render(drawn_ladder(), Format.PCAP))
    strictly = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    shown = [word for field in ("sip.Method", "sip.Status-Code", "_ws.malformed") for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", file, *strictly, "-T", "fields", *shown], capture_output=True, check=True, timeout=60
    )
    told = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert [(each[0] or each[1]) for each in told] == _ON_THE_WIRE
    assert all(not "".join(each[2:]) for each in told)


def test_svg_is_xml_and_loads_nothing() -> None:
    root = ElementTree.fromstring(render(drawn_ladder(), Format.SVG))
    names = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert names == {"svg", "title", "style", "rect", "text", "line", "path", "g"}
    attributes = {name for each in root.iter() for name in each.attrib}
    assert not {name for name in attributes if name.startswith("on") or "href" in name}


hostile = st.one_of(
    st.sampled_from(
        [
            "</title></text><script>alert(1)</script>",
            '" onload="alert(1)',
            "]]>&amp;&#0;",
            "a\nNote over twoleg: forged",
            "x;y #59; %% <br/> -->> ->> --x end",
            "\x1b[31mred\x07",
            "\u202egnp.exe",
            "\ufffe\uffff",
        ]
    ),
    st.text(max_size=60),
)


def phrase_of(text: str) -> bytes:
    return (
        b"SIP/2.0 486 "
        + text.encode("utf-8", "surrogatepass")
        + b"\r\nCSeq: 1 INVITE\r\nReason: "
        + text.encode("utf-8", "surrogatepass")
    )


@given(hostile)
def test_no_text_of_a_phone_is_anything_but_text(text: str) -> None:
    ladder = one_message(phrase_of(text))
    root = ElementTree.fromstring(render(ladder, Format.SVG))
    assert not list(root.iter(f"{SVG}script"))
    assert json.loads(render(ladder, Format.JSON))
    lines = render(ladder, Format.MERMAID).decode().split("\n")
    assert len([line for line in lines if line.startswith("    agent->>twoleg: +0.000 ")]) == 1
    assert len(lines) == 9
    rows = render(ladder, Format.TEXT).decode().split("\n")
    assert len(rows) == 6
    assert all(letter.isprintable() for row in rows for letter in row if letter != "\ufffd")


@given(st.binary(max_size=300))
def test_any_octets_can_be_drawn(data: bytes) -> None:
    ladder = one_message(data)
    for wanted in Format:
        assert render(ladder, wanted)
    ElementTree.fromstring(render(ladder, Format.SVG))
