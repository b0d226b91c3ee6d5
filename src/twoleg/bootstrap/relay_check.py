"""Whether the relays that `[media]` names are there, and whether what calls are to hear and leave behind can be had."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from twoleg.adapters.media.relay import RelayTrouble
from twoleg.adapters.media.rtpengine.ng import NgClient
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.finding import Finding
from twoleg.bootstrap.media import check_sounds
from twoleg.bootstrap.media_choice import is_installed, settled
from twoleg.config import Address, Settings
from twoleg.domain.media import MediaMode
from twoleg.domain.recording import RecordingPolicy
from twoleg.domain.tenant import Tenant

_NOW = SystemClock().monotonic
_PATIENCE = 10.0
"""Seconds for a relay of our own to start and say which version it is."""
_START_AND_ASK = """
import sys
from twoleg.adapters.media.rtpio.process import EmbeddedRelay, RelayUnavailable, RtpioPlan
try:
    relay = EmbeddedRelay(RtpioPlan(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
except RelayUnavailable as error:
    sys.exit(str(error))
print(relay.ask(b"V").decode())
"""
"""In a process of its own, which it may take down with it."""


def relay_findings(settings: Settings) -> list[Finding]:
    """One for each relay that some call may get, and one for whatever else of `[media]` would not work."""
    known = settled(settings)
    modes = known.media.modes
    findings: list[Finding] = []
    if MediaMode.RTPENGINE.value in modes:
        findings += asyncio.run(_ask_daemons(known))
        findings += _captures(known.media.rtpengine_captures)
    if MediaMode.RTPIO.value in modes and is_installed():
        findings.append(_embedded(known))
    try:
        check_sounds(known)
    except ServiceError as error:
        findings.append(Finding("greeting", sound=False, says=str(error)))
    return findings


def recording_findings(settings: Settings, tenants: Sequence[Tenant]) -> list[Finding]:
    """Tenants whose calls are to be recorded, by media that no relay of ours carries."""
    media = settled(settings).media
    direct = MediaMode.DIRECT.value
    return [
        Finding(
            f"tenant {tenant.tenant_id}",
            sound=False,
            says="its calls are to be recorded, and their media is direct: every recording would fail",
        )
        for tenant in tenants
        if tenant.recording is RecordingPolicy.ALWAYS and media.tenants.get(tenant.tenant_id, media.mode) == direct
    ]


async def _ask_daemons(settings: Settings) -> list[Finding]:
    tag = f"{SystemEntropy().bits(64):016x}-"
    return list(await asyncio.gather(*(_ask(each, tag) for each in settings.media.rtpengine)))


async def _ask(address: Address, tag: str) -> Finding:
    ng = NgClient(host=address.host, port=address.port, tag=tag)
    what, began = f"rtpengine {address.host_port}", _NOW()
    try:
        await ng.connect()
        await ng.ask("ping")
    except (RelayTrouble, OSError) as trouble:
        return Finding(what, sound=False, says=f"is down: {trouble}")
    finally:
        ng.close()
    return Finding(what, sound=True, says="answers", milliseconds=(_NOW() - began) * 1000)


def _captures(folder: str | None) -> list[Finding]:
    what = "rtpengine captures"
    if folder is None:
        return [Finding(what, sound=True, says="media.rtpengine_captures is not set: nothing can be recorded there")]
    if not Path(folder).is_dir():
        return [Finding(what, sound=False, says=f"there is no folder {folder}: recordings would find nothing")]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return [Finding(what, sound=False, says=f"{folder} cannot be read and written: recordings would fail")]
    return [Finding(what, sound=True, says=folder)]


def _embedded(settings: Settings) -> Finding:
    what, media = "rtp-io", settings.media
    hosts = [each.host for each in settings.sip.listen if ":" not in each.host]
    if not hosts:
        return Finding(what, sound=False, says="it relays IPv4 only, and sip.listen has no IPv4 address")
    ports = (str(media.rtpio_port_min), str(media.rtpio_port_max))
    command = [sys.executable, "-c", _START_AND_ASK, hosts[0], *ports]
    began = _NOW()
    try:
        asked = subprocess.run(  # noqa: S603 - ourselves, with an address and two numbers of the configuration
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding(what, sound=False, says=f"does not answer within {_PATIENCE:g} s")
    if asked.returncode != 0:
        why = asked.stderr.strip().rpartition("\n")[2] or f"it died with code {asked.returncode}"
        return Finding(what, sound=False, says=f"is down: {why}")
    calls = (media.rtpio_port_max - media.rtpio_port_min + 1) // 4
    says = f"answers; ports {'-'.join(ports)}, enough for {calls} calls at once"
    return Finding(what, sound=True, says=says, milliseconds=(_NOW() - began) * 1000)
