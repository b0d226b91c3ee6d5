"""`/v1/webhooks`: a tenant's receivers, and what became of what they were sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from msgspec.json import Decoder, encode
from msgspec.structs import asdict

from twoleg.api.http import Answer, Request, RequestHandler
from twoleg.api.native.body import decode
from twoleg.api.native.door import Door
from twoleg.api.native.problems import Kind, Problem, bad_member, not_found, over_limit
from twoleg.api.native.query import Query
from twoleg.api.native.webhook_wire import (
    ReplayDocument,
    ReplayOrder,
    RotatedDocument,
    WebhookCreated,
    WebhookList,
    WebhookOrder,
    delivery_list,
    webhook_document,
    wish_of,
)
from twoleg.application.errors import ApplicationError, NotFound
from twoleg.application.event_cursor import CursorAhead, CursorRefused
from twoleg.application.webhook_desk import Disabled, WebhookDesk, WishRefused
from twoleg.application.webhook_ports import CannotOpen, EndpointChanged
from twoleg.domain.tenant import Tenant
from twoleg.domain.webhooks import Format

WEBHOOKS_PATH: Final = "/v1/webhooks"
WEBHOOK_PATH: Final = "/v1/webhooks/{id}"
ROTATE_PATH: Final = "/v1/webhooks/{id}/rotate"
ENABLE_PATH: Final = "/v1/webhooks/{id}/enable"
REPLAY_PATH: Final = "/v1/webhooks/{id}/replay"
DELIVERIES_PATH: Final = "/v1/webhooks/{id}/deliveries"

PAGE: Final = 50
LONGEST_PAGE: Final = 500
_LONGEST_PLACE: Final = 60

_ORDER = Decoder(WebhookOrder)
_REPLAY = Decoder(ReplayOrder)
_MEMBERS = {
    "connect_url": "connectUrl",
    "release_url": "releaseUrl",
    "shared_key": "auth.sharedKey",
    "oauth2": "auth",
    "token_url": "auth.tokenUrl",
    "client_id": "auth.clientId",
    "client_secret": "auth.clientSecret",
    "scope": "auth.scope",
}
"""The desk's names of members -> the wire's, where they differ."""

Found = TypeVar("Found")
Act = Callable[["Webhooks", Request, Tenant], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The handlers. What they do blocks for a disk flush now and then, so it is done by one thread of their own."""

    door: Door
    desk: WebhookDesk
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="webhooks"))

    def behind_door(self, act: Act, *, known: tuple[str, ...] = ()) -> RequestHandler:
        """The handler that knows whose request it is. `known`: the parameters that it takes."""

        async def handle(request: Request) -> Answer:
            login = await self.door(request.headers)
            Query(request.query, known=known)
            acting = replace(self, desk=self.desk.acting_for(f"app:{login.app_key}"))
            try:
                return await act(acting, request, login.tenant)
            except ApplicationError as error:
                raise _problem(error) or error from error

        return handle

    async def create(self, request: Request, tenant: Tenant) -> Answer:
        """`POST /v1/webhooks`."""
        wish = wish_of(decode(_ORDER, request.body))
        hosts = tenant.callback_hosts
        created = await self._do(lambda: self.desk.create(tenant, wish, callback_hosts=hosts))
        document = WebhookCreated(**asdict(webhook_document(created.endpoint)), secret=created.secret)
        location = f"{WEBHOOKS_PATH}/{created.endpoint.endpoint_id}".encode()
        headers = ((b"location", location), (b"cache-control", b"no-store"))
        return Answer(encode(document), 201 if wish.format is Format.CLOUDEVENTS else 200, headers)

    async def list(self, _: Request, tenant: Tenant) -> Answer:
        """`GET /v1/webhooks`."""
        found = await self._do(lambda: self.desk.all(tenant.tenant_id))
        return Answer(encode(WebhookList([webhook_document(each) for each in found])))

    async def get(self, request: Request, tenant: Tenant) -> Answer:
        """`GET /v1/webhooks/{id}`."""
        found = await self._do(lambda: self.desk.find(tenant.tenant_id, _id(request)))
        return Answer(encode(webhook_document(found)))

    async def remove(self, request: Request, tenant: Tenant) -> Answer:
        """`DELETE /v1/webhooks/{id}`."""
        await self._do(lambda: self.desk.remove(tenant.tenant_id, _id(request)))
        return Answer(b"", 204)

    async def rotate(self, request: Request, tenant: Tenant) -> Answer:
        """`POST /v1/webhooks/{id}/rotate`."""
        secret, until = await self._do(lambda: self.desk.rotate(tenant.tenant_id, _id(request)))
        document = RotatedDocument(_id(request), secret, until)
        return Answer(encode(document), headers=((b"cache-control", b"no-store"),))

    async def enable(self, request: Request, tenant: Tenant) -> Answer:
        """`POST /v1/webhooks/{id}/enable`."""
        found = await self._do(lambda: self.desk.enable(tenant.tenant_id, _id(request)))
        return Answer(encode(webhook_document(found)))

    async def replay(self, request: Request, tenant: Tenant) -> Answer:
        """`POST /v1/webhooks/{id}/replay`."""
        after = decode(_REPLAY, request.body).after
        await self._do(lambda: self.desk.replay(tenant, _id(request), after))
        return Answer(encode(ReplayDocument(_id(request), after)), 202)

    async def deliveries(self, request: Request, tenant: Tenant) -> Answer:
        """`GET /v1/webhooks/{id}/deliveries`."""
        query = Query(request.query, known=("before", "limit"))
        before, limit = query.text("before", longest=_LONGEST_PLACE), query.number("limit", least=1, most=LONGEST_PAGE)
        count = PAGE if limit is None else limit
        try:
            found = await self._do(
                lambda: self.desk.deliveries(tenant.tenant_id, _id(request), before=before, limit=count)
            )
        except CursorRefused as error:
            raise bad_member("before", "it is the `next` of the page before") from error
        return Answer(encode(delivery_list(found, is_full=len(found) == count)))

    async def _do(self, act: Callable[[], Found]) -> Found:
        return await asyncio.get_running_loop().run_in_executor(self.thread, act)


def webhook_routes(*, door: Door, desk: WebhookDesk) -> dict[str, dict[str, RequestHandler]]:
    """Pattern -> method -> handler."""
    webhooks = Webhooks(door, desk)
    behind = webhooks.behind_door
    return {
        WEBHOOKS_PATH: {"GET": behind(Webhooks.list), "POST": behind(Webhooks.create)},
        WEBHOOK_PATH: {"GET": behind(Webhooks.get), "DELETE": behind(Webhooks.remove)},
        ROTATE_PATH: {"POST": behind(Webhooks.rotate)},
        ENABLE_PATH: {"POST": behind(Webhooks.enable)},
        REPLAY_PATH: {"POST": behind(Webhooks.replay)},
        DELIVERIES_PATH: {"GET": behind(Webhooks.deliveries, known=("before", "limit"))},
    }


def _id(request: Request) -> str:
    return request.arguments["id"]


def _problem(error: ApplicationError) -> Problem | None:
    match error:
        case NotFound():
            return not_found("webhook")
        case WishRefused(limit=int(limit)):
            return over_limit(_member(error), limit, error.text)
        case WishRefused():
            return bad_member(_member(error), error.text)
        case CursorAhead(newest=int(newest)):
            return over_limit("after", newest, str(error))
        case CursorRefused():
            return bad_member("after", str(error))
        case Disabled() | CannotOpen() | EndpointChanged():
            return Problem(Kind.CONFLICT, str(error))
        case _:
            return None


def _member(error: WishRefused) -> str:
    return _MEMBERS.get(error.member, error.member)
