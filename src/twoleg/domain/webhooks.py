"""Webhooks as values: endpoints, what each of them wants to hear and where, and the secrets it is served with."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, unique
from urllib.parse import urlsplit

from twoleg.domain.events import EventType
from twoleg.domain.values import Value, concealed, replace

ANY = "*"
LARGEST_FILTER = 64
"""Patterns an endpoint may have."""
LONGEST_URL = 2048
"""Characters."""
OVERLAP_MS = 24 * 60 * 60 * 1000
"""How long a replaced secret still signs beside the new one: a day for the receiver to change it."""

_TYPES = frozenset(each.value for each in EventType)
_SUBJECTS = frozenset(each.partition(".")[0] for each in _TYPES)
_VISIBLE = frozenset(map(chr, range(0x21, 0x7F)))


@unique
class Format(Enum):
    """What a receiver is sent."""

    CLOUDEVENTS = "cloudevents"
    """Every event that the filter lets through, as CloudEvents 1.0 JSON."""
    AICC = "aicc"
    """The vendor's two callbacks: a call is connected, a call has ended."""


@unique
class Auth(Enum):
    """How the vendor's callbacks authenticate themselves to a URL that came with a call."""

    NONE = "none"
    SHARED_KEY = "shared-key"
    """The body is signed by the rule of the vendor's page."""
    OAUTH2 = "oauth2"
    """A bearer token of the receiver's own token service (RFC 6749 section 4.4)."""


class Endpoint(Value, frozen=True, gc=False, kw_only=True):
    """A receiver of one tenant. Times in ms since the epoch."""

    endpoint_id: str
    tenant_id: str
    format: Format
    created_at: int
    cursor: int
    """The position in the event log up to which its deliveries are planned."""
    url: str | None = None
    """Where CloudEvents go."""
    connect_url: str | None = None
    """Where the vendor's connect callback goes; None: nowhere."""
    release_url: str | None = None
    """Where its release callback goes unless the call brought a URL of its own."""
    events: tuple[str, ...] = (ANY,)
    """The filter: names of events, or `agent.*`, or `*`. CloudEvents only."""
    disabled_at: int | None = None
    disabled_why: str | None = None

    def wants(self, type_: EventType) -> bool:
        """Whether the filter lets such an event through."""
        name = type_.value
        return any(each in (ANY, name, f"{name.partition('.')[0]}.*") for each in self.events)


def callbacks_of(tenant_id: str) -> str:
    """The id of the one endpoint of format AICC that a tenant has."""
    return f"callbacks-{tenant_id}"


class Planned(Value, frozen=True, gc=False):
    """An event that is to be delivered to one URL of an endpoint."""

    position: int
    serial: int
    seq: int
    url: str
    lane: str = ""
    """What keeps order within a call: of two deliveries of a call in the same lane the later one waits."""


def target(endpoint: Endpoint, type_: EventType, callback_url: str | None) -> str | None:
    """Where the endpoint wants an event of that type; None: it does not. `callback_url` came with the call."""
    if endpoint.disabled_at is not None:
        return None
    if endpoint.format is Format.CLOUDEVENTS:
        return endpoint.url if endpoint.wants(type_) else None
    if type_ is EventType.CALL_TALKING:
        return endpoint.connect_url
    return callback_url or endpoint.release_url if type_ is EventType.CALL_ENDED else None


def lane_of(endpoint: Endpoint, url: str) -> str:
    """The lane of a delivery. The vendor's two URLs share one when they are of one origin; others need not wait."""
    if endpoint.format is Format.CLOUDEVENTS:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def filter_fault(patterns: Iterable[str]) -> str | None:
    """The first pattern that fits no event; None: all are sound."""
    for pattern in patterns:
        subject, dot, rest = pattern.partition(".")
        if pattern not in _TYPES and pattern != ANY and not (subject in _SUBJECTS and dot and rest == ANY):
            return pattern
    return None


def url_fault(url: str) -> str | None:
    """What is wrong with a receiver's URL, in plain words; None: nothing that can be seen without asking it."""
    if len(url) > LONGEST_URL:
        return f"it is longer than {LONGEST_URL} characters"
    if not _VISIBLE.issuperset(url):
        return "only visible ASCII characters may occur in it"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "its host or port is none"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "it must begin with http:// or https:// and name a host"
    if parts.username is not None or parts.password is not None:
        return "it must not hold a user or password"
    return "it must not have a fragment" if parts.fragment else None


# ---------------------------------------------------------------------------- secrets


class SigningSecret(Value, frozen=True, gc=False):
    """A secret of Standard Webhooks: `whsec_` and the Base64 of 24-64 octets."""

    secret: str
    until: int | None = None
    """ms since the epoch: it was replaced, and signs no more from then on."""

    __repr__ = concealed


class OAuth2(Value, frozen=True, gc=False, kw_only=True):
    """The client credentials that the receiver's token service gave us."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str | None = None

    __repr__ = concealed


class Credentials(Value, frozen=True, gc=False, kw_only=True):
    """All that an endpoint is served with and nobody else may see."""

    signing: tuple[SigningSecret, ...]
    """The newest first; two at most."""
    auth: Auth = Auth.NONE
    shared_key: str | None = None
    oauth2: OAuth2 | None = None

    __repr__ = concealed

    def live(self, now: int) -> tuple[str, ...]:
        """The secrets that sign at that time, the newest first."""
        return tuple(each.secret for each in self.signing if each.until is None or now < each.until)


def rotated(credentials: Credentials, secret: str, *, now: int) -> Credentials:
    """With a new secret; the one before it signs along for `OVERLAP_MS`, any older one no more."""
    before = replace(credentials.signing[0], until=now + OVERLAP_MS)
    return replace(credentials, signing=(SigningSecret(secret), before))
