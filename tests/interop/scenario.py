"""What makes an interop test a scenario: whom the service talks to, how, and what must come of it, in one sentence.

pytestmark = scenario(Peer.SIPP, "UDP")   # of a whole module


@scenario(Peer.SIPP, "{transport}", says="A call over {transport}")  # of one test; words in braces are its parameters
def test_...

Without `says` the test's name is the sentence. Each scenario is a row of docs/interop.md.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROTOCOL = (
    "ack bye cancel ipv6 info invite message nat notify options prack refer register sip subscribe tcp tls udp update"
)
_WORDS = {**{word: word.upper() for word in _PROTOCOL.split()}, "reinvite": "re-INVITE", "ipv6": "IPv6"}


class Peer(StrEnum):
    """Somebody else's SIP, but for the last two."""

    SIPP = "sipp"
    BARESIP_PYTHON = "baresip-python"
    DEBIAN_BARESIP = "Debian's baresip"
    KAMAILIO = "Kamailio"
    TONES = "A phone of the tests' own"
    SANDBOX = "twoleg's own sandbox"


def scenario(peer: Peer, over: str, *, says: str = "") -> pytest.MarkDecorator:
    """Mark a test, or as `pytestmark` all tests of a module. `over`: the transport that the peer is reached by."""
    return pytest.mark.scenario(peer, over, says)


def sentence(name: str, says: str, parameters: Mapping[str, object]) -> str:
    """The sentence of a test: `says`, or the words of its name."""
    if says:
        return says.format_map({key: str(value) for key, value in parameters.items()})
    words = [_WORDS.get(word, word) for word in name.removeprefix("test_").split("_")]
    text = " ".join(words)
    return re.sub(r"^.", lambda first: first.group().upper(), text)
