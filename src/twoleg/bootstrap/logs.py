"""The log: JSON lines on stderr, an event in plain words each, and with it the call's serial, tenant and leg."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO, Protocol, Self, cast

import msgspec
import structlog
from structlog.typing import Processor

from twoleg.adapters.system import SystemClock
from twoleg.bootstrap.relay import Onto
from twoleg.domain.call import Call
from twoleg.domain.effects import Effect
from twoleg.domain.events import Event, EventType
from twoleg.domain.machine import Step
from twoleg.domain.signals import Signal


class Log(Protocol):
    """A bound structlog logger as this project calls it: an event in plain words, facts beside it."""

    def bind(self, **facts: Any) -> Self:
        """The same with these facts on every line."""

    def debug(self, event: str, /, **facts: Any) -> Any:
        """For whoever hunts a fault."""

    def info(self, event: str, /, **facts: Any) -> Any:
        """Worth knowing."""

    def warning(self, event: str, /, **facts: Any) -> Any:
        """Worth a look."""

    def error(self, event: str, /, **facts: Any) -> Any:
        """Somebody must do something."""

    def is_enabled_for(self, level: int) -> bool:
        """Whether lines of that level (of the logging module) are written."""

    def exception(self, event: str, /, **facts: Any) -> Any:
        """The same, with the traceback of what is being handled."""


_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_CLOCK = SystemClock()
_JSON = msgspec.json.Encoder(enc_hook=repr, order=None)


def _encode(event: MutableMapping[str, Any], **_: Any) -> bytes:
    """When, how bad and what first: the three that eyes look for."""
    first = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), "event": event.pop("event")}
    return _JSON.encode({**first, **event})


def _line(logger: Any, method: str, event: MutableMapping[str, Any]) -> bytes:
    """A whole line in one step, as `_SHARED` and `_encode` would make it: a call is worth four of them."""
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, cast("dict[str, Any]", event))
    level = "error" if method == "exception" else method
    return _JSON.encode({"timestamp": _stamp(), "level": level, "event": event.pop("event"), **event})


def _stamp() -> str:
    """Now, in UTC, to the millisecond (RFC 3339)."""
    seconds, ms = divmod(_CLOCK.now_ms(), 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


_SHARED: tuple[Processor, ...] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def open_log(level: str, *, process: str, onto: Onto | None = None) -> Log:
    """Set up logging for this process, libraries' included; each line says which process wrote it."""
    out = onto or sys.stderr.buffer
    structlog.configure(
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", out)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_TextOnto(out))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, _bind_process(process)],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=lambda event, **_: _encode(event).decode()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(_LEVELS[level], logging.WARNING), force=True)
    bound: Log = structlog.get_logger(process=process)
    return bound


class _TextOnto:
    """What the standard library's handler writes its text to."""

    def __init__(self, out: Onto) -> None:
        self._out = out

    def write(self, text: str) -> None:
        self._out.write(text.encode())

    def flush(self) -> None:
        self._out.flush()


def operator_log(level: str) -> Log:
    """For a command that a person runs: short lines on stderr. Changes nothing about logging in this process."""
    bound: Log = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[_for_people],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
    )
    return bound


def _for_people(_logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    said = event.pop("event")
    facts = "".join(f", {name} {fact}" for name, fact in event.items() if name != "exc_info")
    return f"twoleg: {method}: {said}{facts}"


def _bind_process(process: str) -> Processor:
    def bind(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return bind


_TOLD = frozenset(
    {
        EventType.AGENT_DIALLED,
        EventType.AGENT_ATTEMPT_FAILED,
        EventType.CUSTOMER_DIALLED,
        EventType.CUSTOMER_ATTEMPT_FAILED,
        EventType.CALL_TALKING,
        EventType.CALL_ENDED,
    }
)
"""The events that move a call to another phase, and trunks that failed it; the others are for debugging."""


class CallLines:
    """The conductor's `CallLog`: a line for each change of phase, at debug level one for every other event too."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._tells_all = log.is_enabled_for(logging.DEBUG)

    def stepped(self, step: Step, signal: Signal) -> None:
        """The events of the step, in order."""
        for event in step.events:
            if event.type in _TOLD:
                self._log.info(event.type.value, **_of(step.call), **_known_of(event), signal=type(signal).__name__)
            elif self._tells_all:
                self._log.debug(event.type.value, **_of(step.call), **_known_of(event), signal=type(signal).__name__)

    def faulted(self, call: Call, at: Signal | Effect, error: Exception) -> None:
        """With the traceback: this is ours to mend."""
        self._log.error("call faulted", **_of(call), at=type(at).__name__, exc_info=error)

    def unknown_call(self, serial: int, signal: Signal) -> None:
        """Nothing is lost by it: the call is over."""
        self._log.debug("signal for a call that is over", call=serial, signal=type(signal).__name__)


def _of(call: Call) -> dict[str, Any]:
    return {"call": call.serial, "tenant": call.tenant_id}


def _known_of(event: Event) -> dict[str, Any]:
    """The event's facts that are there."""
    facts = {
        "leg": event.leg.value if event.leg else None,
        "sip_status": event.sip_status,
        "sip_reason": event.sip_reason,
        "cause": event.cause,
        "reason": event.reason,
        "detail": event.detail,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


_REMEMBERED = 1024


class EngineLines:
    """The SIP engine's log. Strangers who call us are told of once each: scanners call all day."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._told: set[str] = set()

    def rejected_invite(self, source: str, target: str) -> None:
        """Somebody called us; we take no calls."""
        say = self._log.debug if source in self._told or len(self._told) >= _REMEMBERED else self._log.info
        self._told.add(source)
        say("refused an incoming call", source=source, target=target)

    def fault(self, serial: int | None, error: Exception) -> None:
        """With the traceback: this is ours to mend."""
        self._log.error("engine fault", call=serial, exc_info=error)
