"""The page for integrators: its code does what it says, and our own SDK agrees with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from domain.calls import WAY, a_call, told
from patience import wall_clock_ms
from twoleg.adapters.webhooks.aicc import connect_body, release_body, signed, to_json
from twoleg.adapters.webhooks.signing import signed_headers
from twoleg.application.cloud_event import encoded
from twoleg.application.webhook_ports import Subject
from twoleg.client import webhooks
from twoleg.domain.call import Phase
from webhooks.parcels import SECRET, parcel

PAGE = (Path(__file__).parent.parent.parent / "docs" / "webhooks.md").read_text()
KEY = "a shared key of ours"
RELEASE = release_body(Subject(told(a_call(), *WAY[Phase.ENDED]), None, 107))


def code(beginning: str) -> dict[str, Any]:
    """The names that the page's Python block with these words defines."""
    (block,) = [each for each in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if beginning in each]
    names: dict[str, Any] = {}
    exec(block.replace("whsec_...", SECRET), names)
    return names


def test_the_pages_check_of_the_vendors_signature_is_right() -> None:
    is_ours = code("def is_ours")["is_ours"]
    body = to_json(signed(RELEASE, key=KEY, timestamp="1700000000000", nonce="n"))

    assert is_ours(KEY, body)
    assert not is_ours(KEY, body.replace(b"88889060", b"88889061"))


def test_the_pages_check_of_an_event_is_right(capsys: Any) -> None:
    body = encoded(parcel("").recorded)
    headers = signed_headers([SECRET], message_id="1037058396471308289-7", now_ms=wall_clock_ms(), body=body)

    code("def take")["take"](body, dict(headers))

    assert "1037058396471308289" in capsys.readouterr().out


def test_the_page_lists_the_members_of_both_callbacks() -> None:
    connect = connect_body(Subject(a_call(), None, None))

    assert f"connect: `{', '.join(connect)}`" in PAGE
    assert f"release: `{', '.join(RELEASE)}`" in PAGE


def test_our_own_sdk_takes_what_we_send() -> None:
    body = to_json(signed(RELEASE, key=KEY, timestamp=str(wall_clock_ms()), nonce="n"))

    assert webhooks.verify_release(body, KEY)["releaseReason"] == "0"
    event = encoded(parcel("").recorded)
    headers = signed_headers([SECRET], message_id="1037058396471308289-7", now_ms=wall_clock_ms(), body=event)
    assert webhooks.event(event, dict(headers), SECRET).type == "twoleg.call.ended"
