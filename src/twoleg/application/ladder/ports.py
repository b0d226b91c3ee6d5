"""What the ladder needs of the world: a recorder while calls live, an archive for afterwards, and deliveries.

The machine's steps come from `application.event_feed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twoleg.application.ladder.noted import Noted
from twoleg.application.ladder.values import Capture, Delivery
from twoleg.domain.call import Call, Role


class CallRecorder(Protocol):
    """Notes which messages on the wire are whose.  Runs on the engine's loop; never blocks, never raises."""

    def leg(self, serial: int, role: Role, call_id: str) -> None:
        """From now on messages with that Call-ID belong to that leg; a leg may have several, one for each attempt."""

    def over(self, call: Call) -> None:
        """The call has ended on the wire, too: keep what was noted, or let it go.  Unknown calls are harmless."""


class WireExport(Protocol):
    """Somebody who wants every message of every call as it goes by, such as a HEP collector."""

    def tell(self, serial: int, message: Noted) -> None:
        """Take a message, whose secrets are still in it: nothing of it may leave the process before they are out.

        Never blocks, never raises; what there is no room for is dropped and counted.
        """


class LadderArchive(Protocol):
    """The captures of ended calls."""

    def find(self, serial: int) -> Capture | None:
        """What was kept; None: nothing.  May block for some milliseconds.  Raises `StoreUnavailable`."""


class DeliveryReader(Protocol):
    """The log of webhook deliveries, by call."""

    def deliveries(self, serial: int) -> Sequence[Delivery]:
        """All tries, oldest first.  Raises `StoreUnavailable`."""


class NoRecorder:
    """The `CallRecorder` of an engine that keeps no ladders."""

    def leg(self, serial: int, role: Role, call_id: str) -> None:
        """See `CallRecorder.leg`."""

    def over(self, call: Call) -> None:
        """See `CallRecorder.over`."""


class NoDeliveries:
    """The `DeliveryReader` of a service without webhooks."""

    def deliveries(self, serial: int) -> Sequence[Delivery]:  # noqa: ARG002 - the port's signature
        """None."""
        return ()
