"""Relays that answer garbage: what they say is their trouble, never a fault of ours, and every call ends."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from sip_engine.relayed import Relayed, in_loop, relayed
from sip_engine.relays import Bend
from twoleg.adapters.media.rtpengine.bencode import encode
from twoleg.domain.reasons import Reason

CALLS = 100
RUBBISH = (
    b"",
    b"E99",
    b"0",
    b"99999999999 198.51.100.1",
    b"-1 nowhere",
    b"nan inf nan",
    bytes(range(256)),
    b"le",
    b"i1e",
    b"d6:result",
    b"l" * 3000,
    encode({"result": "ok"}),
    encode({"result": "ok", "sdp": 7, "tags": 7}),
    encode({"result": "ok", "sdp": "v=0\r\n", "tags": {"agent": {"medias": [{"streams": 1}]}, "customer": 3}}),
    encode({"result": "ok", "sdp": b"\xff\x00", "tags": {"agent": {"medias": []}}, "SSRC": {"7": 1}}),
    encode({"result": ["ok"]}),
    encode({"result": "error"}),
)


def rubbish(seed: int, share: float) -> Bend:
    """That share of the answers is rubbish, or a proper answer with the wrong end."""
    chance = random.Random(seed)

    def bend(_command: str, answer: bytes) -> bytes:
        if chance.random() >= share:
            return answer
        place = chance.randrange(len(RUBBISH) + 1)
        return RUBBISH[place] if place < len(RUBBISH) else answer[: chance.randrange(len(answer))]

    return bend


@pytest.mark.parametrize(("seed", "share"), [(1, 0.05), (2, 0.3), (3, 1.0)])
def test_calls_whose_relay_answers_rubbish_end_with_a_reason_and_leave_nothing(
    tmp_path: Path, seed: int, share: float
) -> None:
    async def story() -> Counter[Reason | None]:
        with relayed(tmp_path, bend=rubbish(seed, share)) as made:
            made.place(CALLS, step=9)
            await made.run(CALLS / 10 + 400)
            return ends(made)

    reasons = in_loop(story())

    assert reasons[Reason.BRIDGE_FAILED] > 100 * share / 2, reasons
    assert (len(reasons) > 3) is (share < 1), reasons


def ends(made: Relayed) -> Counter[Reason | None]:
    assert (made.faults(), made.left()) == ([], {})
    assert not [call for call in made.calls() if call.reason is None or call.cause is None]
    return Counter(call.reason for call in made.calls())
