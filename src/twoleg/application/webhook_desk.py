"""Use cases of webhook endpoints: create, look at, rotate, enable, replay, remove. For clients and for operators."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

from twoleg.application.errors import ApplicationError, NotFound
from twoleg.application.event_cursor import CursorRefused, position_of, read_event_id
from twoleg.application.event_feed import EventFeed
from twoleg.application.ports import Clock, Entropy
from twoleg.application.webhook_ports import Attempted, CannotOpen, Delivery, EndpointBook, SecretBox
from twoleg.application.webhook_secrets import new_credentials, new_secret
from twoleg.domain.audit import SERVICE, Act, Entry, Facts
from twoleg.domain.callbacks import callback_fault
from twoleg.domain.tenant import Tenant
from twoleg.domain.values import Value, concealed, replace
from twoleg.domain.webhooks import (
    ANY,
    LARGEST_FILTER,
    OVERLAP_MS,
    Auth,
    Credentials,
    Endpoint,
    Format,
    OAuth2,
    SigningSecret,
    callbacks_of,
    filter_fault,
    rotated,
    url_fault,
)

MOST_ENDPOINTS = 50
"""Of one tenant: each costs a courier and its place in the store."""
SHORTEST_KEY = 16
"""Characters of a shared key (page cec_07_0068)."""
LONGEST_WORD = 1024
"""Characters of a key, an id, a secret, a scope."""


class WishRefused(ApplicationError):
    """An endpoint that cannot be as it was wished for; the client's fault."""

    def __init__(self, member: str, text: str, *, limit: int | None = None) -> None:
        super().__init__(f"{member}: {text}")
        self.member = member
        """By its name in `Wish`."""
        self.text = text
        self.limit = limit


class Disabled(ApplicationError):
    """The endpoint is disabled: enable it first."""


class Wish(Value, frozen=True, gc=False, kw_only=True):
    """What somebody wants an endpoint to be."""

    format: Format = Format.CLOUDEVENTS
    url: str | None = None
    connect_url: str | None = None
    release_url: str | None = None
    events: tuple[str, ...] | None = None
    auth: Auth = Auth.NONE
    shared_key: str | None = None
    oauth2: OAuth2 | None = None

    __repr__ = concealed


class Created(Value, frozen=True, gc=False):
    """A new endpoint and its secret, which is shown this once."""

    endpoint: Endpoint
    secret: str

    __repr__ = concealed


class Logged(Value, frozen=True, gc=False):
    """A delivery with what was attempted so far."""

    delivery: Delivery
    attempts: Sequence[Attempted]


_NONE: Facts = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDesk:
    """Everything here may block for a disk flush; one thread at a time. All raises `StoreUnavailable`."""

    book: EndpointBook
    box: SecretBox
    feed: EventFeed
    clock: Clock
    entropy: Entropy
    who: str = SERVICE
    """As in `Entry`."""

    def acting_for(self, who: str) -> WebhookDesk:
        """The same desk, whose acts are noted as that one's."""
        return changed(self, who=who)

    def create(self, tenant: Tenant, wish: Wish, *, callback_hosts: Collection[str] | None) -> Created:
        """A new endpoint, which hears of everything from now on. Raises `WishRefused`.

        `callback_hosts`: where the vendor's callbacks may go; None, for an operator: anywhere.
        """
        _check(wish, callback_hosts)
        is_native = wish.format is Format.CLOUDEVENTS
        if is_native and len(self.book.of_tenant(tenant.tenant_id)) >= MOST_ENDPOINTS:
            raise WishRefused("url", f"a tenant has {MOST_ENDPOINTS} endpoints at most", limit=MOST_ENDPOINTS)
        endpoint = Endpoint(
            endpoint_id=f"we_{self.entropy.bits(96):024x}" if is_native else callbacks_of(tenant.tenant_id),
            tenant_id=tenant.tenant_id,
            format=wish.format,
            created_at=self.clock.now_ms(),
            cursor=self.feed.newest(),
            url=wish.url,
            connect_url=wish.connect_url,
            release_url=wish.release_url,
            events=(ANY,) if wish.events is None else wish.events,
        )
        fresh = new_credentials(self.entropy)
        credentials = replace(fresh, auth=wish.auth, shared_key=wish.shared_key, oauth2=wish.oauth2)
        note = self._note(Act.WEBHOOK_CREATED, endpoint, after=_told(endpoint, wish))
        self.book.add(endpoint, self.box.seal(credentials, label=endpoint.endpoint_id), note=note)
        return Created(self.find(tenant.tenant_id, endpoint.endpoint_id), fresh.signing[0].secret)

    def find(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """The tenant's endpoint. Raises `NotFound`, the same for another's and for none."""
        endpoint = self.book.endpoint(endpoint_id)
        if endpoint is None or endpoint.tenant_id != tenant_id:
            raise NotFound(f"no webhook endpoint {endpoint_id}")
        return endpoint

    def all(self, tenant_id: str) -> Sequence[Endpoint]:
        """The tenant's, oldest first."""
        return self.book.of_tenant(tenant_id)

    def remove(self, tenant_id: str, endpoint_id: str) -> None:
        """The endpoint and its log are no more. Raises `NotFound`."""
        endpoint = self.find(tenant_id, endpoint_id)
        self.book.remove(endpoint_id, note=self._note(Act.WEBHOOK_DELETED, endpoint, before=_told(endpoint)))

    def enable(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """Serve it again, from where it was left. Raises `NotFound`."""
        endpoint = self.find(tenant_id, endpoint_id)
        self.book.enable(endpoint_id, note=self._note(Act.WEBHOOK_ENABLED, endpoint))
        return self.find(tenant_id, endpoint_id)

    def rotate(self, tenant_id: str, endpoint_id: str) -> tuple[str, int | None]:
        """A new secret; and until when the one before signs along (ms since the epoch), None: there was none.

        Raises `NotFound`, `CannotOpen`, `EndpointChanged`.
        """
        note = self._note(Act.WEBHOOK_ROTATED, self.find(tenant_id, endpoint_id))
        sealed = self.book.sealed(endpoint_id)
        secret, now = new_secret(self.entropy), self.clock.now_ms()
        before = None if sealed is None else self._opened(sealed, endpoint_id)
        first = Credentials(signing=(SigningSecret(secret),))
        after = first if before is None else rotated(before, secret, now=now)
        self.book.reseal(endpoint_id, self.box.seal(after, label=endpoint_id), was=sealed, note=note)
        return secret, None if before is None else now + OVERLAP_MS

    def replay(self, tenant: Tenant, endpoint_id: str, cursor: str) -> None:
        """Deliver everything behind that cursor again. Raises `NotFound`, `Disabled`, `CursorRefused`."""
        endpoint = self.find(tenant.tenant_id, endpoint_id)
        if endpoint.disabled_at is not None:
            raise Disabled(f"the endpoint {endpoint_id} is disabled: enable it first")
        position = position_of(self.feed, tenant, cursor, now=self.clock.now_ms())
        note = self._note(Act.WEBHOOK_REPLAYED, endpoint, after={"cursor": cursor})
        self.book.rewind(endpoint_id, position, note=note)

    def deliveries(self, tenant_id: str, endpoint_id: str, *, before: str | None, limit: int) -> Sequence[Logged]:
        """Its deliveries, newest first; those older than `before`, which is a `place_of` one of them.

        Raises `NotFound`, and `CursorRefused` for what is no such place.
        """
        self.find(tenant_id, endpoint_id)
        found = self.book.deliveries(endpoint_id, before=self._before(endpoint_id, before), limit=limit)
        attempts = self.book.attempts([each.delivery_id for each in found])
        return [Logged(each, attempts.get(each.delivery_id, ())) for each in found]

    def _note(self, act: Act, endpoint: Endpoint, *, before: Facts = _NONE, after: Facts = _NONE) -> Entry:
        return Entry(
            at=self.clock.now_ms(),
            who=self.who,
            act=act,
            subject=endpoint.endpoint_id,
            tenant_id=endpoint.tenant_id,
            before=before,
            after=after,
        )

    def _before(self, endpoint_id: str, place: str | None) -> int | None:
        if place is None:
            return None
        event, _, planned_at = place.rpartition("-")
        serial, seq = read_event_id(event)
        is_time = planned_at.isascii() and planned_at.isdigit() and len(planned_at) <= 15
        found = self.book.place_of(endpoint_id, serial, seq, int(planned_at)) if is_time else None
        if found is None:
            raise CursorRefused("there is no delivery at that place")
        return found

    def _opened(self, sealed: bytes, endpoint_id: str) -> Credentials:
        try:
            return self.box.open(sealed, label=endpoint_id)
        except CannotOpen as error:
            raise CannotOpen("its secrets cannot be opened any more: remove the endpoint and create it anew") from error


def place_of(delivery: Delivery) -> str:
    """A delivery's place in its log as it is written outside: its number would tell how much others are sent."""
    return f"{delivery.serial}-{delivery.seq}-{delivery.planned_at}"


def _told(endpoint: Endpoint, wish: Wish | None = None) -> Facts:
    """For the audit log: where it is, never what opens it. A URL's query is a secret as often as not."""
    urls = {"url": endpoint.url, "connect_url": endpoint.connect_url, "release_url": endpoint.release_url}
    facts: dict[str, str] = {name: url.partition("?")[0] for name, url in urls.items() if url is not None}
    return facts if wish is None or wish.auth is Auth.NONE else {**facts, "auth": wish.auth.value}


def _check(wish: Wish, callback_hosts: Collection[str] | None) -> None:
    if wish.format is Format.CLOUDEVENTS:
        _check_native(wish)
    else:
        _check_aicc(wish, callback_hosts)
        _check_auth(wish)


def _check_native(wish: Wish) -> None:
    for member in ("connect_url", "release_url", "shared_key", "oauth2"):
        if getattr(wish, member) is not None:
            raise WishRefused(member, "only endpoints of format aicc have it")
    if wish.auth is not Auth.NONE:
        raise WishRefused("auth", "only endpoints of format aicc have it: these are signed")
    if wish.url is None:
        raise WishRefused("url", "the member is mandatory and missing")
    _check_url("url", wish.url, None)
    _check_filter(wish.events)


def _check_filter(events: Sequence[str] | None) -> None:
    if events is None:
        return
    if not events:
        raise WishRefused("events", "an endpoint that wants nothing is none; leave it out for all events")
    if len(events) > LARGEST_FILTER:
        raise WishRefused("events", f"{LARGEST_FILTER} patterns at most", limit=LARGEST_FILTER)
    fault = filter_fault(events)
    if fault is not None:
        raise WishRefused("events", f"no event is named {fault[:80]}: call.ended, agent.* and * are examples")


def _check_aicc(wish: Wish, callback_hosts: Collection[str] | None) -> None:
    for member in ("url", "events"):
        if getattr(wish, member) is not None:
            raise WishRefused(member, "endpoints of format aicc have connectUrl and releaseUrl instead")
    for member, url in (("connect_url", wish.connect_url), ("release_url", wish.release_url)):
        if url is not None:
            _check_url(member, url, callback_hosts)


def _check_url(member: str, url: str, hosts: Collection[str] | None) -> None:
    fault = url_fault(url)
    if fault is not None:
        raise WishRefused(member, fault)
    refused = None if hosts is None else callback_fault(url, hosts)
    if refused is not None:
        raise WishRefused(member, refused.value)


def _check_auth(wish: Wish) -> None:
    if (wish.auth is Auth.SHARED_KEY) != (wish.shared_key is not None):
        raise WishRefused("shared_key", "the shared key goes with auth mode shared-key, and only with that")
    if (wish.auth is Auth.OAUTH2) != (wish.oauth2 is not None):
        raise WishRefused(
            "oauth2", "tokenUrl, clientId, clientSecret and scope go with auth mode oauth2, and only with that"
        )
    if wish.shared_key is not None:
        _check_word("shared_key", wish.shared_key, shortest=SHORTEST_KEY)
    if wish.oauth2 is not None:
        _check_url("token_url", wish.oauth2.token_url, None)
        _check_word("client_id", wish.oauth2.client_id)
        _check_word("client_secret", wish.oauth2.client_secret)
        _check_word("scope", wish.oauth2.scope or "-")


def _check_word(member: str, word: str, *, shortest: int = 1) -> None:
    if not shortest <= len(word) <= LONGEST_WORD or not word.isprintable():
        raise WishRefused(member, f"it takes {shortest}-{LONGEST_WORD} printable characters", limit=LONGEST_WORD)
