"""`twoleg check`: a clear verdict on each thing."""

from __future__ import annotations

import importlib.util
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from twoleg.bootstrap import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE", 0.2)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody listens and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def add(config: Path, text: str) -> None:
    config.write_text(config.read_text() + text)


def trunk(port: int) -> str:
    return f'\n[[trunk]]\nname = "carrier"\nuri = "sip:127.0.0.1:{port}"\n'


def verdicts(ended: Ended) -> dict[str, Any]:
    import json  # noqa: PLC0415 - exit codes other than 0 have documents too

    document = json.loads(ended.printed)
    assert document["ok"] == (ended.code == 0) == all(each["ok"] for each in document["checks"])
    return {each["what"]: each for each in document["checks"]}


def test_a_silent_trunk_is_down(twoleg: Twoleg, config: Path, silent: int) -> None:
    add(config, trunk(silent))
    ended = twoleg("check", "--json")
    assert ended.code == 1
    assert verdicts(ended)["trunk carrier"]["says"] == f"sip:127.0.0.1:{silent} is down: no answer within 0.2 s"


def test_a_trunk_where_nobody_listens_is_down(twoleg: Twoleg, config: Path, silent: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    assert port != silent
    add(config, trunk(port))
    assert "is down: nothing listens there" in verdicts(twoleg("check", "--json"))["trunk carrier"]["says"]


def test_no_trunk_at_all_is_not_well(twoleg: Twoleg) -> None:
    ended = twoleg("check", "--json")
    assert ended.code == 1
    assert "every call would end with reason 6" in verdicts(ended)["trunks"]["says"]


def test_a_single_trunk_with_one_channel_can_carry_no_call_at_all(twoleg: Twoleg, config: Path, silent: int) -> None:
    add(config, trunk(silent) + "channels = 1\n")
    finding = verdicts(twoleg("check", "--json"))["channels of trunk carrier"]
    assert finding["ok"] is False
    assert "ends with reason 6, cause 34" in finding["says"]


def test_the_sandbox_comes_with_the_service(twoleg: Twoleg, config: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    add(config, trunk(port) + "[sandbox]\nenabled = true\n")
    ended = twoleg("check", "--json")
    assert ended.code == 0
    assert "is the sandbox: it starts with the service" in verdicts(ended)["trunk carrier"]["says"]


def test_a_look_creates_nothing(twoleg: Twoleg, tmp_path: Path) -> None:
    assert "will be created" in verdicts(twoleg("check", "--json"))["store"]["says"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["twoleg.toml"]


def test_a_store_tells_what_is_in_it(twoleg: Twoleg) -> None:
    twoleg("tenant", "create", "Acme", "--access-code", "1")
    twoleg("app", "create")
    assert verdicts(twoleg("check", "--json"))["store"]["says"].endswith("twoleg.db: 1 tenant, 1 enabled app")


def test_a_folder_that_is_not_there_is_named(twoleg: Twoleg, config: Path) -> None:
    config.write_text(config.read_text().replace("sqlite:///twoleg.db", "sqlite:///nowhere/twoleg.db"))
    verdict = verdicts(twoleg("check", "--json"))["store"]
    assert not verdict["ok"]
    assert "there is no folder" in verdict["says"]


def test_a_taken_address_is_named(twoleg: Twoleg, config: Path, silent: int) -> None:
    config.write_text(config.read_text().replace("udp:127.0.0.1:0", f"udp:127.0.0.1:{silent}"))
    verdict = verdicts(twoleg("check", "--json"))["addresses"]
    assert not verdict["ok"]
    assert f"sip.listen = udp:127.0.0.1:{silent}: the address is in use by another program" in verdict["says"]


def test_which_media_calls_get_is_told_and_what_is_missing_for_it(
    twoleg: Twoleg, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = verdicts(twoleg("check", "--json"))["media"]
    assert (verdict["ok"], verdict["says"]) == (True, "rtpio: rtp-io is installed")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    verdict = verdicts(twoleg("check", "--json"))["media"]
    assert (verdict["ok"], verdict["says"]) == (True, "direct: rtp-io is not installed")
    config.write_text(config.read_text() + '\n[media]\nmode = "rtpio"\n')
    verdict = verdicts(twoleg("check", "--json"))["media"]
    assert (verdict["ok"], verdict["says"]) == (False, "rtpio: rtp-io is not installed")


def test_people_are_told_line_by_line(twoleg: Twoleg, config: Path, silent: int) -> None:
    add(config, trunk(silent))
    ended = twoleg("check")
    assert ended.code == 1
    lines = [line.split()[:2] for line in ended.printed.splitlines()]
    named = ["configuration", "store", "addresses", "media", "rtp-io"]
    assert lines[:6] == [*(["ok", what] for what in named), ["no", "trunk"]]
    assert ended.printed.splitlines()[-1] == "not ready: see the lines marked no"


@contextmanager
def rtpengine(*, answers: bytes = b"d6:result4:ponge") -> Iterator[int]:
    """The port of a daemon that answers every question so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                question, asker = daemon.recvfrom(2048)
                if not question:
                    return
                daemon.sendto(question.partition(b" ")[0] + b" " + answers, asker)

        serving = threading.Thread(target=serve)
        serving.start()
        yield daemon.getsockname()[1]
        daemon.sendto(b"", daemon.getsockname())
        serving.join()


def test_each_relay_is_asked_and_told_apart(twoleg: Twoleg, config: Path, silent: int, tmp_path: Path) -> None:
    greeting = tmp_path / "greeting.wav"
    greeting.write_bytes(b"RIFF")
    with rtpengine() as sound, rtpengine(answers=b"d6:result5:error12:error-reason4:busye") as refusing:
        ports = ", ".join(f'"127.0.0.1:{port}"' for port in (sound, refusing, silent))
        add(config, f'\n[media]\nmode = "rtpengine"\nrtpengine = [{ports}]\ngreeting = "{greeting}"\n')
        add(config, f'rtpengine_captures = "{tmp_path}/nowhere"\nfallback = ["rtpio"]\n')
        ended = twoleg("check", "--json")
    found = verdicts(ended)
    assert ended.code == 1
    assert (found[f"rtpengine 127.0.0.1:{sound}"]["ok"], found["rtp-io"]["ok"]) == (True, True)
    assert found[f"rtpengine 127.0.0.1:{sound}"]["says"] == "answers"
    assert found[f"rtpengine 127.0.0.1:{sound}"]["milliseconds"] < 5000
    assert found["rtp-io"]["says"] == "answers; ports 35000-49999, enough for 3750 calls at once"
    assert found[f"rtpengine 127.0.0.1:{refusing}"]["says"] == "is down: rtpengine on ping: busy"
    assert found[f"rtpengine 127.0.0.1:{silent}"]["says"].endswith("does not answer")
    assert found["rtpengine captures"]["says"].startswith(f"there is no folder {tmp_path}/nowhere")
    assert not found["greeting"]["ok"]


def test_a_tenant_who_would_be_recorded_without_a_relay_is_named(twoleg: Twoleg, config: Path) -> None:
    rule = ("--access-code", "640003", "--recording", "always")
    tenant = twoleg("tenant", "create", "Acme", *rule, "--json").json["tenant_id"]
    assert f"tenant {tenant}" not in verdicts(twoleg("check", "--json"))
    add(config, '\n[media]\nmode = "direct"\n')
    found = verdicts(twoleg("check", "--json"))
    assert "every recording would fail" in found[f"tenant {tenant}"]["says"]
    assert "rtp-io" not in found
