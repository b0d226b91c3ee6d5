"""One binding of ours at a registrar: made, refreshed before it expires, tried again when lost, removed at the end.

RFC 3261 10.2, digest by RFC 3261 22, the pauses between tries after RFC 5626 4.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from twoleg.sip.core import Core
from twoleg.sip.credentials import Credentials, Login
from twoleg.sip.deadlines import Deadline
from twoleg.sip.errors import SipParseError
from twoleg.sip.events import FailureOrigin, NotRegistered, Registered
from twoleg.sip.headers import Headers, NameAddr
from twoleg.sip.message import Request, Response
from twoleg.sip.outgoing import MAX_FORWARDS
from twoleg.sip.peers import Peer
from twoleg.sip.registration_fsm import (
    REGISTRATION,
    RegistrationAction,
    RegistrationInput,
    RegistrationState,
)
from twoleg.sip.routing import is_secure
from twoleg.sip.uri import SipUri

_MARGIN: Final = 40.0
"""Seconds before the expiry at which a refresh is due: timer F (32 s) may pass, and the loss is known before it is."""

_FIRST_PAUSE: Final = 4.0
_LONGEST_PAUSE: Final = 300.0
_LONGEST_EXPIRY: Final = 604_800
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be registered, and where."""

    registrar: str
    """The Request-URI, without a user (10.2)."""
    peers: Sequence[Peer]
    """Its addresses, best first; each try that fails goes on to the next."""
    address: NameAddr
    """The address of record."""
    credentials: Credentials | None
    expires: int
    """Seconds to ask for."""


class Registration:
    """Works until `stop`; tells Registered and NotRegistered with its token."""

    __slots__ = (
        "_call_id",
        "_core",
        "_cseq",
        "_expires",
        "_granted",
        "_login",
        "_peer",
        "_retries",
        "_tag",
        "_timer",
        "_token",
        "_tries",
        "_wanted",
        "_why",
        "state",
    )

    def __init__(self, core: Core, wanted: Wanted, *, token: object, now: float) -> None:
        """Send the first REGISTER."""
        self._core = core
        self._wanted = wanted
        self._token = token
        self._login = None if wanted.credentials is None else Login(wanted.credentials, core.identity)
        self._call_id = core.identity.call_id()
        self._tag = core.identity.tag()
        self._cseq = 0
        self._expires = wanted.expires
        self._granted = 0
        self._retries = 0
        self._tries = 0
        self._peer = 0
        self._why: tuple[int | None, str, float] = (None, "", 0.0)
        self._timer: Deadline | None = None
        self.state = RegistrationState.REGISTERING
        self._send(now)

    def stop(self, now: float) -> None:
        """Remove the binding; NotRegistered for good follows in bounded time.  Again is harmless."""
        self._feed(RegistrationInput.STOP, now)

    def aim(self, peers: Sequence[Peer]) -> None:
        """The registrar is at these addresses from the next request on."""
        self._wanted = replace(self._wanted, peers=peers)
        self._peer = 0

    def response_received(self, response: Response, now: float) -> None:
        """Take the final response."""
        if response.status < 200:
            return
        if response.status < 300:
            self._granted = self._granted_by(response)
            self._feed(RegistrationInput.ACCEPTED, now)
        elif self._login is not None and self._login.learn(response, retries=self._retries):
            self._retries += 1
            self._feed(RegistrationInput.CHALLENGED, now)
        elif response.status == 423 and self._lengthen(response):
            self._feed(RegistrationInput.TOO_BRIEF, now)
        else:
            pause = float(_number(response.headers.get("Retry-After")) or 0)
            self._why = (response.status, response.reason, pause)
            self._feed(RegistrationInput.REFUSED, now)

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """Nothing came back."""
        words = "no response" if origin is FailureOrigin.TIMEOUT else "it cannot be reached"
        self._why = (None, words, 0.0)
        self._feed(RegistrationInput.SILENT, now)

    def _feed(self, what: RegistrationInput, now: float) -> None:
        step = REGISTRATION[self.state][what]
        if step.next is not None:
            self.state = step.next
        self._PERFORM[step.do](self, now)

    def _due(self, now: float) -> None:
        self._timer = None
        self._retries = 0
        self._feed(RegistrationInput.DUE, now)

    def _send(self, now: float) -> None:
        self._request(self._expires, now)

    def _leave(self, now: float) -> None:
        self._stop_timer()
        self._request(0, now)

    def _request(self, expires: int, now: float) -> None:
        wanted, identity = self._wanted, self._core.identity
        peer = wanted.peers[self._peer % len(wanted.peers)]
        self._cseq += 1
        fields = [
            ("Via", identity.via(peer)),
            MAX_FORWARDS,
            ("From", str(wanted.address.with_tag(self._tag))),
            ("To", str(wanted.address)),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", self._contact(peer)),
            ("Expires", str(expires)),
            ("User-Agent", identity.product),
        ]
        if self._login is not None:
            fields += self._login.fields(method="REGISTER", uri=wanted.registrar, body=b"")
        request = Request("REGISTER", wanted.registrar, Headers.of_canonical(fields))
        self._core.transactions.request(request, peer=peer, user=self, now=now)

    def _contact(self, peer: Peer) -> str:
        return self._core.identity.contact(peer, is_secure=is_secure(self._wanted.registrar))

    def _settle(self, now: float) -> None:
        self._tries = 0
        self._retries = 0
        self._arm(now + max(self._granted / 2, self._granted - _MARGIN))
        self._core.tell(Registered(self._token, self._granted))

    def _back_off(self, now: float) -> None:
        """Half to all of a pause that doubles from try to try: many clients of one registrar shall not come at once."""
        status, phrase, asked = self._why
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._tries, 10))
        pause = max(asked, pause * (500 + self._core.identity.pick(500)) / 1000)
        self._tries += 1
        self._peer += 1
        self._arm(now + pause)
        self._core.tell(NotRegistered(self._token, status, phrase, pause))

    def _report_gone(self, _now: float) -> None:
        self._stop_timer()
        self._core.tell(NotRegistered(self._token, None, "not wanted any more", None))

    def _ignore(self, _now: float) -> None:
        pass

    def _raise(self, _now: float) -> None:
        raise RuntimeError(f"input that cannot come to a registration in state {self.state.name}")

    def _arm(self, when: float) -> None:
        self._stop_timer()
        self._timer = self._core.wire.deadlines.arm(when, self._due)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lengthen(self, response: Response) -> bool:
        """Whether the registrar names an expiry that is longer than what we asked for (10.2.8)."""
        shortest = _number(response.headers.get("Min-Expires"))
        if shortest is None or not self._expires < shortest <= _LONGEST_EXPIRY:
            return False
        self._expires = shortest
        return True

    def _granted_by(self, response: Response) -> int:
        """10.2.4: the parameter of our own Contact, else the header, else what we asked for; a second at least."""
        ours = SipUri.parse(NameAddr.parse(self._contact(self._wanted.peers[self._peer % len(self._wanted.peers)])).uri)
        found = None
        for contact in response.contacts:
            if _is_same(contact.uri, ours):
                found = _number(contact.params.get("expires"))
        if found is None:
            found = _number(response.headers.get("Expires"))
        return max(1, self._expires if found is None else min(found, _LONGEST_EXPIRY))

    _PERFORM: ClassVar[dict[RegistrationAction, Callable[[Registration, float], None]]] = {
        RegistrationAction.IGNORE: _ignore,
        RegistrationAction.RAISE: _raise,
        RegistrationAction.SEND: _send,
        RegistrationAction.SETTLE: _settle,
        RegistrationAction.BACK_OFF: _back_off,
        RegistrationAction.LEAVE: _leave,
        RegistrationAction.REPORT_GONE: _report_gone,
    }


def _number(text: str | None) -> int | None:
    found = _NUMBER.match(text or "")
    return None if found is None else int(found[0])


def _is_same(contact: str, ours: SipUri) -> bool:
    try:
        uri = SipUri.parse(contact)
    except SipParseError:
        return False
    return (uri.user, uri.host.lower(), uri.port) == (ours.user, ours.host.lower(), ours.port)
