"""Webhooks in words: their part of the OpenAPI document."""

from __future__ import annotations

from twoleg.api.native import webhooks
from twoleg.api.native.describe import operation, parameter
from twoleg.api.native.webhook_wire import (
    DeliveryList,
    ReplayDocument,
    ReplayOrder,
    RotatedDocument,
    WebhookCreated,
    WebhookDocument,
    WebhookList,
    WebhookOrder,
)
from twoleg.api.openapi import Operation, Parameter

_ID: Parameter = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The endpoint's id.",
    "example": "we_1bdd9d042d7822062d0da668",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"},
}
_NO_SUCH = {404: "There is no such endpoint, or it is another tenant's."}


def operations() -> list[Operation]:
    """The operations of webhooks."""
    return [_create(), _list(), _get(), _remove(), _rotate(), _enable(), _replay(), _deliveries()]


def _create() -> Operation:
    return operation(
        path=webhooks.WEBHOOKS_PATH,
        method="post",
        name="createWebhook",
        summary="Have events delivered to a URL",
        description="Every event from now on that the filter lets through: in order within each call, at least once, "
        "tried for a day, signed as Standard Webhooks says. Format aicc sets the tenant's callback URLs anew (200).",
        request=WebhookOrder,
        example=WebhookOrder(url="https://hooks.example.com/twoleg", events=["call.ended"]),
        response=WebhookCreated,
        status=201,
        headers={"Location": "The endpoint's path."},
        other_successes={200: ("The tenant's callback URLs are set.", WebhookCreated)},
        errors={},
    )


def _list() -> Operation:
    return operation(
        path=webhooks.WEBHOOKS_PATH,
        method="get",
        name="listWebhooks",
        summary="All endpoints of the tenant",
        description="Oldest first, without their secrets.",
        response=WebhookList,
        errors={},
    )


def _get() -> Operation:
    return operation(
        path=webhooks.WEBHOOK_PATH,
        method="get",
        name="getWebhook",
        summary="One endpoint",
        description="Without its secrets.",
        parameters=(_ID,),
        response=WebhookDocument,
        errors=_NO_SUCH,
    )


def _remove() -> Operation:
    return operation(
        path=webhooks.WEBHOOK_PATH,
        method="delete",
        name="removeWebhook",
        summary="Deliver nothing more to an endpoint",
        description="The endpoint and its delivery log are gone.",
        parameters=(_ID,),
        response=None,
        status=204,
        errors=_NO_SUCH,
    )


def _rotate() -> Operation:
    return operation(
        path=webhooks.ROTATE_PATH,
        method="post",
        name="rotateWebhookSecret",
        summary="Give an endpoint a new secret",
        description="The one before it signs along for a day; any older one no more.",
        parameters=(_ID,),
        response=RotatedDocument,
        errors=_NO_SUCH | {409: "Somebody else rotated it at the same time, or its secrets cannot be opened."},
    )


def _enable() -> Operation:
    return operation(
        path=webhooks.ENABLE_PATH,
        method="post",
        name="enableWebhook",
        summary="Serve a disabled endpoint again",
        description="It is told what happened meanwhile. Harmless when it is enabled.",
        parameters=(_ID,),
        response=WebhookDocument,
        errors=_NO_SUCH,
    )


def _replay() -> Operation:
    return operation(
        path=webhooks.REPLAY_PATH,
        method="post",
        name="replayWebhook",
        summary="Deliver everything behind a cursor again",
        description="With the same ids as before, so a receiver that remembers them does nothing twice.",
        parameters=(_ID,),
        request=ReplayOrder,
        example=ReplayOrder("0"),
        response=ReplayDocument,
        status=202,
        errors=_NO_SUCH | {409: "The endpoint is disabled."},
    )


def _deliveries() -> Operation:
    return operation(
        path=webhooks.DELIVERIES_PATH,
        method="get",
        name="listDeliveries",
        summary="What became of what an endpoint was sent",
        description="Newest first, each with its attempts.",
        parameters=(
            _ID,
            parameter("before", "The `next` of the page before.", type="string", maxLength=60),
            parameter(
                "limit", f"{webhooks.PAGE} when absent.", type="integer", minimum=1, maximum=webhooks.LONGEST_PAGE
            ),
        ),
        response=DeliveryList,
        errors=_NO_SUCH,
    )
