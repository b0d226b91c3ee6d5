"""What goes over the wire of webhooks: endpoints, their secrets, their deliveries. Times: ms since the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from twoleg.application.cloud_event import event_id
from twoleg.application.webhook_desk import LONGEST_WORD, SHORTEST_KEY, Logged, Wish, place_of
from twoleg.application.webhook_ports import Attempted
from twoleg.domain.values import concealed
from twoleg.domain.webhooks import LARGEST_FILTER, LONGEST_URL, Auth, Endpoint, Format, OAuth2

_Url = Annotated[str, Meta(max_length=LONGEST_URL)]
_Word = Annotated[str, Meta(min_length=1, max_length=LONGEST_WORD)]
_Format = Annotated[
    Literal["cloudevents", "aicc"],
    Meta(description="`cloudevents`: events as CloudEvents 1.0. `aicc`: the vendor's connect and release callbacks."),
]


class AuthOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """How callbacks of format aicc authenticate themselves to a URL that came with a call."""

    mode: Literal["none", "shared-key", "oauth2"]
    shared_key: Annotated[str, Meta(min_length=SHORTEST_KEY, max_length=LONGEST_WORD)] | None = None
    token_url: _Url | None = None
    client_id: _Word | None = None
    client_secret: _Word | None = None
    scope: _Word | None = None

    __repr__ = concealed


class WebhookOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An endpoint to be."""

    format: _Format = "cloudevents"
    url: Annotated[_Url | None, Meta(description="Where CloudEvents are POSTed.")] = None
    events: Annotated[
        Annotated[list[str], Meta(min_length=1, max_length=LARGEST_FILTER)] | None,
        Meta(description="Only these: `call.ended`, `agent.*`, ... Without it: all."),
    ] = None
    connect_url: Annotated[_Url | None, Meta(description="Format aicc: where connect callbacks go.")] = None
    release_url: Annotated[
        _Url | None, Meta(description="Format aicc: where release callbacks go, unless the call brought a URL.")
    ] = None
    auth: Annotated[AuthOrder | None, Meta(description="Format aicc only.")] = None


class WebhookDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An endpoint, without its secrets."""

    id: str
    format: _Format
    status: Annotated[Literal["enabled", "disabled"], Meta(description="A receiver disables itself by answering 410.")]
    created_at: int
    url: str | None = None
    events: list[str] | None = None
    connect_url: str | None = None
    release_url: str | None = None
    disabled_at: int | None = None
    disabled_why: str | None = None


class WebhookCreated(WebhookDocument, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """A new endpoint with its secret."""

    secret: Annotated[str, Meta(description="`whsec_...`, shown this once: verify `webhook-signature` with it.")]

    __repr__ = concealed


class WebhookList(Struct, frozen=True):
    """The tenant's endpoints."""

    webhooks: list[WebhookDocument]


class RotatedDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A new secret."""

    id: str
    secret: Annotated[str, Meta(description="Shown this once. It signs from now on.")]
    previous_until: Annotated[int | None, Meta(description="Until then the one before it signs along.")] = None

    __repr__ = concealed


class ReplayOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """From where to deliver again."""

    after: Annotated[
        str, Meta(description="The id of an event, `0` (the oldest that is kept) or `latest` (nothing).", max_length=40)
    ]


class ReplayDocument(Struct, frozen=True):
    """Everything behind the cursor is on its way again."""

    id: str
    after: str


class AttemptedDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One attempt of a delivery."""

    at: int
    took_ms: int
    said: Annotated[str, Meta(description="The answer in a few words, or why there was none.")]
    status: Annotated[int | None, Meta(description="HTTP status; absent when no answer came.")] = None


class DeliveryDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One event on its way to the endpoint."""

    event: Annotated[str, Meta(description="The event's id, `SERIAL-SEQ`; sent as `webhook-id`.")]
    url: str
    state: Annotated[
        Literal["waiting", "due", "delivered", "expired", "gone"],
        Meta(description="`waiting`: for the event of its call before it. `due`: attempted at `dueAt`."),
    ]
    planned_at: int
    attempts: list[AttemptedDocument]
    due_at: int | None = None
    ended_at: int | None = None


class DeliveryList(Struct, frozen=True, omit_defaults=True):
    """Deliveries, newest first."""

    deliveries: list[DeliveryDocument]
    next: Annotated[str | None, Meta(description="Ask for `before` this; absent on the last page.")] = None


def wish_of(order: WebhookOrder) -> Wish:
    """The order in the application's words."""
    auth = order.auth or AuthOrder("none")
    given = (auth.token_url, auth.client_id, auth.client_secret)
    is_oauth2 = auth.mode == "oauth2" or any(each is not None for each in (*given, auth.scope))
    token_url, client_id, client_secret = (each or "" for each in given)
    oauth2 = OAuth2(token_url=token_url, client_id=client_id, client_secret=client_secret, scope=auth.scope)
    return Wish(
        format=Format(order.format),
        url=order.url,
        connect_url=order.connect_url,
        release_url=order.release_url,
        events=None if order.events is None else tuple(order.events),
        auth=Auth(auth.mode),
        shared_key=auth.shared_key,
        oauth2=oauth2 if is_oauth2 else None,
    )


def webhook_document(endpoint: Endpoint) -> WebhookDocument:
    """An endpoint as it is told."""
    is_native = endpoint.format is Format.CLOUDEVENTS
    return WebhookDocument(
        id=endpoint.endpoint_id,
        format=endpoint.format.value,
        status="enabled" if endpoint.disabled_at is None else "disabled",
        created_at=endpoint.created_at,
        url=endpoint.url,
        events=list(endpoint.events) if is_native else None,
        connect_url=endpoint.connect_url,
        release_url=endpoint.release_url,
        disabled_at=endpoint.disabled_at,
        disabled_why=endpoint.disabled_why,
    )


def delivery_list(logged: Sequence[Logged], *, is_full: bool) -> DeliveryList:
    """A page; `is_full`: there may be another one."""
    following = place_of(logged[-1].delivery) if is_full and logged else None
    return DeliveryList([_delivery(each) for each in logged], following)


def _delivery(logged: Logged) -> DeliveryDocument:
    delivery = logged.delivery
    return DeliveryDocument(
        event=event_id(delivery.serial, delivery.seq),
        url=delivery.url,
        state=delivery.state.value,
        planned_at=delivery.planned_at,
        attempts=[_attempt(each) for each in logged.attempts],
        due_at=delivery.due_at,
        ended_at=delivery.ended_at,
    )


def _attempt(attempted: Attempted) -> AttemptedDocument:
    return AttemptedDocument(attempted.at, attempted.took_ms, attempted.said, attempted.status)
