"""Whether a configuration would work: its store, its addresses, relays and trunks. Looks, and changes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from twoleg.application.errors import ApplicationError
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.finding import Finding
from twoleg.bootstrap.lock import serving_pid
from twoleg.bootstrap.media_choice import choose_media, settled
from twoleg.bootstrap.operator import operator
from twoleg.bootstrap.probe import Answer, ask_trunks
from twoleg.bootstrap.relay_check import recording_findings, relay_findings
from twoleg.bootstrap.signalling import tls_of
from twoleg.bootstrap.sockets import bind_all, sandbox_address
from twoleg.bootstrap.store_file import file_of
from twoleg.bootstrap.trunks import trunks_of
from twoleg.config import Address, Settings
from twoleg.domain.trunk import Trunk


def check(settings: Settings) -> list[Finding]:
    """All findings, in the order of their importance to somebody who sets the service up."""
    pid = serving_pid(file_of(settings.store.url))
    findings = [Finding("configuration", sound=True, says=str(settings.source)), _store(settings)]
    if pid is None:
        findings.append(_addresses(settings))
    else:
        findings.append(Finding("service", sound=True, says=f"running, process {pid}"))
    findings += [_media(settings), *relay_findings(settings), *_recordings(settings)]
    return findings + _trunks(settings, is_running=pid is not None)


def _store(settings: Settings) -> Finding:
    file = file_of(settings.store.url)
    if not file.exists():
        return _store_to_be(file)
    try:
        with operator(settings) as opened:
            tenants = opened.directory.tenants()
            apps = [app for app in opened.directory.apps() if app.enabled]
    except ApplicationError as error:
        return Finding("store", sound=False, says=f"{file}: {error}")
    says = f"{file}: {_count(len(tenants), 'tenant')}, {_count(len(apps), 'enabled app')}"
    return Finding("store", sound=True, says=says)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _store_to_be(file: Path) -> Finding:
    if not file.parent.is_dir():
        return Finding("store", sound=False, says=f"{file}: there is no folder {file.parent}")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        return Finding("store", sound=False, says=f"{file}: the folder {file.parent} cannot be written to")
    return Finding("store", sound=True, says=f"{file}: will be created")


def _addresses(settings: Settings) -> Finding:
    try:
        tls_of(settings)
        sockets = bind_all(settled(settings))
    except ServiceError as error:
        return Finding("addresses", sound=False, says=str(error))
    sockets.close()
    sip = " ".join(f"{each.transport}:{each.host_port}" for each in settings.sip.listen)
    taken = f"; {sockets.warnings[0]}" if sockets.warnings else ""
    return Finding("addresses", sound=True, says=f"http {settings.http.listen}, sip {sip} are free{taken}")


def _media(settings: Settings) -> Finding:
    found = choose_media(settings)
    return Finding("media", sound=found.is_sound, says=f"{found.mode}: {found.why}")


def _recordings(settings: Settings) -> list[Finding]:
    if not file_of(settings.store.url).exists():
        return []
    try:
        with operator(settings) as opened:
            return recording_findings(settings, opened.directory.tenants())
    except ApplicationError:
        return []  # told as a finding on the store


def _trunks(settings: Settings, *, is_running: bool) -> list[Finding]:
    own = sandbox_address(settings) if settings.sandbox.enabled else None
    trunks = trunks_of(settings, sandbox=None if own is None else f"sip:{own.host_port}")
    if not trunks:
        return [Finding("trunks", sound=False, says="there is no [[trunk]]: every call would end with reason 6")]
    answers = asyncio.run(ask_trunks(trunks, settings))
    return (
        _watched(settings, is_running=is_running)
        + _one_channel(trunks)
        + [
            _trunk(trunk, answer, is_own=own is not None and _leads_to(trunk, own), is_running=is_running)
            for trunk, answer in zip(trunks, answers, strict=True)
        ]
    )


def _one_channel(trunks: Sequence[Trunk]) -> list[Finding]:
    """Trunks that have one channel, while a call needs two. Where there are others, one of them may take a leg."""
    return [
        Finding(
            f"channels of trunk {trunk.name}",
            sound=len(trunks) > 1,
            says="channels = 1: a call between two numbers that only this trunk takes ends with reason 6, cause 34",
        )
        for trunk in trunks
        if trunk.channels == 1
    ]


def _watched(settings: Settings, *, is_running: bool) -> list[Finding]:
    """What the running engine says of the trunks that it registers at or asks."""
    if not is_running:
        return []
    try:
        with operator(settings) as opened:
            states = opened.trunks.states()
    except ApplicationError:
        return []  # told as a finding on the store
    return [
        Finding(f"trunk {state.name}", sound=state.is_up, says=f"{'up' if state.is_up else 'down'}: {state.why}")
        for state in states
    ]


def _leads_to(trunk: Trunk, own: Address) -> bool:
    return trunk.uri == f"sip:{own.host_port}"


def _trunk(trunk: Trunk, answer: Answer, *, is_own: bool, is_running: bool) -> Finding:
    what = f"trunk {trunk.name}"
    if answer.status is not None:
        return Finding(what, sound=True, says=f"{trunk.uri} answers {answer.status}", milliseconds=answer.milliseconds)
    if is_own and not is_running:
        return Finding(what, sound=True, says=f"{trunk.uri} is the sandbox: it starts with the service")
    return Finding(what, sound=False, says=f"{trunk.uri} is down: {answer.why}")
