"""Orders: a child gets exactly the settings that the supervisor read."""

from __future__ import annotations

from pathlib import Path

from twoleg.bootstrap.orders import Orders
from twoleg.config import load

EXAMPLE = Path(__file__).parent.parent.parent / "twoleg.example.toml"


def test_orders_arrive_as_they_were_sent() -> None:
    settings = load(EXAMPLE, {"TWOLEG_SIP__LISTEN": "udp:127.0.0.1:5999"})
    sent = Orders(settings=settings, http=3, nudge=7, sandbox_trunk="sip:127.0.0.1:5070")

    line = sent.encode()

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert Orders.decode(line) == sent
