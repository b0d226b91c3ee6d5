"""Reads RTPProxy's recordings: `pkt_hdr_adhoc` of its rtpp_record_adhoc.h, in the byte order of the machine that wrote.

20 octets  source address (family, port, IPv4 or IPv6)
 8 octets  time of arrival: seconds since the epoch, a double
 2 octets  length of the RTP packet that follows
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO

from twoleg.adapters.recording.packets import Captured
from twoleg.adapters.recording.pcap import NotACapture, read_pcap

_RECORD = Struct("=20xdH")
_MAGIC_LENGTH = 4
_PLAUSIBLE = range(946_684_800, 7_258_118_400)
"""Seconds since the epoch: the years 2000 to 2200."""


def read_rtpproxy(file: BinaryIO) -> Iterator[Captured]:
    """Its packets in order; a half written one at the end is left out. Raises `NotACapture`.

    RTPProxy started with `-P` writes pcap files of the same names: those are read as what they are.
    """
    if file.read(_MAGIC_LENGTH) in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4"):
        file.seek(0)
        yield from read_pcap(file)
        return
    file.seek(0)
    is_first = True
    while len(head := file.read(_RECORD.size)) == _RECORD.size:
        seconds, length = _RECORD.unpack(head)
        if not seconds >= _PLAUSIBLE.start or not seconds < _PLAUSIBLE.stop:
            if is_first:
                raise NotACapture("not a recording of RTPProxy")
            return
        is_first = False
        octets = file.read(length)
        if len(octets) < length:
            return
        yield Captured(seconds * 1000.0, 0, octets)
