"""The rules that a call is held to before the store is asked: of its tenant, callback, media and guards."""

from __future__ import annotations

from twoleg.application.numbering import Numbering
from twoleg.domain.callbacks import CallbackRefused, callback_fault
from twoleg.domain.guard_rules import NumberFacts, Watch, check_numbers
from twoleg.domain.media import MediaMode
from twoleg.domain.recording import is_wanted
from twoleg.domain.tenant import CallRequest, Refusal, Refused, Tenant, check


class CallRules:
    """One for each process."""

    def __init__(self, numbering: Numbering, media: frozenset[MediaMode] = frozenset()) -> None:
        """`media`: what a call may ask for, which is what the service is set up for."""
        self._numbering = numbering
        self._media = media

    def broken(self, tenant: Tenant, request: CallRequest, *, now_ms: int) -> Refused | None:
        """The first rule that the request breaks, of those that need no look at other calls."""
        return (
            check(tenant, request)
            or _check_callback(tenant, request)
            or _check_media(tenant, request, self._media)
            or self._check_numbers(tenant, request, now_ms)
        )

    def _check_numbers(self, tenant: Tenant, request: CallRequest, now_ms: int) -> Refused | None:
        guards = tenant.guards
        if not guards.look_at_numbers:
            return None
        called = self._numbering.facts(request.called, region=guards.region)
        if guards.quiet_hours is not None:
            minutes = self._numbering.local_minutes(
                request.called, region=guards.region, otherwise=guards.quiet_hours.zone, now_ms=now_ms
            )
            called = NumberFacts(called.given, called.international, called.spellings, minutes)
        return check_numbers(
            tenant, request, caller=self._numbering.facts(request.caller, region=guards.region), called=called
        )

    def watch(self, tenant: Tenant, request: CallRequest) -> Watch | None:
        """What the store has to count before the call may be placed; None: nothing."""
        guards = tenant.guards
        if not guards.count_calls and not tenant.has_do_not_call:
            return None
        has_numbers = tenant.has_do_not_call or guards.number_budget is not None
        return Watch(
            guards,
            caller=self._spellings(request.caller, guards.region) if has_numbers else (),
            called=self._spellings(request.called, guards.region) if has_numbers else (),
            has_list=tenant.has_do_not_call,
        )

    def _spellings(self, number: str, region: str | None) -> tuple[str, ...]:
        return self._numbering.facts(number, region=region).spellings


def _check_callback(tenant: Tenant, request: CallRequest) -> Refused | None:
    """The rule that the request's callback URL breaks."""
    if request.callback_url is None:
        return None
    fault = callback_fault(request.callback_url, tenant.callback_hosts)
    return fault and CallbackRefused(Refusal.CALLBACK_NOT_ALLOWED, "callback_url", fault)


def _check_media(tenant: Tenant, request: CallRequest, offered: frozenset[MediaMode]) -> Refused | None:
    """The rule that the media asked for breaks. Whom a tenant records is no client's to get round by media."""
    if request.media is None:
        return None
    if request.media not in offered:
        return Refused(Refusal.MEDIA_NOT_OFFERED, "media")
    if request.media is MediaMode.DIRECT and is_wanted(tenant.recording, asked=request.recording):
        return Refused(Refusal.MEDIA_NOT_RECORDABLE, "media")
    return None
