"""A HEP collector by those who wrote the protocol: Kamailio's module sipcapture, with a text file for its database.

It stores what it read in each packet as HOMER's tables have it, one line a message.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from interop.edge import free_port
from interop.sockets import udp_ports_of
from patience import eventually

if TYPE_CHECKING:
    from types import TracebackType

_LAYOUT = (
    "date micro_ts method reply_reason ruri ruri_user ruri_domain from_user from_domain from_tag to_user to_domain "
    "to_tag pid_user contact_user auth_user callid callid_aleg via_1 via_1_branch cseq diversion reason content_type "
    "auth user_agent source_ip source_port destination_ip destination_port contact_ip contact_port originator_ip "
    "originator_port expires correlation_id custom_field1 custom_field2 custom_field3 proto family rtp_stat type node "
    "msg"
)
_COLUMNS = _LAYOUT.split()
_NUMBERS = {"date", "micro_ts", "proto", "family", "type", "expires"} | {
    f"{whose}_port" for whose in ("source", "destination", "contact", "originator")
}
_CONFIGURATION = """#!KAMAILIO
debug=1
log_stderror=yes
children=1
disable_tcp=yes
listen=udp:127.0.0.1:{port}
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_text.so"
loadmodule "sipcapture.so"
modparam("db_text", "db_mode", 1)
modparam("sipcapture", "db_url", "text://{folder}")
modparam("sipcapture", "hep_capture_on", 1)
modparam("sipcapture", "capture_on", 1)
modparam("sipcapture", "capture_node", "node")
request_route {{ route(STORE); }}
onreply_route {{ route(STORE); }}
route[STORE] {{
    if (sip_capture()) {{ xlog("L_ERR", "stored one\\n"); }}
    drop;
}}
"""


@dataclass(frozen=True, slots=True)
class Collector:
    """A running one; in a `with` it is stopped at the end."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    @classmethod
    def start(cls, folder: Path) -> Self:
        """Its tables and its log are in the (new) folder."""
        binary = shutil.which("kamailio", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        assert binary, "kamailio is not installed: run `make test` once, or install the package kamailio"
        folder.mkdir()
        columns = [f"{name}({'int' if name in _NUMBERS else 'string'},null)" for name in _COLUMNS]
        (folder / "sip_capture").write_text(" ".join(columns) + "\n")
        (folder / "version").write_text("table_name(string) table_version(int)\n")
        port = free_port()
        (folder / "kamailio.cfg").write_text(_CONFIGURATION.format(port=port, folder=folder))
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [binary, "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(folder), "-f", str(folder / "kamailio.cfg")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        started = cls(process, folder, port)
        assert eventually(lambda: port in udp_ports_of(process.pid), unless=lambda: process.poll() is not None), (
            started.log()
        )
        return started

    def log(self) -> str:
        return (self.folder / "log.txt").read_text(errors="replace")

    def stored(self, count: int) -> list[dict[str, str]]:
        """What it made of that many packets, by the names of HOMER's columns, oldest first. It is over then."""
        assert eventually(lambda: self.log().count("stored one") >= count, seconds=20), self.log()[-2000:]
        self.stop()
        _, *lines = (self.folder / "sip_capture").read_text().splitlines()
        rows = [dict(zip(_COLUMNS, map(_plain, re.split(r"(?<!\\):", line)), strict=True)) for line in lines]
        return sorted(rows, key=lambda row: int(row["date"]))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _plain(field: str) -> str:
    """As it was before the text file's escapes."""
    return field.replace(r"\r", "\r").replace(r"\n", "\n").replace(r"\:", ":").replace("\\\\", "\\")
