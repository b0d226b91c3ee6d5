"""The socket beside the store by which an operator, or a newer service, speaks with the running one.

A client connects, says in one line what it wants, and is told in lines of JSON how it goes, until the service is gone.
Whoever may write to the socket's file may stop the service: its mode is 0600.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum, unique
from pathlib import Path

import msgspec

from twoleg.adapters.service_page import Mode, SharedPage
from twoleg.bootstrap.errors import ServiceError

_LINE = 4096
_MOST_SOCKETS = 64
_TELL_EVERY = 0.1
_PATIENCE = 5.0
"""Seconds in which a client must say what it wants, and the service must answer."""


@unique
class Wish(StrEnum):
    """What a client may want."""

    DRAIN = "drain"
    HAND_OVER = "hand over"
    """Drain for somebody who follows at once on sockets that he has already (systemd's)."""
    SOCKETS = "hand over sockets"
    """The same, and have the sockets."""


class Progress(msgspec.Struct, frozen=True):
    """How a drain goes."""

    state: str
    """`draining`, `stopping` once the living calls have been given up or have ended, `stopped`."""
    calls: int
    """Calls that were dialled and have not ended."""
    seconds_left: float
    """Until those are ended."""
    pid: int = 0
    """The supervisor's."""
    names: tuple[str, ...] = ()
    """What the sockets that come with it were bound for; only in the first line, when they were asked for."""


class Control:
    """The service's end. Use `run` as a task; `finish` once everything is stopped."""

    def __init__(
        self, store: Path, *, page: SharedPage, begin: Callable[[Mode], None], sockets: Mapping[str, socket.socket]
    ) -> None:
        """`sockets`: those to hand over, by what they were bound for. Raises `ServiceError` when it cannot listen."""
        self._path = _path(store)
        self._page = page
        self._begin = begin
        self._sockets = sockets
        self._clients: set[socket.socket] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = _listen(self._path)

    async def run(self) -> None:
        """Serve clients until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            task = asyncio.create_task(self._serve(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Tell whoever listens that it is over, and leave no trace."""
        self._listener.close()
        self._path.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.send(_encoded(Progress("stopped", 0, 0.0, os.getpid())))
            client.close()

    async def _serve(self, client: socket.socket) -> None:
        client.setblocking(False)  # noqa: FBT003 - the standard library's way of saying it
        self._clients.add(client)
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            wish = await asyncio.wait_for(_wish(client), _PATIENCE)
            self._begin(Mode.STOPPING if wish is Wish.DRAIN else Mode.HANDING_OVER)
            self._answer(client, wish)
            await self._tell(client)
        self._clients.discard(client)
        client.close()

    def _answer(self, client: socket.socket, wish: Wish) -> None:
        if wish is not Wish.SOCKETS:
            client.send(_encoded(self._progress()))
            return
        first = msgspec.structs.replace(self._progress(), names=tuple(self._sockets))
        socket.send_fds(client, [_encoded(first)], [each.fileno() for each in self._sockets.values()])

    async def _tell(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        told: tuple[int, int] | None = None
        while True:
            progress = self._progress()
            news = (progress.calls, round(progress.seconds_left))
            if news != told:
                await loop.sock_sendall(client, _encoded(progress))
                told = news
            await asyncio.sleep(_TELL_EVERY)

    def _progress(self) -> Progress:
        left = self._page.seconds_left
        state = "draining" if left and self._page.living else "stopping"
        return Progress(state, self._page.living, round(left, 1), os.getpid())


@contextlib.contextmanager
def asking(store: Path, wish: Wish) -> Iterator[tuple[dict[str, socket.socket], Iterator[Progress]]]:
    """Tell the service of that store what is wanted; its sockets by name, and the progress until it is gone.

    Raises `ServiceError` when no service listens there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as service:
        service.settimeout(_PATIENCE)
        try:
            with _short(_path(store)) as address:
                service.connect(address)
            service.sendall(wish.encode() + b"\n")
            said, descriptors, *_ = socket.recv_fds(service, _LINE, _MOST_SOCKETS)
        except OSError as error:
            raise ServiceError(f"no service answers at {_path(store)}: {error.strerror or error}") from error
        if not said:
            raise ServiceError(f"the service at {_path(store)} does not understand us")
        line, _, more = said.partition(b"\n")
        first = msgspec.json.decode(line, type=Progress)
        sockets = [socket.socket(fileno=each) for each in descriptors]
        service.settimeout(None)
        yield dict(zip(first.names, sockets, strict=True)), _lines(service, first, more)


def _lines(service: socket.socket, first: Progress, more: bytes) -> Iterator[Progress]:
    yield first
    while True:
        line, newline, rest = more.partition(b"\n")
        if newline:
            yield msgspec.json.decode(line, type=Progress)
            more = rest
            continue
        received = service.recv(_LINE)
        if not received:
            return
        more += received


async def _wish(client: socket.socket) -> Wish:
    """Raises `ValueError` for what is none."""
    said = b""
    while not said.endswith(b"\n") and len(said) < _LINE:
        received = await asyncio.get_running_loop().sock_recv(client, _LINE)
        if not received:
            raise ValueError
        said += received
    return Wish(said.decode(errors="replace").strip())


def _encoded(progress: Progress) -> bytes:
    return msgspec.json.encode(progress) + b"\n"


def _path(store: Path) -> Path:
    return store.with_name(store.name + ".control")


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)  # left behind by one that was killed: we hold the store's lock
        before = os.umask(0o177)
        try:
            with _short(path) as address:
                listener.bind(address)
        finally:
            os.umask(before)
        listener.listen()
    except OSError as error:
        listener.close()
        raise ServiceError(f"{path} cannot be made: {error.strerror}") from error
    listener.setblocking(False)  # noqa: FBT003 - the standard library's way of saying it
    return listener


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of at most 107 octets for a socket's file, wherever it lies (unix(7)): by way of its open folder."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
