"""The limit of open files is raised, never lowered."""

from __future__ import annotations

import resource
import subprocess
import sys

ASK = "from twoleg.bootstrap.open_files import allow_many_files as a; import resource as r; a(); print(*r.getrlimit(7))"


def test_a_process_with_a_low_soft_limit_gets_what_the_system_allows() -> None:
    assert resource.RLIMIT_NOFILE == 7
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

    asked = subprocess.run([sys.executable, "-c", ASK], preexec_fn=lower, capture_output=True, check=True)

    assert [int(each) for each in asked.stdout.split()] == [min(65_536, hard), hard]
