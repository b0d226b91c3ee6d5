"""The loop that every shell shares: send the output, tell the events, arm one timer.  No socket in here."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final, Generic

from twoleg.sip.events import Event, Failed, Fault, Malformed, Stray
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.quiet import Quiet
from twoleg.sip_transport.shell import Core, Counters, Tap, TransportLog

_ROUNDS: Final = 64
"""How often output and events may follow from each other before other work of the loop gets its turn."""

_LATE: Final = 0.01
"""Seconds. A call leaves half a dozen deadlines behind, none of them urgent (the shortest in RFC 3261 is 500 ms): those
that fall due together wake the process once. uvloop counts in whole milliseconds anyway."""

_SAY_AGAIN: Final = 30.0
"""Seconds until the log hears again that the same peer cannot be reached."""


class Driver(Generic[Core]):
    """Drives one core on the running loop.  A shell feeds it and lends it `send`.

    After each feeding verb the shell calls `flush`, once per batch.  Owners call `wake`.
    """

    def __init__(
        self,
        core: Core,
        *,
        send: Callable[[Transmit], None],
        log: TransportLog,
        counters: Counters,
        tap: Tap | None = None,
    ) -> None:
        """Idle until `start`; needs a running loop."""
        self.core = core
        self._tap = tap
        self._send = send if tap is None else _tapped(send, tap)
        self._on_event: Callable[[Event], None] | None = None
        self._log = log
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._armed_for = math.inf
        self._is_flushing = False
        self._is_woken = False
        self._is_closed = False
        self._malformed = Quiet(every=math.inf)
        self._unreachable = Quiet(every=_SAY_AGAIN)

    def start(self, on_event: Callable[[Event], None]) -> None:
        """Begin.  `on_event` gets every event, in order; what it raises is logged and counted, and the next is told."""
        self._on_event = on_event
        self.wake()

    def now(self) -> float:
        """The clock: the loop's, in seconds."""
        return self._loop.time()

    def hear(self, data: bytes, source: Peer) -> None:
        """Show the core one message."""
        if self._tap is not None:
            self._tap.heard(data, source)
        self.core.receive(data, source, self._loop.time())

    def unreachable(self, peer: Peer, why: str) -> None:
        """Tell the core that nothing gets through to `peer`."""
        now = self.now()
        self._counters.unreachable += 1
        if self._unreachable.may_tell(peer, now):
            self._log.warning("sip_peer_unreachable", peer=peer.host_port, why=why)
        self.core.transport_failed(peer, now)

    def connection_lost(self, peer: Peer) -> None:
        """Tell the core that what it sent to `peer` and had no response may be lost."""
        self.core.connection_lost(peer, self.now())

    def wake(self) -> None:
        """Flush in this turn of the loop; many calls make one flush."""
        if self._is_flushing or self._is_woken or self._is_closed or self._on_event is None:
            return
        self._is_woken = True
        self._loop.call_soon(self._woken)

    def _woken(self) -> None:
        self._is_woken = False
        self.flush()

    def flush(self) -> None:
        """Send and tell until there is nothing more, then arm the timer.  Inside a callback of ours it does nothing."""
        if self._is_flushing or self._is_closed or self._on_event is None:
            return
        self._is_flushing = True
        try:
            is_done = self._exchange(self._on_event)
        finally:
            self._is_flushing = False
        if not is_done:
            self.wake()
        self._arm()

    def _exchange(self, on_event: Callable[[Event], None]) -> bool:
        core, send = self.core, self._send
        for _ in range(_ROUNDS):
            for message in core.take_output():
                send(message)
            events = core.take_events()
            if not events:
                return True
            for event in events:
                self._tell(event, on_event)
        return False

    def _tell(self, event: Event, on_event: Callable[[Event], None]) -> None:
        if event.__class__ in _NOTED:
            self._note(event)
        try:
            on_event(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is its owner's; the other legs go on
            self._counters.owner_faults += 1
            self._log.error("sip_event_owner_failed", sip_event=type(event).__name__, exc_info=error)

    def _note(self, event: Event) -> None:
        match event:
            case Malformed(source, why):
                self._counters.malformed += 1
                if self._malformed.may_tell(source, self.now()):
                    self._log.warning("sip_malformed", source=source.host_port, why=why, note="first from this source")
            case Stray():
                self._counters.stray += 1
            case Fault(fault=fault) | Failed(fault=Exception() as fault):
                self._counters.core_faults += 1
                self._log.error("sip_core_failed", sip_event=type(event).__name__, exc_info=fault)
            case _:
                pass

    def _arm(self) -> None:
        """One timer; a later deadline leaves it alone, for it finds nothing due and arms anew."""
        deadline = self.core.next_deadline()
        if deadline is None or deadline >= self._armed_for or self._is_closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = deadline
        self._timer = self._loop.call_at(deadline + _LATE, self._fire)

    def _fire(self) -> None:
        self._armed_for = math.inf
        self.core.fire_timers(self.now())
        self.flush()

    def close(self) -> None:
        """Send what is waiting, tell nothing more, let go of the timer."""
        if self._is_closed:
            return
        self._is_closed = True
        for message in self.core.take_output():
            self._send(message)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _tapped(send: Callable[[Transmit], None], tap: Tap) -> Callable[[Transmit], None]:
    def send_tapped(message: Transmit) -> None:
        tap.sent(message.data, message.peer)
        send(message)

    return send_tapped


_NOTED: Final[frozenset[type]] = frozenset({Malformed, Stray, Fault, Failed})
"""Events that the driver itself has something to do with; all others pass it by."""
