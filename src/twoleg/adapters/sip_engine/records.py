"""The engine's note of a leg on the wire, in the bytes that the store keeps: made here, read here."""

from __future__ import annotations

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from twoleg.sip.leg_record import LegRecord


class WireNote(Struct, frozen=True, array_like=True):
    """What the user agent says of the leg, and by which trunk it went: that one's credentials may be asked for."""

    trunk: str
    leg: LegRecord


_ENCODER = Encoder()
_DECODER = Decoder(WireNote)


def note_of(trunk: str, leg: LegRecord) -> bytes:
    """Some 400 bytes."""
    return _ENCODER.encode(WireNote(trunk, leg))


def read_note(record: bytes) -> WireNote:
    """The reverse. Raises `msgspec.MsgspecError` for what `note_of` did not write."""
    return _DECODER.decode(record)
