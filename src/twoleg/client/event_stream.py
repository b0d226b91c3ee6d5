"""Reading a stream of events (Server-Sent Events, html.spec.whatwg.org 9.2), across as many connections as it takes."""

from __future__ import annotations

from msgspec.json import Decoder

from twoleg.client import native
from twoleg.client.errors import ConnectionFailed, ServiceFailed, TooManyRequests, TwolegError
from twoleg.client.exchange import Operation, Reply, decoded
from twoleg.client.models import Event

QUIET = 45.0
"""Seconds without a word after which a stream counts as dead: three heartbeats of the service."""
MOST_FAILURES = 8
"""Connections in a row that brought nothing; then it is the caller's turn to decide."""
_LONGEST_PAUSE = 15.0
_LARGEST_MESSAGE = 1 << 20
"""Characters: nobody's memory is filled by a line that never ends."""
_NO_CONTENT = 204
_LAST = "call.ended"

_EVENT = Decoder(Event)

PASSES = (ConnectionFailed, ServiceFailed, TooManyRequests)
"""Failures that a reader outlasts."""


class Messages:
    """Takes a stream apart. Feed it pieces as they come."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.retry: float | None = None
        """Seconds, as the service wishes."""
        self._rest = b""
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[str]:
        """The data of each message that this piece completes. Raises `ConnectionFailed` for one without an end."""
        *lines, self._rest = (self._rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        if len(self._rest) > _LARGEST_MESSAGE or self._size > _LARGEST_MESSAGE:
            raise ConnectionFailed("the stream has a message without an end")
        complete = (self._line(line.decode("utf-8", "replace")) for line in lines)
        return [message for message in complete if message is not None]

    def cut_off(self) -> None:
        """The connection ended: half a message counts for nothing."""
        self._rest, self._data, self._size = b"", [], 0

    def _line(self, line: str) -> str | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return "\n".join(data) if data else None
        name, _, value = line.partition(":")
        self._field(name, value.removeprefix(" "))
        return None

    def _field(self, name: str, value: str) -> None:
        if name == "data":
            self._data.append(value)
            self._size += len(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 8:
            self.retry = int(value) / 1000


class EventReader:
    """What a client does to read all events of a call, or of all calls, each once and in order, whatever breaks."""

    def __init__(self, serial: str | None, *, after: str) -> None:
        """`serial` None: the events of all calls. `after`: the cursor behind which to begin."""
        self.is_done = False
        self._serial = serial
        self._after = after
        self._messages = Messages()
        self._seen: str | None = None
        self._failures = 0
        self._pieces = 0
        """Of this connection. The first is the service's greeting; a second one shows that the stream is well."""

    def operation(self) -> Operation[Reply]:
        """The next connection."""
        return native.events(self._serial, after=self._after, last_id=self._seen or self._messages.last_id)

    def opened(self, reply: Reply) -> bool:
        """Whether there is a stream to read."""
        self.is_done = reply.status == _NO_CONTENT
        self._pieces = 0
        return reply.stream is not None

    def feed(self, piece: bytes) -> list[Event]:
        """The events that this piece completes. Raises `UnexpectedAnswer`, `ConnectionFailed`."""
        self._pieces += 1
        if self._pieces > 1:
            self._failures = 0
        events = []
        for message in self._messages.feed(piece):
            event = decoded(_EVENT, message.encode())
            self._seen, self._failures = event.id, 0
            events.append(event)
            self.is_done = self._serial is not None and event.name == _LAST
        return events

    def cut_off(self, why: TwolegError | None) -> float:
        """The connection ended; seconds until the next one. Raises `why` after too many in vain."""
        self._messages.cut_off()
        self._failures += 1
        if self._failures > MOST_FAILURES:
            raise why or ConnectionFailed("the stream ends again and again before any event")
        return min((self._messages.retry or 1.0) * 2.0 ** (self._failures - 1), _LONGEST_PAUSE)
