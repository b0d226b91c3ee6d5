"""Nobody reads the log: the calls go on, and the service still stops when it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from e2e.places import BUSY, sandbox_config
from patience import eventually
from service import Service

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_log_that_nobody_reads_does_not_hold_up_calls(tmp_path: Path) -> None:
    config = sandbox_config(tmp_path)
    reading, writing = os.pipe()
    said = tmp_path / "said.txt"
    with said.open("wb") as stdout:
        process = subprocess.Popen(
            [sys.executable, "-m", "twoleg", "serve", "--config", str(config)], stdout=stdout, stderr=writing
        )
    os.set_blocking(writing, False)
    try:
        while os.write(writing, b"." * 4096):  # nobody will read this pipe any more
            pass
    except BlockingIOError:
        os.set_blocking(writing, True)
    try:
        assert eventually(lambda: said.read_text().endswith("\n"), seconds=30)
        http = said.read_text().split("http://")[1].split()[0]
        service = Service(process, config, http, ("127.0.0.1", 0))
        with service.client() as client:
            for number in range(20):
                serial = client.create_call(f"{number}{BUSY}", "1155500200")
                assert client.until(serial, state=3)["reasonCode"] == 2
        assert service.stop() == 0
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)
