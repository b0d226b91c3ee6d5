"""What happened to a call: the only things that can move it. Signals carry facts, never wishes."""

from __future__ import annotations

from enum import unique

from twoleg.domain.call import Attempt, Role
from twoleg.domain.values import Value, Word


@unique
class Kind(Word):
    """The columns of the machine's table: each signal, split by role where the role decides."""

    START = "start"
    QUEUE_EXPIRED = "queued too long"
    AGENT_REFUSED = "agent cannot be dialled"
    CUSTOMER_REFUSED = "customer cannot be dialled"
    AGENT_PREPARED = "agent's INVITE written"
    CUSTOMER_PREPARED = "customer's INVITE written"
    AGENT_ATTEMPT_FAILED = "agent is tried elsewhere"
    CUSTOMER_ATTEMPT_FAILED = "customer is tried elsewhere"
    AGENT_RINGING = "agent ringing"
    CUSTOMER_RINGING = "customer ringing"
    AGENT_EARLY_MEDIA = "agent early media"
    CUSTOMER_EARLY_MEDIA = "customer early media"
    AGENT_ANSWERED = "agent answered"
    CUSTOMER_ANSWERED = "customer answered"
    AGENT_FAILED = "agent failed"
    CUSTOMER_FAILED = "customer failed"
    AGENT_UNANSWERED = "agent unanswered"
    CUSTOMER_UNANSWERED = "customer unanswered"
    AGENT_HUNG_UP = "agent hung up"
    CUSTOMER_HUNG_UP = "customer hung up"
    AGENT_RELEASED = "agent leg released"
    CUSTOMER_RELEASED = "customer leg released"
    AGENT_HELD = "agent holds"
    CUSTOMER_HELD = "customer holds"
    AGENT_RESUMED = "agent resumes"
    CUSTOMER_RESUMED = "customer resumes"
    GREETING_BEGAN = "greeting began"
    GREETING_ENDED = "greeting ended"
    AGENT_SILENT = "agent silent"
    CUSTOMER_SILENT = "customer silent"
    AGENT_HEARD = "agent heard again"
    CUSTOMER_HEARD = "customer heard again"
    BRIDGED = "bridged"
    BRIDGE_FAILED = "bridge failed"
    RECORDING_STARTED = "recording started"
    RECORDING_PAUSED = "recording paused"
    RECORDING_RESUMED = "recording resumed"
    RECORDING_STOPPED = "recording stopped"
    RECORDING_FAILED = "recording failed"
    TALK_LIMIT = "talk limit reached"
    HANGUP_REQUESTED = "hang-up requested"
    ENGINE_LOST = "engine lost"
    SERVICE_STOPPED = "service stops"
    FAULTED = "fault in a handler"


class WireFacts(Value, frozen=True, gc=False):
    """What the wire said about the end of a leg."""

    sip_status: int | None = None
    """Final SIP status 300-699; None when no response came."""
    sip_reason: str | None = None
    """Reason headers as received, joined by ", "."""
    cause: int | None = None
    """Q.850 cause 1-127; from the Reason header, else RFC 3398."""


NOTHING_HEARD = WireFacts()


class Start(Value, frozen=True, gc=False):
    """The conductor took the call from the queue: dial."""


class QueueExpired(Value, frozen=True, gc=False):
    """The call waited longer than its limit before it could be dialled."""


class LegRefused(Value, frozen=True, gc=False):
    """Nothing was sent: no trunk, no route, no channel, or our own engine refused."""

    role: Role
    cause: int
    detail: str
    attempt: Attempt | None = None
    """Where it got as far as a trunk that turned out to have no address."""


class LegPrepared(Value, frozen=True, gc=False):
    """An INVITE for the phone is written and waits for `SendInvite`: nothing of it is on the wire yet."""

    role: Role
    attempt: Attempt
    """As part of which it goes out: from now on the phone may have been rung, whatever dies."""
    record: bytes
    """The engine's own note of it, with which another engine can take it back; opaque to everybody else."""


class LegAttemptFailed(Value, frozen=True, gc=False):
    """A trunk, or one address of it, failed before the phone rang, and the next one is being tried."""

    role: Role
    attempt: Attempt
    """Complete, with its end."""
    wire: WireFacts
    detail: str
    """What happened, in one plain sentence."""


class LegRinging(Value, frozen=True, gc=False):
    """180 Ringing came. Repeats are expected (several forks, refreshed provisionals)."""

    role: Role
    attempt: Attempt | None = None
    """By which the phone was reached, as far as it is known; so in the signals below."""


class LegEarlyMedia(Value, frozen=True, gc=False):
    """A provisional response with a session description came: the phone's network sends audio before the answer."""

    role: Role
    attempt: Attempt | None = None


class LegAnswered(Value, frozen=True, gc=False):
    """A 2xx to the INVITE came; its ACK waits for `Acknowledge`."""

    role: Role
    attempt: Attempt | None = None
    record: bytes | None = None
    """As in `LegPrepared`: with which another engine can hang up."""


class LegFailed(Value, frozen=True, gc=False):
    """A final failure of the INVITE, or no response at all.

    408 and 480 after ringing mean "did not answer"; the machine decides that, by what it knows of the leg.
    """

    role: Role
    wire: WireFacts
    attempt: Attempt | None = None


class RingTimeout(Value, frozen=True, gc=False):
    """Our own ring timer ran out."""

    role: Role


class LegHungUp(Value, frozen=True, gc=False):
    """An answered phone ended its dialog (BYE, or a dialog that turned out to be gone)."""

    role: Role
    wire: WireFacts = NOTHING_HEARD


class LegReleased(Value, frozen=True, gc=False):
    """Nothing of the leg is left on the wire. Comes last and once, also after the end (487 to a CANCEL)."""

    role: Role
    wire: WireFacts = NOTHING_HEARD
    attempt: Attempt | None = None


class LegHeld(Value, frozen=True, gc=False):
    """An answered phone stopped to receive (sendonly or inactive, RFC 3264 8.4), and the change was passed on."""

    role: Role


class LegResumed(Value, frozen=True, gc=False):
    """A phone that held receives again."""

    role: Role


class AgentGreeting(Value, frozen=True, gc=False):
    """The agent hears a greeting, and the customer is not called before it is over."""

    is_over: bool


class LegSilent(Value, frozen=True, gc=False):
    """A relay got no audio from a phone that should send, for as long as is suspicious."""

    role: Role


class LegHeard(Value, frozen=True, gc=False):
    """Audio comes again from a phone that was silent."""

    role: Role


class Bridged(Value, frozen=True, gc=False):
    """Both phones have each other's media address: they can hear each other."""


class BridgeFailed(Value, frozen=True, gc=False):
    """The media of the two legs cannot be connected."""

    cause: int
    detail: str


class TalkLimitReached(Value, frozen=True, gc=False):
    """The longest allowed talk time is over."""


class HangUpRequested(Value, frozen=True, gc=False):
    """An API client or operator asked for the end of the call."""


class EngineLost(Value, frozen=True, gc=False):
    """The process that held this call's dialogs is gone; told by recovery at the next start."""


class ServiceStopped(Value, frozen=True, gc=False):
    """The service stops, and its patience with living calls is over: told by the process that holds the dialogs."""


class Faulted(Value, frozen=True, gc=False):
    """A handler of this call raised. The call ends; the service goes on."""

    detail: str


@unique
class RecordingNews(Word):
    """What a relay does about a recording while its call lives."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    FAILED = "failed"


class RecordingTold(Value, frozen=True, gc=False):
    """Something became of the call's recording; the call goes on either way."""

    news: RecordingNews
    detail: str | None = None
    """Why it failed."""


Signal = (
    Start
    | QueueExpired
    | LegRefused
    | LegPrepared
    | LegAttemptFailed
    | LegRinging
    | LegEarlyMedia
    | LegAnswered
    | LegFailed
    | RingTimeout
    | LegHungUp
    | LegReleased
    | LegHeld
    | LegResumed
    | AgentGreeting
    | LegSilent
    | LegHeard
    | Bridged
    | BridgeFailed
    | RecordingTold
    | TalkLimitReached
    | HangUpRequested
    | EngineLost
    | ServiceStopped
    | Faulted
)
