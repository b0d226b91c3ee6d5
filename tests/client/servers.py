"""HTTP servers to test the SDK against: one that a test writes answer by answer, and one like the vendor's service."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Told:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pieces: tuple[bytes, ...] = ()
    """Of a stream, after which the connection is cut off."""


Answers = Callable[[Asked], Told | None]
"""None: the connection is cut off without a word."""


@dataclass
class Server:
    url: str
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]


def told(document: Any, status: int = 200, **headers: str) -> Told:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Told(status, json.dumps(document).encode(), {"content-type": "application/json;charset=UTF-8"} | names)


def stream(*pieces: bytes) -> Told:
    return Told(headers={"content-type": "text/event-stream"}, pieces=pieces)


@contextmanager
def served(answers: Answers) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            asked = Asked(
                self.command,
                self.path,
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            server.asked.append(asked)
            answer = answers(asked)
            self.close_connection = True
            if answer is None:
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not answer.pieces:
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            for piece in answer.pieces or (answer.body,):
                self.wfile.write(piece)
                self.wfile.flush()

        do_GET = do_POST = _answer  # noqa: N815 - named by http.server

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


TOKEN = {
    "AccessToken": "e-token",
    "ApplyType": "Bearer",
    "CreateTime": "1545650171",
    "Expires": "600",
    "Scope": "",
    "AppKey": "key",
    "UserID": "Anonymous",
}
"""As the page of tokenByAkSk prints it: all strings."""
MOBILE_AGENT = "/apiaccess/CC-Management/{version}/mobileAgent/{name}"


class VendorLike:
    """The vendor's service as its pages describe it (aicc-interfaces 1.1 to 1.4, 2), with their drifts of type.

    It knows no Idempotency-Key and no `/v1`; unknown paths are its gateway's own page, which is no JSON.
    """

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}

    def __call__(self, asked: Asked) -> Told:
        if asked.path == "/apigovernance/api/oauth/tokenByAkSk":
            sent = asked.json
            if (sent["app_key"], sent["app_secret"]) != ("key", "secret"):
                return Told(403, b"<html>nginx</html>", {"content-type": "text/html"})
            return told(TOKEN)
        if asked.headers.get("authorization") != "Bearer e-token" or asked.headers.get("x-app-key") != "key":
            return Told(401)
        for version, name, answer in (
            ("v1", "createCall", self._create_v1),
            ("v3", "createCall", self._create_v3),
            ("v1", "queryCallState", self._state),
            ("v1", "queryCallDetailRecord", self._records),
        ):
            if asked.path == MOBILE_AGENT.format(version=version, name=name):
                return told(answer(asked.json))
        return Told(404, b"<html>gateway</html>", {"content-type": "text/html"})

    def _create_v1(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The page's table has a number for the serial."""
        if not sent["called"].isdigit():
            return {"retCode": "5", "retMsg": "The number format is incorrect"}
        serial = 645735364434067472 + len(self.calls)
        self.calls[str(serial)] = sent
        return {"retCode": "0", "retMsg": "success", "result": {"callSerialNo": serial}}

    def _create_v3(self, sent: dict[str, Any]) -> dict[str, Any]:
        assert "caller" in sent or "softPhone" in sent
        return {"retCode": "0", "retMsg": "success", "result": {"callSerialNo": "1037058396471308289"}}

    def _state(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The page's table has strings for the times, its sample numbers: here one of each."""
        call = self.calls.get(sent["callSerialNo"])
        if call is None:
            return {"retCode": "1", "retMsg": "Failed to query the status"}
        result = {
            "caller": call["caller"],
            "called": call["called"],
            "callerPresent": "640003",
            "startTime": "1621823865000",
            "state": 3,
            "reasonCode": 0,
            "agentPresent": "640060",
            "endTime": 1621823872000,
        }
        return {"retMsg": "Query call state successfully", "retCode": "0", "result": result}

    def _records(self, sent: dict[str, Any]) -> dict[str, Any]:
        assert all(isinstance(value, str) for value in sent.values()), "the sample sends strings"
        if sent["startTime"] == sent["endTime"]:
            return {"retCode": "1", "retMsg": "no record"}
        info = {
            "callSerialNo": "1197765398201387012",
            "caller": "88889050",
            "called": "88889060",
            "startTime": 1562786992000,
            "endTime": "1562787022000",
            "state": 3,
            "reasonCode": 1,
            "talkDuration": 26,
            "agentTalkDuration": "27",
            "unheardOf": {"by": "us"},
        }
        return {"retCode": "0", "retMsg": "ok", "result": {"total": 11, "callInfo": [info]}}
