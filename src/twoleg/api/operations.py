"""What all faces do, in words: the list behind the OpenAPI document."""

from __future__ import annotations

from twoleg.api.aicc.describe import operations as aicc_operations
from twoleg.api.aicc.face import error_sample
from twoleg.api.aicc.samples import SAMPLES as AICC_SAMPLES
from twoleg.api.aicc.status_notify import operations as status_notify_operations
from twoleg.api.aicc.wire import ErrorResponse
from twoleg.api.native.describe import operations as native_operations
from twoleg.api.native.explain import operations as explain_operations
from twoleg.api.native.ladder import ladder_operations
from twoleg.api.native.recording import call_recording_operations
from twoleg.api.native.webhook_describe import operations as webhook_operations
from twoleg.api.openapi import Operation, Samples
from twoleg.api.probes import operations as probe_operations
from twoleg.api.recordings import recording_operations
from twoleg.api.samples import SAMPLES


def all_samples() -> Samples:
    """An answer of each operation."""
    return {**AICC_SAMPLES, **SAMPLES}


def all_operations() -> list[Operation]:
    """Every operation of the service, face by face."""
    return [
        *aicc_operations(),
        *native_operations(),
        *explain_operations(),
        *ladder_operations(),
        *call_recording_operations(),
        *recording_operations(ErrorResponse, error_sample),
        *webhook_operations(),
        *status_notify_operations(),
        *probe_operations(),
    ]
