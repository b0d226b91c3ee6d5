"""An answer of each operation of the face: the OpenAPI document's examples, mostly those of the vendor's pages."""

from __future__ import annotations

from typing import Final

from twoleg.api.openapi import Samples

_TOKEN: Final = {
    "AccessToken": "MzEyMGU4ZjEwY2YwYzQ0ODoxNzk1Mzg0NjI4MDAw.5FGBXbmzHrlElUpUeoYGOzC3hmEmQ5eI0z9bhCBzUl4",
    "ApplyType": "Bearer",
    "CreateTime": "1545650171",
    "Expires": "3600",
    "Scope": "CC-Management",
    "AppKey": "9f0c7c6e5b5d4d7e",
    "UserID": "Anonymous",
}
_PLACED: Final = {"retCode": "0", "retMsg": "success", "result": {"callSerialNo": "645735364434067472"}}
_NUMBERS: Final = {
    "caller": "88889050",
    "called": "88889060",
    "callerPresent": "640003",
    "agentPresent": "640060",
    "state": 3,
    "reasonCode": 1,
}
_STATE: Final = {
    "retMsg": "Query call state successfully",
    "retCode": "0",
    "result": _NUMBERS | {"startTime": 1621823865000, "endTime": 1621823872000},
}
_RECORDS: Final = {
    "retCode": "0",
    "retMsg": "Query call detail record successfully",
    "result": {
        "total": 11,
        "callInfo": [
            _NUMBERS
            | {
                "callSerialNo": "1149608937036333056",
                "startTime": 1562786992000,
                "endTime": 1562787022000,
                "alertingTime": 1562786994000,
                "talkingTime": 1562786995000,
                "releaseTime": 1562787022000,
                "talkDuration": 27,
                "agentAlertingTime": 1562786992000,
                "agentTalkingTime": 1562786994000,
                "agentReleaseTime": 1562787022000,
                "agentTalkDuration": 28,
            }
        ],
    },
}

SAMPLES: Final[Samples] = {
    ("tokenByAkSk", 200): _TOKEN,
    ("createCallV1", 200): _PLACED,
    ("createCallV3", 200): _PLACED,
    ("queryCallState", 200): _STATE,
    ("queryCallDetailRecord", 200): _RECORDS,
    ("getRecordingAddress", 200): {
        "retCode": 0,
        "retMsg": "success",
        "result": {"url": "http://127.0.0.1:8080/recordings/abc.wav?e=1795353472&k=1&s=xyz"},
    },
    ("statusNotify", 200): {"retCode": "0", "retMsg": "success"},
}
"""By operation and status."""
