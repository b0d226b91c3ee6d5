"""What went over the wire, for who was called by which Call-IDs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sip_engine.world import encoded
from twoleg.adapters.sip_engine.dialler import CORRELATION

if TYPE_CHECKING:
    from sip.network import Network
    from twoleg.sip.peers import Peer

ENGINE = 5060


class Wire:
    """Taps the network."""

    def __init__(self, network: Network) -> None:
        self.call_ids: dict[tuple[int, int], set[str]] = {}
        """Of the INVITEs that began a leg, lost ones too, by the call's serial and the port of its phone's carrier."""
        network.tap = self._tap

    def _tap(self, data: bytes, source: Peer, target: Peer) -> None:
        if source.port != ENGINE or not data.startswith(b"INVITE "):
            return
        request = encoded(data)
        if ";tag=" in (request.headers.get("To") or ""):
            return
        serial = int(request.headers.get(CORRELATION) or "0")
        self.call_ids.setdefault((serial, target.port), set()).add(request.headers.get("Call-ID") or "")
