"""Signals that the table decides together."""

from __future__ import annotations

from twoleg.domain.signals import Kind

OF_RECORDING = (
    Kind.RECORDING_STARTED,
    Kind.RECORDING_PAUSED,
    Kind.RECORDING_RESUMED,
    Kind.RECORDING_STOPPED,
    Kind.RECORDING_FAILED,
)

TIMEOUTS_THAT_CROSSED = frozenset(
    {Kind.QUEUE_EXPIRED, Kind.AGENT_UNANSWERED, Kind.CUSTOMER_UNANSWERED, Kind.TALK_LIMIT}
)

PROVISIONALS = frozenset({Kind.AGENT_RINGING, Kind.CUSTOMER_RINGING, Kind.AGENT_EARLY_MEDIA, Kind.CUSTOMER_EARLY_MEDIA})

OF_TALKING = frozenset(
    kind for kind in Kind if kind.name.endswith(("_HELD", "_RESUMED", "_SILENT", "_HEARD")) and kind not in OF_RECORDING
)
