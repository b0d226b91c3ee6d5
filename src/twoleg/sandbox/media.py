"""What a phone says about its media: offers and answers (RFC 3264) of one audio stream that nobody listens on."""

from __future__ import annotations

from typing import Final

from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import Direction, SessionDescription, answer_to, audio_description

_FIRST_PORT: Final = 16_384
_PORTS: Final = 8_192
"""Even ports 16384-32766: below the range from which Linux takes ports for outgoing connections."""


class PhoneMedia:
    """One phone's part of the offers and answers of one call.

    The o= line keeps its session id, and its version grows by one with every change of the words (RFC 3264 8).
    """

    __slots__ = ("_address", "_port", "_session_id", "_spoken")

    def __init__(self, *, address: str, call: int) -> None:
        """`address` is an IP address; `call` numbers the calls and makes port and session id."""
        self._address = address
        self._session_id = call
        self._port = _FIRST_PORT + 2 * (call % _PORTS)
        self._spoken: SessionDescription | None = None

    def answer(self, offer: bytes) -> bytes:
        """The answer: our codecs of those offered, in the direction that mirrors the offer's.  Raises SdpError."""
        parsed = SessionDescription.parse(offer)
        answer = answer_to(parsed, address=self._address, port=self._port, session_id=self._session_id)
        return self._say(answer)

    def offer(self) -> bytes:
        """An offer to talk both ways; refused streams of earlier answers stay in their places (RFC 3264 8)."""
        if self._spoken is not None:
            return self._say(self._spoken.with_direction(Direction.SENDRECV))
        return self._say(
            audio_description(address=self._address, port=self._port, session_id=self._session_id, version=1)
        )

    def _say(self, description: SessionDescription) -> bytes:
        version = 1 if self._spoken is None else self._spoken.origin.version
        spoken = self._with_version(description, version)
        if self._spoken is not None and spoken != self._spoken:
            spoken = self._with_version(description, version + 1)
        self._spoken = spoken
        return spoken.encode()

    def _with_version(self, description: SessionDescription, version: int) -> SessionDescription:
        return description.with_origin(
            username="-", session_id=self._session_id, version=version, address=self._address
        )


def is_answerable(offer: bytes) -> bool:
    """Whether a phone here can answer this offer; else 488."""
    try:
        answer_to(SessionDescription.parse(offer), address="127.0.0.1", port=_FIRST_PORT, session_id=1)
    except SdpError:
        return False
    return True
