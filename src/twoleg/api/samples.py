"""An answer of each operation outside the compatible face: the OpenAPI document's examples, of nobody's calls."""

from __future__ import annotations

from typing import Final

from twoleg.api.openapi import Samples

_SERIAL = "2235770269547397686"
_BUSY = "The customer's phone could not be reached."
_CALL: Final = {
    "serial": _SERIAL,
    "state": "ended",
    "phase": "ended",
    "seq": 6,
    "caller": "55500200",
    "called": "55500486",
    "createdAt": 1795353170925,
    "agent": {
        "number": "55500200",
        "shown": "640060",
        "dialledAt": 1795353170931,
        "ringingAt": 1795353170938,
        "answeredAt": 1795353171950,
        "releasedAt": 1795353171984,
        "sipStatus": 200,
        "cause": 17,
        "causeText": "User busy",
        "endedBy": "service",
    },
    "customer": {
        "number": "55500486",
        "shown": "640003",
        "dialledAt": 1795353171951,
        "releasedAt": 1795353171984,
        "sipStatus": 486,
        "cause": 17,
        "causeText": "User busy",
        "endedBy": "network",
        "attempts": [
            {
                "number": 1,
                "trunk": "carrier",
                "dialled": "55500486",
                "shown": "640003",
                "startedAt": 1795353171953,
                "peer": "udp:127.0.0.1:5070",
                "endedAt": 1795353171984,
                "sipStatus": 486,
                "cause": 17,
            }
        ],
    },
    "dialled": "yes",
    "mustEndBy": 1795367855925,
    "startedAt": 1795353170931,
    "endedAt": 1795353171984,
    "reason": 3,
    "reasonText": _BUSY,
    "cause": 17,
    "causeText": "User busy",
}
_EVENTS: Final = {
    "events": [
        {
            "specversion": "1.0",
            "id": f"{_SERIAL}-6",
            "source": f"/v1/calls/{_SERIAL}",
            "type": "twoleg.call.ended",
            "subject": _SERIAL,
            "time": "2026-11-22T13:12:51.984Z",
            "datacontenttype": "application/json",
            "data": {
                "serial": _SERIAL,
                "seq": 6,
                "at": 1795353171984,
                "caller": "55500200",
                "called": "55500486",
                "sipStatus": 486,
                "cause": 17,
                "causeText": "User busy",
                "reason": 3,
                "reasonText": _BUSY,
            },
        }
    ],
    "next": f"{_SERIAL}-6",
    "more": False,
}
_ROUTE: Final = {"trunk": "carrier", "priority": 0, "weight": 1, "isUp": True}
_REHEARSAL: Final = {
    "accepted": False,
    "dialable": True,
    "agent": {
        "number": "55500200",
        "shown": "640003",
        "route": [_ROUTE | {"dialled": "55500200", "shown": "640003"}],
    },
    "customer": {
        "number": "55500486",
        "shown": "640003",
        "route": [_ROUTE | {"dialled": "55500486", "shown": "640003"}],
    },
    "refusal": {
        "rule": "do_not_call",
        "detail": "the number is on the tenant's do-not-call list",
        "member": "called",
    },
}
_EXPLANATION: Final = {
    "serial": _SERIAL,
    "language": "en",
    "sentence": "The customer's phone 55500486 was busy (SIP 486, Q.850 17) 0.0 s after it was called; try again in a "
    "few minutes.",
    "retry": {"sensible": True, "rule": "try again in a few minutes", "afterMs": 300000},
    "certainty": {"level": "certain", "because": "the network answered SIP 486"},
    "evidence": [
        {"fact": "placed", "text": "the call was placed", "at": 1795353170925},
        {
            "fact": "sip_status",
            "text": "the customer's phone 55500486: SIP status 486",
            "leg": "customer",
            "value": 486,
        },
    ],
    "side": "customer",
    "reason": 3,
    "cause": 17,
}
_LADDER: Final = {
    "serial": _SERIAL,
    "state": 3,
    "caller": "55500200",
    "called": "55500486",
    "capture": {"status": "kept", "text": "All SIP messages are here.", "messages": 9, "omitted": 0},
    "entries": [
        {
            "at": 1795353170925,
            "offsetUs": 0,
            "kind": "api",
            "from": "api",
            "to": "twoleg",
            "label": "call placed",
            "detail": "call 55500200, then 55500486",
        },
        {
            "at": 1795353171984,
            "offsetUs": 1059210,
            "kind": "sip",
            "from": "customer",
            "to": "twoleg",
            "label": "486 Busy Here (INVITE)",
            "transport": "udp",
            "source": "127.0.0.1:5070",
            "destination": "127.0.0.1:5060",
            "message": "SIP/2.0 486 Busy Here\r\n...",
        },
    ],
}
_RECORDING: Final = {
    "serial": _SERIAL,
    "status": "recording",
    "format": "pcm",
    "pieces": [{"begins": 0, "ends": 5120}],
    "beganAt": 1795353172001,
}
_RECORDED: Final = _RECORDING | {
    "status": "ready",
    "durationMs": 5120,
    "bytes": 163884,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "url": "http://127.0.0.1:8080/recordings/abc.wav?e=1795353472&k=1&s=xyz",
    "urlExpiresAt": 1795353472000,
}
_WEBHOOK: Final = {
    "id": "we_1bdd9d042d7822062d0da668",
    "format": "cloudevents",
    "status": "enabled",
    "createdAt": 1795353170000,
    "url": "https://hooks.example.com/twoleg",
    "events": ["call.ended"],
}
_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - that of the specification's own example
_DELIVERY: Final = {
    "event": f"{_SERIAL}-6",
    "url": "https://hooks.example.com/twoleg",
    "state": "delivered",
    "plannedAt": 1795353171990,
    "attempts": [{"at": 1795353171992, "tookMs": 7, "said": "200", "status": 200}],
    "endedAt": 1795353171999,
}
_STATES: Final = {
    "calls": [
        {
            "serial": _SERIAL,
            "state": "talking",
            "phase": "talking",
            "seq": 9,
            "createdAt": 1795353170925,
            "startedAt": 1795353170931,
            "talkingAt": 1795353173001,
        }
    ],
    "unknown": ["1"],
}

SAMPLES: Final[Samples] = {
    ("placeCall", 201): {"serial": _SERIAL, "url": f"/v1/calls/{_SERIAL}"},
    ("placeCall", 200): _REHEARSAL,
    ("listCalls", 200): {"calls": [_CALL], "next": "MTc5NTM1MzE3MDkzMS4yMjM1NzcwMjY5NTQ3Mzk3Njg2"},
    ("getCall", 200): _CALL,
    ("getStates", 200): _STATES,
    ("hangUp", 202): {"serial": _SERIAL, "hangup": "requested"},
    ("getCallEvents", 200): _EVENTS,
    ("getEvents", 200): _EVENTS,
    ("explainCall", 200): _EXPLANATION,
    ("getCallLadder", 200): _LADDER,
    ("getCallRecording", 200): _RECORDED,
    ("startRecording", 202): _RECORDING,
    ("pauseRecording", 202): _RECORDING | {"status": "paused"},
    ("resumeRecording", 202): _RECORDING,
    ("stopRecording", 202): _RECORDING | {"status": "stopped"},
    ("createWebhook", 201): _WEBHOOK | {"secret": _SECRET},
    ("createWebhook", 200): {
        "id": "callbacks-t0123456789abcdef",
        "format": "aicc",
        "status": "enabled",
        "createdAt": 1795353170000,
        "connectUrl": "https://crm.example.com/connected",
        "releaseUrl": "https://crm.example.com/released",
        "secret": _SECRET,
    },
    ("listWebhooks", 200): {"webhooks": [_WEBHOOK]},
    ("getWebhook", 200): _WEBHOOK,
    ("enableWebhook", 200): _WEBHOOK,
    ("rotateWebhookSecret", 200): {"id": _WEBHOOK["id"], "secret": _SECRET, "previousUntil": 1795439570000},
    ("replayWebhook", 202): {"id": _WEBHOOK["id"], "after": "0"},
    ("listDeliveries", 200): {"deliveries": [_DELIVERY]},
    ("healthz", 200): {"status": "alive"},
    ("readyz", 200): {"status": "ready"},
    ("readyz", 503): {"status": "the engine does not answer"},
}
"""By operation and status."""
