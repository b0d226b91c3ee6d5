"""One phone as an anchored path knows it: what it said, what it was told, what is under way to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique

from twoleg.adapters.media.compare import is_known
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import SessionDescription


@unique
class Purpose(Enum):
    """Why an offer of ours is under way to a phone."""

    DIAL = "dial"
    RETELL = "retell"
    """The agent answered with codecs of which the customer took others than the first."""
    PASS = "pass"  # noqa: S105  # not a password
    """The other phone's own re-offer."""
    REFRESH = "refresh"
    """What the other phone answered to an offer it had asked for."""


@dataclass(slots=True)
class Side:
    """Changes as the call goes on. Descriptions for the phone go out under one name, their version raised each time."""

    session_id: int
    address: str
    """Of our o= lines."""
    slim: Callable[[SessionDescription], SessionDescription]
    """Leaves out of what the phone says, and of what it is told, what the call may not have."""
    version: int = 0
    heard: SessionDescription | None = None
    """The last description it gave."""
    before: SessionDescription | None = None
    """The one that holds again if its offer of the moment comes to nothing."""
    told: SessionDescription | None = None
    """The last description it was given: an offer that it accepted, or our answer."""
    telling: SessionDescription | None = None
    under_way: Purpose | None = None
    is_offering: bool = False
    """It waits for the answer to its own offer."""
    owes_answer: bool = False
    """It asked for an offer; its answer comes with the ACK."""

    @property
    def is_being_dialled(self) -> bool:
        """Whether the answer to its first offer is still to come."""
        return self.under_way is Purpose.DIAL

    @property
    def is_busy(self) -> bool:
        """Whether a change is under way that another one may not cross (RFC 3261 14.2)."""
        return self.is_offering or (self.under_way is not None and not self.is_being_dialled)

    def hear(self, body: bytes) -> bool:
        """Whether this is a description with audio; then it is the last one."""
        try:
            heard = SessionDescription.parse(body)
        except SdpError:
            return False
        if heard.audio is None:
            return False
        self.heard = self.slim(heard)
        return True

    def begin_offer(self, body: bytes) -> bool:
        """The same for a description by which the phone wants to change something."""
        before = self.heard
        if not self.hear(body):
            return False
        self.before, self.is_offering = before, True
        return True

    def withdraw_offer(self) -> None:
        """It was refused: what held before holds."""
        if self.is_offering:
            self.heard, self.before, self.is_offering = self.before or self.heard, None, False

    def said(self) -> bytes:
        """Its last description; raises `SdpError` when there is none."""
        if self.heard is None:
            raise SdpError("nothing was heard from that phone yet")
        return self.heard.encode()

    def settle(self) -> Purpose | None:
        """What was under way to it was answered, one way or the other; says what it was."""
        purpose, self.under_way = self.under_way, None
        self.told, self.telling = self.telling or self.told, None
        return purpose

    def tell(self, body: bytes, purpose: Purpose) -> bytes:
        """An offer for it, under our name."""
        self.under_way = purpose
        self.telling = self._named(body)
        return self.telling.encode()

    def tell_answer(self, body: bytes) -> bytes:
        """The answer to its own offer, or the offer it asked for, under our name."""
        self.before, self.is_offering = None, False
        self.told = self._named(body)
        return self.told.encode()

    def knows(self, body: bytes) -> bool:
        """Whether it would learn nothing from being told this."""
        return is_known(self.slim(SessionDescription.parse(body)), self.told)

    def _named(self, body: bytes) -> SessionDescription:
        self.version += 1
        described = self.slim(SessionDescription.parse(body))
        return described.with_origin(
            username="-", session_id=self.session_id, version=self.version, address=self.address
        )
