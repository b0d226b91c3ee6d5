"""The ASGI application: finds the handler of a path and method, and turns whatever goes wrong into an answer.

`create_app` is where the faces are put together; it is given ports and knows no adapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from twoleg.api.aicc.face import error_body, make_routes
from twoleg.api.aicc.get_recording_address import GetRecordingAddress
from twoleg.api.aicc.status_notify import status_notify_routes
from twoleg.api.asgi import Headers, Receive, Scope, Send
from twoleg.api.at_once import AtOnce, Turn
from twoleg.api.doors import make_doors
from twoleg.api.http import (
    Answer,
    ClientGone,
    ErrorBody,
    Handler,
    HttpError,
    Request,
    Stream,
    read_body,
)
from twoleg.api.metrics import Metrics, metrics_routes
from twoleg.api.native.explain import explain_routes
from twoleg.api.native.face import NATIVE
from twoleg.api.native.face import make_routes as make_native_routes
from twoleg.api.native.ladder import ladder_routes
from twoleg.api.native.problems import Kind, Problem, not_admitted, problem_answer
from twoleg.api.native.recording import recording_faces
from twoleg.api.native.webhooks import webhook_routes
from twoleg.api.openapi import make_document
from twoleg.api.operations import all_operations, all_samples
from twoleg.api.probes import make_probes, serve_document
from twoleg.api.routing import PathTable
from twoleg.api.source import note_source
from twoleg.application.admission import AlwaysOpen, Gate, GatedIntake, NotAdmitted
from twoleg.application.call_records import CallRecords, FindCallRecords
from twoleg.application.call_reports import CallReports
from twoleg.application.call_rules import CallRules
from twoleg.application.call_search import CallSearch
from twoleg.application.command_recording import CommandRecording
from twoleg.application.errors import StoreUnavailable
from twoleg.application.event_feed import EventFeed
from twoleg.application.event_tail import EventTail
from twoleg.application.ladder.read_ladder import ReadLadder
from twoleg.application.numbering import Numbering
from twoleg.application.place_call import PlaceCall
from twoleg.application.ports import CallIntake, CallReader, Clock, Directory, Entropy, Nudge, SecretHasher, TrunkBoard
from twoleg.application.quality import QualityReader
from twoleg.application.recording_address import RecordingAddresses
from twoleg.application.recording_book import RecordingBook
from twoleg.application.recording_storage import RecordingStorage, SoundRecordings
from twoleg.application.rehearse_call import RehearseCall
from twoleg.application.webhook_desk import WebhookDesk
from twoleg.domain.effects import Timer
from twoleg.domain.media import MediaMode
from twoleg.domain.trunk import Trunk

LISTENING_THREADS = 4
"""Files that are read at once; whoever listens to more of them takes turns."""

STORE_TROUBLE = ("the store is unavailable: nothing was placed or changed, try again", ((b"retry-after", b"1"),))
"""What is told of `StoreUnavailable`, wherever it comes from; decisions 1.4 keep it at 500. Seconds."""

_OPEN = AlwaysOpen()

Found = TypeVar("Found")

Routes = Mapping[str, Mapping[str, Handler]]
"""Path -> method -> handler."""


class ApiLog(Protocol):
    """Where failures of ours go: structlog's way of calling, so any bound logger fits."""

    def error(self, event: str, /, **facts: Any) -> Any:
        """A fault of ours: somebody must look."""


class App:
    """A raw ASGI application; also tells the server underneath how to word an error."""

    def __init__(
        self,
        *,
        routes: Routes,
        native: PathTable,
        entropy: Entropy,
        log: ApiLog,
        gate: Gate,
        tail: EventTail,
    ) -> None:
        """`native`: the paths that begin with `NATIVE`; `routes`: all others."""
        self.error_body: ErrorBody = error_body
        self.is_leaving = gate.is_leaving
        self._routes = routes
        self._native = native
        self._entropy = entropy
        self._log = log
        self.at_once = _at_once(routes)
        """The handlers that wait for nothing, by method and path; the protocol asks them by `answer_at_once`."""
        self.turn = Turn()
        """Where it puts their requests meanwhile."""
        self.tail = tail
        """By which streams and long polls follow events."""

    def stop(self) -> None:
        """The service stops: whoever waits for something to happen is answered now."""
        self.tail.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI HTTP); other protocols are refused, as ASGI wants it, by raising."""
        if scope["type"] != "http":
            raise RuntimeError(f"ASGI protocol {scope['type']} is not spoken here")
        note_source(scope)
        try:
            answer = await self._answer(scope, receive)
        except (ClientGone, asyncio.CancelledError):
            return  # nobody is left to answer; nobody waits for this task either
        if isinstance(answer, Stream):
            await _stream(answer, send, is_head=scope["method"] == "HEAD")
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.all_headers()})
        await send({"type": "http.response.body", "body": answer.body})

    def answer_at_once(self, handler: AtOnce, path: str, headers: Headers, body: bytes) -> Answer:
        """The answer of one of `at_once` to a POST to `path`. Raises nothing, like the application itself."""
        try:
            return handler.answer(headers, body)
        except Exception as error:  # noqa: BLE001 - as in `_answer`
            return self._instead("POST", path, error)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | Stream:
        path, method = scope["path"], scope["method"]
        try:
            methods = self._routes.get(path)
            if methods is None:
                return await self._answer_native(scope, receive)
            handler = _handler(methods, method)
            return await handler(scope["headers"], await read_body(receive))
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever else is raised is answered
            return self._instead(method, path, error)

    async def _answer_native(self, scope: Scope, receive: Receive) -> Answer | Stream:
        path, method = scope["path"], scope["method"]
        found = self._native.find(path)
        if found is None:
            raise HttpError(404, "there is nothing at this path")
        methods = found.methods
        handler = _handler(methods, "GET" if method == "HEAD" and "HEAD" not in methods else method)
        body = await read_body(receive)
        return await handler(
            Request(method, path, scope.get("query_string", b""), scope["headers"], body, found.arguments)
        )

    def _instead(self, method: str, path: str, error: Exception) -> Answer:
        """For what a handler raised. What is no refusal is a failure of ours: logged, and the client told a number."""
        match error:
            case HttpError():
                return self._refused(path, error)
            case NotAdmitted():
                return self._refused(path, not_admitted(error))
            case _:
                return self._failed(method, path, error)

    def _refused(self, path: str, error: HttpError) -> Answer:
        if f"{path}/".startswith(NATIVE):
            return problem_answer(error, path=path)
        return Answer(self.error_body(error.status, error.text), error.status, error.headers)

    def _failed(self, method: str, path: str, error: Exception) -> Answer:
        correlation_id = f"{self._entropy.bits(64):016x}"
        is_trouble = isinstance(error, StoreUnavailable)
        facts = {"correlation_id": correlation_id, "method": method, "path": path}
        if is_trouble:  # a traceback for each refused request would help to fill a full disk
            self._log.error("request failed", **facts, why=str(error))
        else:
            self._log.error("request failed", **facts, exc_info=error)
        text, headers = STORE_TROUBLE if is_trouble else ("internal error", ())
        told = f"{text}; correlation id {correlation_id}"
        if f"{path}/".startswith(NATIVE):
            kind = Kind.UNAVAILABLE if is_trouble else Kind.INTERNAL
            return problem_answer(Problem(kind, told, headers=headers), path=path)
        return Answer(self.error_body(500, told), 500, headers)


def _at_once(routes: Routes) -> dict[tuple[bytes, bytes], AtOnce]:
    return {
        (method.encode(), path.encode()): handler
        for path, methods in routes.items()
        for method, handler in methods.items()
        if isinstance(handler, AtOnce) and method == "POST"
    }


def _handler(methods: Mapping[str, Found], method: str) -> Found:
    handler = methods.get(method)
    if handler is None:
        allowed = ", ".join(methods if "GET" not in methods else dict.fromkeys((*methods, "HEAD")))
        raise HttpError(405, f"this path takes {allowed}, not {method[:32]}", headers=((b"allow", allowed.encode()),))
    return handler


async def _stream(stream: Stream, send: Send, *, is_head: bool) -> None:
    """Until the generator ends, or this task is cancelled: so the protocol tells that the client is gone."""
    headers = [(b"content-type", stream.content_type), *stream.headers]
    if stream.length is not None:
        headers.append((b"content-length", b"%d" % stream.length))
    await send({"type": "http.response.start", "status": stream.status, "headers": headers})
    try:
        if not is_head:
            async for piece in stream.pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    except asyncio.CancelledError:
        pass  # nobody waits for this task: it ends here, its stream in good order when there is still somebody to see
    finally:
        await stream.pieces.aclose()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def create_app(  # noqa: PLR0913 - the composition root hands over each port by its name
    *,
    directory: Directory,
    reader: CallReader,
    quality: QualityReader,
    intake: CallIntake,
    clock: Clock,
    entropy: Entropy,
    hasher: SecretHasher,
    nudge: Nudge,
    event_feed: EventFeed,
    call_records: CallRecords,
    call_search: CallSearch,
    trunk_board: TrunkBoard,
    read_ladder: ReadLadder,
    recordings: RecordingBook,
    recording_storage: RecordingStorage,
    public_url: str | None,
    trunks: Sequence[Trunk],
    numbering: Numbering,
    webhook_desk: WebhookDesk,
    call_reports: CallReports,
    node_id: int,
    limits: Mapping[Timer, float],
    log: ApiLog,
    gate: Gate = _OPEN,
    media: frozenset[MediaMode] = frozenset(),
    metrics: Metrics | None = None,
) -> App:
    """The whole HTTP application over these ports. Needs no running loop yet; hashes one secret, so takes some 20 ms.

    `node_id`: 0-63, different on each node. `public_url`: what addresses that we hand out begin with; None: with the
    host that the request named. `trunks`: those that the engine dials by; `limits`: seconds of its timers. `media`:
    what single calls may ask for. `metrics`: what answers /metrics; None: nothing does.
    """
    intake = GatedIntake(intake, gate)
    doors = make_doors(directory=directory, hasher=hasher, entropy=entropy, clock=clock)
    door, rules = doors.native, CallRules(numbering, media)
    place_call = PlaceCall(
        intake=intake, clock=clock, entropy=entropy, nudge=nudge, rules=rules, node_id=node_id, limits=limits
    )
    addresses = RecordingAddresses(recordings, SoundRecordings(recording_storage), directory, clock)
    listening = ThreadPoolExecutor(LISTENING_THREADS, thread_name_prefix="recordings")
    routes: dict[str, dict[str, Handler]] = make_routes(
        issue_token=doors.issue_token,
        check_token=doors.check_token,
        place_call=place_call,
        reader=reader,
        find_records=FindCallRecords(call_records, ThreadPoolExecutor(1, thread_name_prefix="records")),
        recording_address=GetRecordingAddress(doors.check_token, addresses, public_url, listening),
    )
    tail = EventTail(feed=event_feed, clock=clock, log=log)
    native = make_native_routes(
        door=door,
        reader=reader,
        quality=quality,
        place_call=place_call,
        rehearse_call=RehearseCall(search=call_search, board=trunk_board, trunks=trunks, clock=clock, rules=rules),
        search=call_search,
        feed=event_feed,
        tail=tail,
    )
    command_recording = CommandRecording(book=recordings, reader=reader, clock=clock, nudge=nudge)
    native |= recording_faces(door, addresses, command_recording, public_url=public_url, threads=listening)
    ladder_thread = ThreadPoolExecutor(1, thread_name_prefix="ladder")
    native |= ladder_routes(door=door, read_ladder=read_ladder, threads=ladder_thread)
    native |= webhook_routes(door=door, desk=webhook_desk)
    native |= explain_routes(door=door, reader=reader, events=event_feed, clock=clock)
    routes |= status_notify_routes(door=door, reports=call_reports, clock=clock)
    routes |= metrics_routes(metrics)
    routes |= make_probes(directory, gate) | serve_document(make_document(all_operations(), all_samples()))
    return App(routes=routes, native=PathTable(native), entropy=entropy, log=log, gate=gate, tail=tail)
