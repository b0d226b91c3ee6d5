"""The supervisor over real child processes: small scripts that play the parts."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import CapturingLogger

from patience import eventually, eventually_async
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.relay import Relay
from twoleg.bootstrap.supervisor import ChildPlan, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

WELL = """
    import signal, sys
    orders = sys.stdin.readline()
    note(f"start {os.getpid()} {orders.strip()}")
    signal.signal(signal.SIGTERM, lambda *_: (note(f"stop {os.getpid()}"), os._exit(0)))
    print("ready", flush=True)
    sys.stdin.read()
    note("alone")
"""
STUBBORN = WELL.replace("signal.signal(signal.SIGTERM,", "signal.signal(signal.SIGTERM, signal.SIG_IGN); ignored = (")
STILLBORN = "    sys.exit(3)\n"


class Notes:
    """What the children wrote down, in order."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "notes"
        self.file.touch()

    @property
    def lines(self) -> list[str]:
        return self.file.read_text().splitlines()

    def of(self, word: str) -> list[str]:
        return [line for line in self.lines if line.startswith(word)]

    def plan(self, name: str, script: str = WELL) -> ChildPlan:
        head = f"import os, sys\ndef note(text): open({str(self.file)!r}, 'a').write('{name} ' + text + '\\n')\n"
        return ChildPlan(name, (sys.executable, "-S", "-E", "-c", head + textwrap.dedent(script)), b"orders\n")


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path)


async def supervised(
    *plans: ChildPlan,
    meanwhile: Callable[[Supervisor], object] | None = None,
    nursery: socket.socket | None = None,
) -> tuple[list[str], Supervisor]:
    """Run until `meanwhile` (by default: readiness) is over, then stop."""
    log = CapturingLogger()
    supervisor = Supervisor(plans, log=_Bound(log), relay=Relay(sys.stderr.fileno()), nursery=nursery)
    ready = asyncio.Event()
    running = asyncio.create_task(supervisor.run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not running.done():
        if meanwhile is not None:
            told = meanwhile(supervisor)
            if asyncio.iscoroutine(told):
                await told
        supervisor.stop()
    await running
    return [call.args[0] for call in log.calls], supervisor


class _Bound:
    """As much of a bound logger as the supervisor uses."""

    def __init__(self, log: CapturingLogger) -> None:
        self._log = log

    def bind(self, **_: object) -> _Bound:
        return self

    def is_enabled_for(self, level: int) -> bool:
        return level > 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        return getattr(self._log, name)  # type: ignore[no-any-return]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_children_get_their_orders_and_stop_in_the_order_of_the_plans(notes: Notes) -> None:
    asyncio.run(supervised(notes.plan("api"), notes.plan("engine"), notes.plan("sandbox")))

    assert sorted(line.split()[0] for line in notes.lines if "start" in line) == ["api", "engine", "sandbox"]
    assert all(line.endswith("orders") for line in notes.lines if "start" in line)
    assert [line.split()[0] for line in notes.lines if "stop" in line] == ["api", "engine", "sandbox"]


def test_a_dead_child_is_started_again(notes: Notes) -> None:
    async def kill(_: Supervisor) -> None:
        first = int(notes.of("engine start")[0].split()[2])
        os.kill(first, signal.SIGKILL)
        assert await eventually_async(lambda: len(notes.of("engine start")) == 2)

    lines, _ = asyncio.run(supervised(notes.plan("api"), notes.plan("engine"), meanwhile=kill))

    assert "child died" in lines
    assert len(notes.of("api start")) == 1, "its neighbours are left alone"


def test_a_child_that_never_comes_up_ends_the_start(notes: Notes) -> None:
    with pytest.raises(ServiceError, match=r"the engine process did not start \(exit code 3\): see the log above"):
        asyncio.run(supervised(notes.plan("api"), notes.plan("engine", STILLBORN)))

    assert not any(is_running(int(line.split()[2])) for line in notes.of("api start")), "no child is left behind"


def test_a_second_wish_to_stop_is_not_patient(notes: Notes) -> None:
    async def stop_twice(supervisor: Supervisor) -> None:
        supervisor.stop()
        await asyncio.sleep(0)
        supervisor.stop()

    asyncio.run(asyncio.wait_for(supervised(notes.plan("engine", STUBBORN), meanwhile=stop_twice), 5))

    assert notes.of("engine start")


def test_children_do_not_outlive_a_killed_supervisor(notes: Notes, tmp_path: Path) -> None:
    plan = notes.plan("engine")
    script = tmp_path / "supervise.py"
    script.write_text(
        textwrap.dedent(f"""
            import asyncio, json, structlog
            from twoleg.bootstrap.relay import Relay
            from twoleg.bootstrap.supervisor import ChildPlan, Supervisor
            plan = ChildPlan("engine", tuple(json.loads({json.dumps(plan.command)!r})), b"orders\\n")
            async def main():
                await Supervisor([plan], log=structlog.get_logger(), relay=Relay(2)).run(lambda: None)
            asyncio.run(main())
        """)
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert eventually(lambda: bool(notes.of("engine start")))
        process.kill()

    assert eventually(lambda: bool(notes.of("engine alone")))


def test_without_its_nursery_a_child_is_started_cold(notes: Notes) -> None:
    gone, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.close()
    plan = dataclasses.replace(notes.plan("cold"), word="cold")
    with gone:
        log, _ = asyncio.run(supervised(plan, nursery=gone))
    assert [line.split()[1] for line in notes.lines] == ["start", "stop"]
    assert any("started cold" in line for line in log)
