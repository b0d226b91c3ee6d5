"""The carrier: makes a parcel's body, signs it, posts it, and says how the receiver took it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from twoleg import __version__
from twoleg.adapters.webhooks import aicc
from twoleg.adapters.webhooks.http import Headers, NoAnswer, Poster, Reply
from twoleg.adapters.webhooks.signing import signed_headers
from twoleg.adapters.webhooks.tokens import Tokens
from twoleg.application.cloud_event import CONTENT_TYPE, encoded, event_id
from twoleg.application.ports import Clock, Entropy
from twoleg.application.webhook_ports import Parcel, Subject
from twoleg.domain.delivery import Outcome
from twoleg.domain.events import EventType
from twoleg.domain.webhooks import Auth, Credentials, Endpoint, Format

_ASKS_FOR_TIME = frozenset({429, 503})
_EXCERPT = 120
"""Characters of an answer that the delivery log shows."""


class HttpCarrier:
    """The `Carrier`."""

    def __init__(
        self, *, poster: Poster, clock: Clock, monotonic: Callable[[], float], entropy: Entropy, seconds: float
    ) -> None:
        """`seconds`: what a receiver may take for its answer; `monotonic`: seconds, and never set back."""
        self._poster = poster
        self._clock = clock
        self._monotonic = monotonic
        self._entropy = entropy
        self._seconds = seconds
        self._tokens = Tokens(poster, now=monotonic, seconds=seconds)

    async def carry(self, endpoint: Endpoint, credentials: Credentials, parcel: Parcel, subject: Subject) -> Outcome:
        """See `Carrier.carry`: takes no longer than some four times `seconds`."""
        began = self._monotonic()
        try:
            outcome = await self._carry(endpoint, credentials, parcel, subject)
        except NoAnswer as why:
            outcome = Outcome(accepted=False, said=str(why))
        return Outcome(
            accepted=outcome.accepted,
            said=outcome.said,
            status=outcome.status,
            gone=outcome.gone,
            retry_after=outcome.retry_after,
            took_ms=max(0, round((self._monotonic() - began) * 1000)),
        )

    async def _carry(self, endpoint: Endpoint, credentials: Credentials, parcel: Parcel, subject: Subject) -> Outcome:
        if endpoint.format is Format.CLOUDEVENTS:
            reply = await self._post(credentials, parcel, encoded(parcel.recorded), [("Content-Type", CONTENT_TYPE)])
            return self._outcome(reply, accepted=200 <= reply.status < 300)
        reply = await self._call_back(credentials, parcel, subject)
        return self._outcome(reply, accepted=reply.status == 200 and reply.whole and aicc.is_taken(reply.body))

    async def _call_back(self, credentials: Credentials, parcel: Parcel, subject: Subject) -> Reply:
        """The vendor's callback. It authenticates itself to a URL that came with the call, and to no other."""
        has_ended = parcel.recorded.event.type is EventType.CALL_ENDED
        body = aicc.release_body(subject) if has_ended else aicc.connect_body(subject)
        is_the_calls_own = has_ended and parcel.delivery.url == subject.callback_url
        if is_the_calls_own and credentials.auth is Auth.SHARED_KEY and credentials.shared_key is not None:
            timestamp, nonce = str(self._clock.now_ms()), f"{self._entropy.bits(128):032x}"
            body = aicc.signed(body, key=credentials.shared_key, timestamp=timestamp, nonce=nonce)
        headers = [("Content-Type", "application/json; charset=UTF-8")]
        if is_the_calls_own and credentials.auth is Auth.OAUTH2 and credentials.oauth2 is not None:
            return await self._post_with_token(credentials, parcel, aicc.to_json(body), headers)
        return await self._post(credentials, parcel, aicc.to_json(body), headers)

    async def _post_with_token(
        self, credentials: Credentials, parcel: Parcel, body: bytes, headers: list[tuple[str, str]]
    ) -> Reply:
        """A token that is refused is replaced once, at once: it may have been revoked."""
        service = credentials.oauth2
        if service is None:
            raise ValueError("there is no token service")
        token = await self._tokens.token(service)
        reply = await self._post(credentials, parcel, body, [*headers, ("Authorization", f"Bearer {token}")])
        if reply.status != 401:
            return reply
        self._tokens.refused(service, token)
        token = await self._tokens.token(service)
        return await self._post(credentials, parcel, body, [*headers, ("Authorization", f"Bearer {token}")])

    async def _post(self, credentials: Credentials, parcel: Parcel, body: bytes, headers: Headers) -> Reply:
        now, delivery = self._clock.now_ms(), parcel.delivery
        message_id = event_id(delivery.serial, delivery.seq)
        signatures = signed_headers(credentials.live(now), message_id=message_id, now_ms=now, body=body)
        given = [*headers, *signatures, ("User-Agent", f"twoleg/{__version__}")]
        return await self._poster.post(delivery.url, headers=given, body=body, seconds=self._seconds)

    def _outcome(self, reply: Reply, *, accepted: bool) -> Outcome:
        asks = reply.status in _ASKS_FOR_TIME and reply.retry_after is not None
        return Outcome(
            accepted=accepted,
            said=_said(reply, accepted=accepted),
            status=reply.status,
            gone=reply.status == 410,
            retry_after=self._wait(reply.retry_after or "") if asks else None,
        )

    def _wait(self, header: str) -> float | None:
        """Seconds of a Retry-After (RFC 9110 10.2.3): a number of them, or a date. None: it is neither."""
        if header.isascii() and header.isdigit():
            return float(header[:9])
        try:
            at = parsedate_to_datetime(header)
            return max(0.0, at.replace(tzinfo=at.tzinfo or UTC).timestamp() - self._clock.now_ms() / 1000)
        except (ValueError, OverflowError):
            return None


def _said(reply: Reply, *, accepted: bool) -> str:
    if accepted:
        return str(reply.status)
    if 300 <= reply.status < 400:
        return f"{reply.status}: redirects are not followed"
    excerpt = "".join(each if each.isprintable() else " " for each in reply.body.decode(errors="replace"))[:_EXCERPT]
    return f"{reply.status}: {excerpt}" if excerpt else str(reply.status)
