"""Parcels to send, and a carrier to send them with."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from domain.calls import T0, a_call
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.adapters.webhooks.addresses import AddressGuard
from twoleg.adapters.webhooks.carrier import HttpCarrier
from twoleg.adapters.webhooks.http import Poster
from twoleg.application.event_feed import Recorded
from twoleg.application.webhook_ports import Delivery, Parcel, Subject
from twoleg.domain.delivery import State
from twoleg.domain.events import Event, EventType
from twoleg.domain.webhooks import Credentials, Endpoint, Format, SigningSecret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twoleg.adapters.webhooks.http import Lookup

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
CALL = a_call()
SECRETS = Credentials(signing=(SigningSecret(SECRET),))


def native(url: str) -> Endpoint:
    return Endpoint(endpoint_id="we_1", tenant_id="t1", format=Format.CLOUDEVENTS, url=url, created_at=T0, cursor=0)


def vendors() -> Endpoint:
    return Endpoint(endpoint_id="callbacks-t1", tenant_id="t1", format=Format.AICC, created_at=T0, cursor=0)


def parcel(url: str, *, type_: EventType = EventType.CALL_ENDED, seq: int = 7) -> Parcel:
    delivery = Delivery(
        delivery_id=seq,
        endpoint_id="we_1",
        serial=CALL.serial,
        seq=seq,
        url=url,
        state=State.DUE,
        planned_at=T0,
        attempts=0,
        due_at=T0,
    )
    event = Event(serial=CALL.serial, seq=seq, at=T0 + 5, type=type_)
    recorded = Recorded(
        position=seq,
        tenant_id="t1",
        caller=CALL.agent.number,
        called=CALL.customer.number,
        call_data="Grüße, 客户",
        event=event,
    )
    return Parcel(delivery, recorded)


def subject(callback_url: str | None = None) -> Subject:
    return Subject(CALL, callback_url, 107)


def poster(
    allowed: Sequence[str] = ("127.0.0.0/8",), *, tls: ssl.SSLContext | None = None, lookup: Lookup | None = None
) -> Poster:
    return Poster(guard=AddressGuard(allowed), tls=tls or ssl.create_default_context(), lookup=lookup)


def carrier(through: Poster, *, seconds: float = 5.0) -> HttpCarrier:
    clock = SystemClock()
    return HttpCarrier(poster=through, clock=clock, monotonic=clock.monotonic, entropy=SystemEntropy(), seconds=seconds)
