"""The page docs/interop.md, written from a run: a plugin of pytest, for `make interop-table` and for the page's test.

    PYTHONPATH=tests python -m pytest -p interop.page --interop-page docs/interop.md tests/interop

Each test that is marked as a `scenario` becomes a row: what its phones heard and said, and what queryCallState told.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import witness
from interop.scenario import Peer, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROPERTY = "interop"
_HEAD = """\
# Whom twoleg was tried with, and what came of it

Written by `make interop-table` from a run of `tests/interop`, which is a part of `make test`; do not edit it. Each row
is a test: it asserts what the phones saw on the wire as well as what queryCallState and `twoleg status` said.

* **What the wire showed**: what each phone heard and, after `->`, said; repeats once. A second `INVITE` to an agent's
  phone is the re-INVITE with the customer's media. Of a phone that took several calls: the first one.
* **States**: what queryCallState told, in order, as fast as the client asked; the last one with its reason code.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario."""

    place: int
    """Among the tests, as they were collected."""
    peer: str
    over: str
    says: str
    wire: str = ""
    states: str = ""

    def cells(self) -> str:
        """The line of the table."""
        return "| " + " | ".join((self.over, self.says, self.wire or "nothing", self.states or "no call")) + " |"


def row_of(item: pytest.Item, place: int) -> Row | None:
    """What the marks of a test say; None for one that is no scenario."""
    mark = item.get_closest_marker("scenario")
    if mark is None:
        return None
    peer, over, says = mark.args
    callspec = getattr(item, "callspec", None)
    parameters: dict[str, object] = dict(callspec.params) if callspec else {}
    text = sentence(getattr(item, "originalname", item.name), says, parameters)
    if callspec and not (says and "{" in says):
        text += f" ({_plain(callspec.id)})"
    return Row(place, str(peer), over.format_map({k: str(v).upper() for k, v in parameters.items()}), text)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two ways to use it."""
    parser.addoption("--interop-page", help="write the page to this file, if all tests passed")
    parser.addoption("--interop-list", help="write the scenarios that were collected to this file, as JSON")


_places: dict[str, int] = {}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Remember the order; list what there is."""
    _places.update({item.nodeid: place for place, item in enumerate(session.items)})
    wanted = session.config.getoption("--interop-list")
    if wanted:
        rows = [row_of(item, place) for place, item in enumerate(session.items)]
        listed = {
            "scenarios": [asdict(row) for row in rows if row],
            "sipp": len(
                {
                    item.nodeid.partition("[")[0]
                    for item, row in zip(session.items, rows, strict=True)
                    if row and row.peer == Peer.SIPP
                }
            ),
            "unmarked": [item.nodeid for item, row in zip(session.items, rows, strict=True) if row is None],
        }
        Path(wanted).write_text(json.dumps(listed))


@pytest.fixture(autouse=True)
def _witness(request: pytest.FixtureRequest) -> Iterator[None]:
    """Listen to the peers, and note it when all is over."""
    row = row_of(request.node, _places.get(request.node.nodeid, 0))
    if row is None or not request.config.getoption("--interop-page"):
        yield
        return
    with witness.listen() as account:
        yield
    wire = "<br>".join(f"{name}: {story() or 'nothing'}" for name, story in account.phones)
    told = Counter(" → ".join(states) for states in account.states.values())
    states = "<br>".join(f"{count} times {states}" if count > 1 else states for states, count in told.items())
    request.node.user_properties.append((_PROPERTY, {**asdict(row), "wire": wire, "states": states}))


class Page:
    """Gathers what all processes of a run report."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The last report of a test has all that it noted."""
        if report.when == "teardown":
            self._rows += [Row(**noted) for name, noted in _noted(report) if name == _PROPERTY]

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """A page of a run in which something failed would not be true."""
        if exitstatus == 0 and self._rows:
            self._path.write_text(page(sorted(self._rows, key=lambda row: row.place)))


def _noted(report: pytest.TestReport) -> list[tuple[str, Any]]:
    return [(name, noted) for name, noted in report.user_properties if isinstance(noted, dict)]


def pytest_configure(config: pytest.Config) -> None:
    """Only the process that the others report to writes."""
    wanted = config.getoption("--interop-page")
    if wanted and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Page(Path(wanted)))


def page(rows: list[Row]) -> str:
    """The whole page."""
    parts = [_HEAD]
    for peer in Peer:
        own = [row for row in rows if row.peer == peer]
        if own:
            lines = [f"## {_title(peer)}: {len(own)} rows", "", "| over | scenario | what the wire showed | states |"]
            parts.append("\n".join([*lines, "|---|---|---|---|", *(row.cells() for row in own), ""]))
    return "\n".join(parts)


def scenarios_of(text: str) -> list[tuple[str, str, str]]:
    """The scenarios that a page lists: peer, transport, sentence."""
    listed, peer = [], ""
    for line in text.splitlines():
        if title := re.fullmatch(r"## (.+?)(?: [\d.][^ ]*)?: \d+ rows", line):
            peer = title.group(1)
        elif line.startswith("| ") and not line.startswith("| over "):
            over, says = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:3])
            listed.append((peer, over, says))
    return listed


def _title(peer: Peer) -> str:
    found = _release(peer)
    return f"{peer} {found}" if found else str(peer)


def _release(peer: Peer) -> str:
    match peer:
        case Peer.SIPP:
            return _said("sipp", "-v", pattern=r"SIPp v([\d.]+)")
        case Peer.DEBIAN_BARESIP:
            return _said("baresip", "-h", pattern=r"baresip v([\d.]+)")
        case Peer.KAMAILIO:
            return _said("kamailio", "-v", pattern=r"kamailio ([\d.]+)")
        case Peer.BARESIP_PYTHON:
            return version("baresip-python")
        case Peer.TONES | Peer.SANDBOX:
            return ""


def _said(command: str, option: str, *, pattern: str) -> str:
    binary = shutil.which(command) or shutil.which(command, path="/usr/local/sbin:/usr/sbin:/sbin")
    if binary is None:
        return ""
    done = subprocess.run([binary, option], capture_output=True, timeout=10, check=False)
    found = re.search(pattern, (done.stdout + done.stderr).decode(errors="replace"))
    return found.group(1) if found else ""
