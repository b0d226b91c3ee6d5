"""Tenants and their rules: what a tenant may ask for, decided without looking at anything but values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from twoleg.domain.guards import NO_GUARDS, Guards
from twoleg.domain.media import MediaMode
from twoleg.domain.numbers import is_dialable, is_transparent_clip
from twoleg.domain.recording import AudioFormat, RecordingPolicy, may_record

TRIAL_CALLS_A_DAY = 10
"""The vendor's limit for trial tenants (createCall retCode 21)."""


@unique
class Profile(Enum):
    """Which of the vendor's two code tables a tenant is answered with."""

    AICC = "aicc"
    ITA = "ita"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of the service and what it may do."""

    tenant_id: str
    name: str
    profile: Profile
    access_codes: tuple[str, ...]
    """Its own service numbers; the first is displayed by default. At least one."""
    transparent_display: bool = False
    """May display numbers of 11-14 digits that are not its own."""
    phones: tuple[str, ...] | None = None
    """The agents' phones that may be rung; None: any."""
    callback_hosts: tuple[str, ...] = ()
    """Host names that callback URLs may name."""
    trial: bool = False
    trial_phones: tuple[str, ...] = ()
    """The agents' phones a trial tenant may ring."""
    retention_days: int = 90
    """How long ended calls stay queryable."""
    recording: RecordingPolicy = RecordingPolicy.OFF
    recording_days: int = 90
    """How long recordings are kept."""
    recording_format: AudioFormat = AudioFormat.PCM
    guards: Guards = NO_GUARDS
    has_do_not_call: bool = False
    """Whether there are numbers that it must not call; the list itself is the store's."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What an API client asks for; already of the right types and lengths."""

    caller: str
    called: str
    caller_present: str | None = None
    """Shown to the customer."""
    agent_present: str | None = None
    """Shown to the agent."""
    call_data: str | None = None
    agent_work_no: int | None = None
    callback_url: str | None = None
    recording: bool = False
    """Record it, though the tenant does not record every call."""
    media: MediaMode | None = None
    """How its phones shall hear each other; None: as the tenant's calls do."""


@unique
class Refusal(Enum):
    """Why a call is refused; each face has its own code for each."""

    DUPLICATE = "a call between the same two numbers is already waiting or ringing"
    BAD_NUMBER = "a number must be 1-32 characters: digits with an optional leading +"
    BAD_CLIP = "the displayed number is not one of the tenant's access codes"
    CALLBACK_NOT_ALLOWED = "the callback host is not on the tenant's allow-list"
    CALLER_NOT_ALLOWED = "the caller is not one of the tenant's enabled phones"
    TRIAL_CALLER_NOT_LISTED = "trial tenant: the caller is not on the whitelist"
    TRIAL_LIMIT = "trial tenant: no more than 10 calls a day"
    RECORDING_NOT_ALLOWED = "the tenant's calls are not recorded"
    DESTINATION_DENIED = "numbers with this prefix may not be called"
    QUIET_HOURS = "it may be within the tenant's quiet hours where this number is"
    DO_NOT_CALL = "the number is on the tenant's do-not-call list"
    CONCURRENT_CALLS = "the tenant has as many calls at once as it may have"
    CALLS_A_SECOND = "the tenant has placed as many calls within a second as it may"
    NUMBER_BUDGET = "this number has been called as often as the tenant may within the period"
    MEDIA_NOT_OFFERED = "the service is not set up for that kind of media"
    MEDIA_NOT_RECORDABLE = "a call that is recorded needs a relay: its media cannot be direct"


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal with the member at fault, by its name in `CallRequest`."""

    refusal: Refusal
    member: str | None = None


def check(tenant: Tenant, request: CallRequest) -> Refused | None:
    """The first rule that the request breaks, of those that need no look at other calls."""
    for member, number in (("caller", request.caller), ("called", request.called)):
        if not is_dialable(number):
            return Refused(Refusal.BAD_NUMBER, member)
    for member, clip in (("caller_present", request.caller_present), ("agent_present", request.agent_present)):
        if clip is not None and not _may_display(tenant, clip):
            return Refused(Refusal.BAD_CLIP, member)
    if tenant.trial and request.caller not in tenant.trial_phones:
        return Refused(Refusal.TRIAL_CALLER_NOT_LISTED, "caller")
    if tenant.phones is not None and request.caller not in tenant.phones:
        return Refused(Refusal.CALLER_NOT_ALLOWED, "caller")
    if request.recording and not may_record(tenant.recording):
        return Refused(Refusal.RECORDING_NOT_ALLOWED, "recording")
    return None


def _may_display(tenant: Tenant, clip: str) -> bool:
    return clip in tenant.access_codes or (tenant.transparent_display and is_transparent_clip(clip))
