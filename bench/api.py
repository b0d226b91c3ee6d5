"""The HTTP face beside nginx: queryCallState of the real service over a million calls, against one fixed JSON answer.

Both alone on the same core in turn, wrk on the other; a token on every request, a random call in each.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from bench.figures import Row, markdown
from bench.http_client import QUERY_PATH
from bench.processes import MEASURED_CORE, OTHER_CORE, free_port, machine, on_core, pin, stop
from bench.service import Service

CALLS = 1_000_000
CONNECTIONS = 32
SECONDS = 8
ROUNDS = 3

WANTED_RATIO = 0.20
WANTED_P99_MS = 20.0

_FIRST_SERIAL = 6_400_000_000_000_000_000
_BEGAN = 1_621_823_865_000
_PATIENCE = 10.0
_POLL = 0.02

_FILL_CALLS = """
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :calls)
INSERT INTO call (serial, tenant_id, phase, reason, cause, caller, called, caller_present, agent_present, created_at,
                  started_at, talking_at, ended_at, seq)
SELECT :first + n, tenant_id, 4, 0, 16, CAST(88000000 + n AS TEXT), CAST(89000000 + n AS TEXT), '640003', '640060',
       :began + n, :began + n, :began + n + 3000, :began + n + 7000, 8
FROM number, (SELECT tenant_id FROM tenant LIMIT 1)
"""
_FILL_LEGS = """
INSERT INTO leg (serial, role, dialled_at, ringing_at, answered_at, released_at, sip_status, ended_by)
SELECT serial, role, started_at, started_at + 500, started_at + 2000, ended_at, 200, 'customer'
FROM call, (SELECT 'agent' AS role UNION ALL SELECT 'customer')
"""

_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type "application/json;charset=UTF-8"; return 200 '{answer}'; }}
    }}
}}
"""

_WRK = """
wrk.method = "POST"
wrk.path = "{path}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
math.randomseed(1)
function request()
    return wrk.format(nil, nil, nil, string.format('{{"callSerialNo": "{prefix}%07d"}}', math.random(0, {calls} - 1)))
end
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('\\nFIGURES [%f, %f, %f, %d]\\n', summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What one server did under the load."""

    per_second: float
    p50_ms: float
    p99_ms: float
    failures: int


@dataclass(frozen=True, slots=True)
class ApiFigures:
    """Both servers, the median of several rounds in turn."""

    calls: int
    ours: Load
    nginx: Load

    @property
    def ratio(self) -> float:
        """Our requests per second for each of nginx's."""
        return self.ours.per_second / self.nginx.per_second

    def rows(self) -> list[Row]:
        """The figures as rows of the table."""
        ours, nginx, sound = self.ours, self.nginx, not self.ours.failures
        return [
            Row(
                what=f"queryCallState/s, one core, {self.calls:,} stored calls (peer: nginx, fixed JSON)",
                ours=f"{ours.per_second:,.0f}",
                peer=f"{nginx.per_second:,.0f}",
                ratio=self.ratio,
                wanted=f">= {WANTED_RATIO:.2f} x, no failure",
                is_met=self.ratio >= WANTED_RATIO and sound,
            ),
            Row(
                what=f"queryCallState p99 at {CONNECTIONS} connections (p50 {ours.p50_ms:.1f} ms)",
                ours=f"{ours.p99_ms:.1f} ms",
                peer=f"{nginx.p99_ms:.1f} ms",
                wanted=f"< {WANTED_P99_MS:.0f} ms",
                is_met=ours.p99_ms < WANTED_P99_MS,
            ),
        ]


def measure_api(folder: Path, *, calls: int = CALLS, seconds: int = SECONDS, rounds: int = ROUNDS) -> ApiFigures:
    """Fill a fresh store with `calls` ended calls (1 to 10 million), then load both in turn. Needs nginx and wrk.

    `folder`: empty; takes about 400 MB for a million calls.
    """
    if not 0 < calls <= 10_000_000:
        raise ValueError("1 to 10,000,000 calls: their serials end in seven digits")
    with Service.start(folder, trunks={"": free_port()}) as service:
        pin(service.engine, OTHER_CORE)
        pin(service.api, MEASURED_CORE)
        _fill(folder / "twoleg.db", calls)
        script = folder / "query.lua"
        prefix = str(_FIRST_SERIAL)[:-7]
        script.write_text(_WRK.format(path=QUERY_PATH, token=service.access.token, prefix=prefix, calls=calls))
        ours = f"http://{service.access.host}:{service.access.port}"
        with _nginx(folder, _answer(ours, service.access.token)) as nginx:
            loads = [(_load(nginx, script, seconds), _load(ours, script, seconds)) for _ in range(rounds)]
    return ApiFigures(calls, nginx=_median([peer for peer, _ in loads]), ours=_median([own for _, own in loads]))


def _fill(path: Path, calls: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_FILL_CALLS, {"calls": calls, "first": _FIRST_SERIAL, "began": _BEGAN})
        connection.execute(_FILL_LEGS)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _answer(base: str, token: str) -> str:
    """What the service says of the first call: nginx is given just as much to send."""
    answer = httpx.post(
        base + QUERY_PATH, json={"callSerialNo": str(_FIRST_SERIAL)}, headers={"Authorization": f"Bearer {token}"}
    )
    if answer.json()["retCode"] != "0":
        raise RuntimeError(f"the store is not filled: {answer.text}")
    return answer.text


@contextmanager
def _nginx(folder: Path, answer: str) -> Iterator[str]:
    """Nginx with one worker on the measured core; gives its base URL."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port, answer=answer))
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise FileNotFoundError("nginx is not installed")
    with on_core(MEASURED_CORE):
        process = subprocess.Popen([program, "-p", str(folder), "-c", str(config)])
    try:
        _wait_for(base := f"http://127.0.0.1:{port}")
        yield base
    finally:
        stop(process)


def _wait_for(base: str) -> None:
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            httpx.get(base).raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > give_up:
                raise
            time.sleep(_POLL)
        else:
            return


def _load(base: str, script: Path, seconds: int) -> Load:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), base]
    with on_core(OTHER_CORE):
        said = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    per_second, p50, p99, failures = json.loads(said.partition("FIGURES ")[2])
    return Load(per_second, p50, p99, failures)


def _median(loads: list[Load]) -> Load:
    return Load(
        per_second=median(load.per_second for load in loads),
        p50_ms=median(load.p50_ms for load in loads),
        p99_ms=median(load.p99_ms for load in loads),
        failures=sum(load.failures for load in loads),
    )


def main() -> None:
    """Print the table of this measurement alone."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure_api(Path(folder))
    print(machine())
    print(markdown(figures.rows()))


if __name__ == "__main__":
    main()
