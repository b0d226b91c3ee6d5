"""The vendor's two callbacks: their bodies, their signature, and which answer means that they were taken.

Pages cec_07_0067 (connect) and cec_07_0068 (release); where they are silent, docs/webhooks.md says what we do.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

from msgspec import DecodeError
from msgspec.json import decode, encode

from twoleg.application.webhook_ports import Subject
from twoleg.domain.call import Call, Leg
from twoleg.domain.cdr import talk_seconds
from twoleg.domain.recording import file_of
from twoleg.domain.serials import node_of
from twoleg.domain.tenant import Profile

Body = Mapping[str, str | None]

_SIGNATURE_MEMBERS = frozenset({"timestamp", "nonce", "signature"})


def connect_body(subject: Subject) -> Body:
    """Of the call-status event: both phones are connected."""
    call = subject.call
    return {
        "callSerialNo": str(call.serial),
        "serviceNo": _service_number(subject),
        "called": call.customer.number,
        "callData": _call_data(subject) or "",
    }


def release_body(subject: Subject) -> Body:
    """Of the release event: the call has ended. All members are there; one without a value is null."""
    call, agent, customer = subject.call, subject.call.agent, subject.call.customer
    recorded_in = _recording_file(subject)
    return {
        "callSerialNo": str(call.serial),
        "serviceNo": _service_number(subject),
        "called": customer.number,
        "caller": agent.number,
        "callerPresent": customer.clip,
        "callData": _call_data(subject),
        "createCallTime": _time(call.created_at),
        "alertingTime": _time(customer.ringing_at),
        "talkingTime": _time(customer.answered_at),
        "releaseTime": _time(customer.released_at),
        "talkDuration": _seconds(customer),
        "recordfile": recorded_in,
        "locationId": None if recorded_in is None else str(node_of(call.serial)),
        "releaseReason": _release_reason(call, ita=subject.profile is Profile.ITA),
        "agentAlertingTime": _time(agent.ringing_at),
        "agentTalkingTime": _time(agent.answered_at),
        "agentReleaseTime": _time(agent.released_at),
        "agentTalkDuration": _seconds(agent),
    }


def signed(body: Body, *, key: str, timestamp: str, nonce: str) -> Body:
    """The body with the three members of the signature (page cec_07_0068).

    All other members by name as `name=value`, a null as the word null and an empty string as nothing, joined by commas,
    without any blank; before it `key_timestamp_nonce_`; HMAC-SHA256 of that with the key, in Base64.
    """
    members = sorted((name, value) for name, value in body.items() if name not in _SIGNATURE_MEMBERS)
    listed = ",".join(f"{name}={'null' if value is None else value}" for name, value in members).replace(" ", "")
    text = f"{key}_{timestamp}_{nonce}_{listed}"
    signature = b64encode(hmac.digest(key.encode(), text.encode(), sha256)).decode()
    return {**body, "timestamp": timestamp, "nonce": nonce, "signature": signature}


def to_json(body: Body) -> bytes:
    """The body as it is sent."""
    return encode(body)


def is_taken(answer: bytes) -> bool:
    """Whether the answer says retCode "0"; a number is let pass, for there are receivers that send one."""
    try:
        told = decode(answer)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(told, dict) and str(told.get("retCode")) == "0"


def _service_number(subject: Subject) -> str:
    """The agent's work number; the page's sample shows an empty string where there is none."""
    return "" if subject.agent_work_no is None else str(subject.agent_work_no)


def _call_data(subject: Subject) -> str | None:
    return None if subject.profile is Profile.ITA else subject.call.call_data


def _recording_file(subject: Subject) -> str | None:
    """The page's "path": where the recording is kept. It is finished a moment after the call's end."""
    recording, ended_at = subject.recording, subject.call.ended_at
    return None if recording is None or ended_at is None else file_of(recording, call_ended_at=ended_at)


def _time(at: int | None) -> str | None:
    """`yyyy/MM/dd,HH:mm:ss:SSS`. The page names no time zone; ours is UTC."""
    if at is None:
        return None
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y/%m/%d,%H:%M:%S}:{at % 1000:03d}"


def _seconds(leg: Leg) -> str:
    return str(talk_seconds(leg))


def _release_reason(call: Call, *, ita: bool) -> str | None:
    """As queryCallState says it: for profile ita the Q.850 cause (decisions 4.5)."""
    told = call.cause if ita else call.reason
    return None if told is None else str(int(told))
