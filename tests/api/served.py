"""The face on a real socket: uvicorn in a thread of the test's process, on a port that the system chose."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvloop

from twoleg.api.server import serve_api

if TYPE_CHECKING:
    from twoleg.api.app import App

STARTS_WITHIN = 10.0


@contextmanager
def served(app: App, *, send_buffer: int | None = None) -> Iterator[tuple[str, int]]:
    """The address at which the application answers during the block. `send_buffer`: the kernel's, in bytes."""
    listening = socket.create_server(("127.0.0.1", 0))
    if send_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    address: tuple[str, int] = listening.getsockname()
    ready = threading.Event()
    end: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def life() -> None:
        stop = asyncio.Event()
        end.append((asyncio.get_running_loop(), stop))
        await serve_api(sockets=[listening], app=app, on_ready=ready.set, stop=stop)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(life())

    thread = threading.Thread(target=run, name="served")
    thread.start()
    try:
        assert ready.wait(STARTS_WITHIN), "the server did not become ready"
        yield address
    finally:
        for loop, stop in end:
            loop.call_soon_threadsafe(stop.set)
        thread.join()


def talk(address: tuple[str, int], request: bytes, *, seconds: float = 5.0) -> bytes:
    """Send these bytes on a new connection and read until the server closes it."""
    with socket.create_connection(address, timeout=seconds) as connection:
        connection.sendall(request)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes; a reset counts as its end."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def read_response(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One response with a Content-Length, off a connection that stays open; not a byte more is read."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, f"closed after {head!r}"
        head += byte
    first, *lines = head.decode().splitlines()[:-1]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = b""
    while missing := int(headers["content-length"]) - len(body):
        piece = connection.recv(missing)
        assert piece, f"closed after {len(body)} bytes of the body"
        body += piece
    return int(first.split()[1]), headers, body
