"""The ports: what the use cases need of the world. Adapters and test doubles keep to the contracts written here."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from twoleg.domain.call import Call
from twoleg.domain.effects import Acknowledge, Bridge, Dial, PassEarlyMedia, Release, Ringback, SendInvite
from twoleg.domain.guard_rules import Watch
from twoleg.domain.machine import Step
from twoleg.domain.recording import AudioFormat
from twoleg.domain.signals import Signal
from twoleg.domain.tenant import Refused, Tenant

# ---------------------------------------------------------------------------- time and chance


class Cancellable(Protocol):
    """A timer that can be stopped; stopping twice, or after it fired, is harmless."""

    def cancel(self) -> None:
        """Stop it."""


class Clock(Protocol):
    """The only source of time."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> Cancellable:
        """Run `action` on the loop after that many seconds."""


class Entropy(Protocol):
    """The only source of chance."""

    def bits(self, count: int) -> int:
        """A uniformly random integer of `count` bits, fit for secrets."""


# ---------------------------------------------------------------------------- the engine's side of the store


class CallJournal(Protocol):
    """Where the conductor makes steps durable. One engine process writes; queued calls are added by others."""

    def append(self, step: Step, on_durable: Callable[[], None]) -> None:
        """Make the step's call, legs, events and (when it ended) CDR durable in one transaction, then run `on_durable`.

        Returns at once. Callbacks run on the loop, in the order of `append`, each exactly once. Steps may share a
        transaction (group commit). While the store is in trouble the steps are kept, in order, and tried again; nothing
        is dropped and nothing raises out of here.
        """

    def queued(self, known: Container[int] = ()) -> Iterable[Call]:
        """All calls in phase QUEUED, oldest first, but for those whose serials are `known`."""

    def live(self) -> Iterable[Call]:
        """All calls that were dialled and have not ended: what a dead engine left behind."""

    def hangup_requests(self) -> Sequence[int]:
        """Serials whose hang-up was asked for and whose call has not ended."""

    def overdue(self) -> Sequence[int]:
        """Serials of calls that the sweeper found to have outlived their timers, ended or not."""

    async def drained(self) -> None:
        """Wait until everything appended so far is durable."""


# ---------------------------------------------------------------------------- the API's side of the store


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An `Idempotency-Key` and the digest of the body it came with."""

    key: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Intent:
    """A call to be stored in phase QUEUED, with everything that must be decided in the same transaction."""

    call: Call
    callback_url: str | None = None
    agent_work_no: int | None = None
    idempotency: Idempotency | None = None
    calls_a_day: int | None = None
    """No more than this many calls of the tenant since `day_start` (ms since the epoch); None: no limit."""
    day_start: int = 0
    record_as: AudioFormat | None = None
    """Record it in that format as soon as both talk; None: do not."""
    watch: Watch | None = None
    """What the tenant's guards want counted first."""
    refused: Refused | None = None
    """The rule it breaks already: the answer, unless an earlier one of the same Idempotency-Key stands."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The call is durable under this serial."""

    serial: int
    replayed: bool = False
    """True: this is the first answer of the same Idempotency-Key; nothing new was stored."""


class CallIntake(Protocol):
    """Where new calls and wishes enter."""

    async def place(self, intent: Intent) -> Placed | Refused:
        """Store the call, its `call.queued` event and idempotency record in one durable transaction.

        Refused: DUPLICATE (same tenant, caller and called in state 0 or 1), TRIAL_LIMIT, a guard's. Raises
        `IdempotencyConflict`, `SerialTaken`, `StoreUnavailable`. An idempotent replay (same key and body within 24 h)
        is answered before any other rule.
        """

    async def request_hangup(self, serial: int, *, at: int) -> None:
        """Note, durably, that the call shall end. Harmless when it has ended. Raises `StoreUnavailable`."""


class Nudge(Protocol):
    """Tells the engine process that there is something new in the store. Best effort: the engine looks by itself."""

    def __call__(self) -> None:
        """Never blocks, never raises."""


class CallStatus(NamedTuple):
    """What a status query shows of a call; one row, read by primary key. Times in ms since the epoch."""

    phase: int
    reason: int | None
    cause: int | None
    caller: str
    called: str
    caller_present: str
    agent_present: str
    call_data: str | None
    started_at: int | None
    ended_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkState:
    """What the engine knows of a trunk that it watches."""

    name: str
    is_up: bool
    why: str
    """In a few plain words: "registered until ...", "no answer to OPTIONS"."""
    changed_at: int
    """ms since the epoch."""


class TrunkBoard(Protocol):
    """Where the engine leaves the state of its trunks for operators. Both may block; both raise `StoreUnavailable`."""

    def put(self, state: TrunkState) -> None:
        """From now on this is the trunk's state."""

    def clear(self) -> None:
        """Nothing is known of any trunk: an engine starts or stops."""

    def states(self) -> Sequence[TrunkState]:
        """What is known, by name."""


class CallReader(Protocol):
    """Reads of committed calls; synchronous, about 10 microseconds."""

    def status(self, serial: int, tenant_id: str) -> CallStatus | None:
        """The call's status, never older than any commit acknowledged before this turn of the event loop began.

        None: not a call of this tenant.
        """

    def call(self, serial: int) -> Call | None:
        """The whole call with both legs' facts, of any tenant: for operators."""


# ---------------------------------------------------------------------------- tenants, apps, tokens


@dataclass(frozen=True, slots=True)
class App:
    """An API client of a tenant."""

    app_key: str
    tenant_id: str
    secret_hash: str = field(repr=False)
    enabled: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs tokens. One of the newest signs, all verify."""

    key_id: str
    secret: bytes = field(repr=False)
    created_at: int = field(default=0, compare=False)
    """Ms since the epoch."""


class Directory(Protocol):
    """Tenants, apps and signing keys; synchronous reads by primary key, always the committed truth."""

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant with its rules."""

    def tenants(self) -> Sequence[Tenant]:
        """All, oldest first."""

    def app(self, app_key: str) -> App | None:
        """The app, enabled or not."""

    def apps(self, tenant_id: str | None = None) -> Sequence[App]:
        """All of one tenant, or of all, oldest first."""

    def is_enabled(self, app_key: str) -> bool:
        """Whether the app exists and is enabled: asked for every request, so one lookup."""

    def signing_keys(self) -> Sequence[SigningKey]:
        """Newest first, but for those that cannot be opened with the key file beside the store."""


class SecretHasher(Protocol):
    """Slow, salted hashing of app secrets."""

    def hash(self, secret: str) -> str:
        """A self-describing salted hash."""

    def verify(self, secret_hash: str, secret: str) -> bool:
        """Constant-time; False for a wrong secret and for a hash that is none."""


# ---------------------------------------------------------------------------- the engine


@dataclass(frozen=True, slots=True)
class Full:
    """A call cannot be started now, for lack of room."""

    trunks: frozenset[str]
    """The trunks in its way: room in any of them is worth another look."""
    seconds: float | None = None
    """When the first of them has room by itself (calls per second); None: not before one of their legs ends."""


EngineEffect = Dial | SendInvite | Acknowledge | Release | Ringback | PassEarlyMedia | Bridge


class CallEngine(Protocol):
    """Drives phones. What happens comes back as signals to the sink given at construction: `sink(serial, signal)`.

    For each performed `Dial` the engine tells, in this order: LegPrepared for each INVITE, which `SendInvite` lets go;
    any number of LegRinging / LegEarlyMedia; then at most one of LegAnswered, LegFailed, LegRefused; after LegAnswered,
    whose ACK `Acknowledge` lets go, at most one LegHungUp; and last, exactly once, LegReleased (not after LegRefused:
    nothing was ever on the wire). A LegAttemptFailed may come for each trunk or address that failed before.
    """

    def reserve(self, call: Call) -> Signal | Full | None:
        """Keep room for both legs of a QUEUED call, so that no phone is rung in vain; None: it is kept.

        Full: nothing is kept, ask again later. A LegRefused when one of the two numbers has no route, or all its trunks
        are down. Room is given back when its leg is over, when the call has ended before the leg was dialled, and by
        `forget`; each time the engine tells `room(trunk)`, a callback given at construction.
        """

    def perform(self, call: Call, effect: EngineEffect) -> None:
        """Begin the effect and return. What fails later comes as a signal; what raises here is a fault."""

    def forget(self, call: Call) -> None:
        """Drop what is kept for a call that is over on the wire too; `call` is as it ended."""
