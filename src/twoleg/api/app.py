"""The ASGI application: finds the handler of a path and method, and turns whatever goes wrong into an answer.

`create_app` is where the faces are put together; it is given ports and knows no adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from twoleg.api.aicc.describe import operations as aicc_operations
from twoleg.api.aicc.face import error_body, make_routes
from twoleg.api.asgi import Receive, Scope, Send
from twoleg.api.http import JSON, Answer, ClientGone, ErrorBody, Handler, HttpError, read_body
from twoleg.api.openapi import make_document
from twoleg.api.probes import make_probes, serve_document
from twoleg.api.probes import operations as probe_operations
from twoleg.application.check_token import CheckToken
from twoleg.application.errors import StoreUnavailable
from twoleg.application.issue_token import IssueToken
from twoleg.application.place_call import PlaceCall
from twoleg.application.ports import CallIntake, CallReader, Clock, Directory, Entropy, Nudge, SecretHasher

LOGIN_THREADS = 2
"""Cores that logins may take at most; each verification also holds 19 MiB (adapters/secrets.py)."""

STORE_TROUBLE = ("the store is unavailable: nothing was placed or changed, try again", ((b"retry-after", b"1"),))
"""What is told of `StoreUnavailable`, wherever it comes from; decisions 1.4 keep it at 500. Seconds."""

Routes = Mapping[str, Mapping[str, Handler]]
"""Path -> method -> handler."""


class ApiLog(Protocol):
    """Where failures of ours go: structlog's way of calling, so any bound logger fits."""

    def error(self, event: str, /, **facts: Any) -> Any:
        """A fault of ours: somebody must look."""


class App:
    """A raw ASGI application; also tells the server underneath how to word an error."""

    def __init__(self, *, routes: Routes, error_body: ErrorBody, entropy: Entropy, log: ApiLog) -> None:
        self.error_body = error_body
        self._routes = routes
        self._entropy = entropy
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI HTTP); other protocols are refused, as ASGI wants it, by raising."""
        if scope["type"] != "http":
            raise RuntimeError(f"ASGI protocol {scope['type']} is not spoken here")
        try:
            answer = await self._answer(scope, receive)
        except ClientGone:
            return
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(b"content-type", JSON), (b"content-length", b"%d" % len(answer.body)), *answer.headers],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            handler = self._handler(scope["path"], scope["method"])
            return await handler(scope["headers"], await read_body(receive))
        except HttpError as error:
            return Answer(self.error_body(error.status, error.text), error.status, error.headers)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever failed is ours: logged, and the client told a number
            return self._failed(scope, error)

    def _handler(self, path: str, method: str) -> Handler:
        methods = self._routes.get(path)
        if methods is None:
            raise HttpError(404, "there is nothing at this path")
        handler = methods.get(method)
        if handler is None:
            allowed = ", ".join(methods)
            raise HttpError(
                405, f"this path takes {allowed}, not {method[:32]}", headers=((b"allow", allowed.encode()),)
            )
        return handler

    def _failed(self, scope: Scope, error: Exception) -> Answer:
        correlation_id = f"{self._entropy.bits(64):016x}"
        self._log.error(
            "request failed",
            correlation_id=correlation_id,
            method=scope["method"],
            path=scope["path"],
            exc_info=error,
        )
        text, headers = STORE_TROUBLE if isinstance(error, StoreUnavailable) else ("internal error", ())
        return Answer(self.error_body(500, f"{text}; correlation id {correlation_id}"), 500, headers)


def create_app(  # noqa: PLR0913 - the composition root hands over each port by its name
    *,
    directory: Directory,
    reader: CallReader,
    intake: CallIntake,
    clock: Clock,
    entropy: Entropy,
    hasher: SecretHasher,
    nudge: Nudge,
    node_id: int,
    log: ApiLog,
) -> App:
    """The whole HTTP application over these ports. Needs no running loop yet; hashes one secret, so takes some 20 ms.

    `node_id`: 0-63, different on each node.
    """
    threads = ThreadPoolExecutor(LOGIN_THREADS, thread_name_prefix="login")
    check_token = CheckToken(directory=directory, clock=clock)
    routes: dict[str, dict[str, Handler]] = make_routes(
        issue_token=IssueToken(directory=directory, hasher=hasher, clock=clock, entropy=entropy, threads=threads),
        check_token=check_token,
        place_call=PlaceCall(intake=intake, clock=clock, entropy=entropy, nudge=nudge, node_id=node_id),
        reader=reader,
    )
    routes |= make_probes(directory)
    routes |= serve_document(make_document([*aicc_operations(), *probe_operations()]))
    return App(routes=routes, error_body=error_body, entropy=entropy, log=log)
