"""Somebody who calls the service, by a socket of its own: for what sipp cannot do."""

from __future__ import annotations

import socket

_PATIENCE = 10.0


def calls_in(service: tuple[str, int], *branches: str) -> list[int]:
    """The final answers to one INVITE that comes on so many ways, one after the other, each with its own branch."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.1", 0))
        caller.settimeout(_PATIENCE)
        return [_final(caller, service, branch) for branch in branches]


def _final(caller: socket.socket, service: tuple[str, int], branch: str) -> int:
    host, port = caller.getsockname()
    lines = (
        f"INVITE sip:anybody@{service[0]} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{branch}",
        f"From: <sip:caller@{host}>;tag=caller",
        f"To: <sip:anybody@{service[0]}>",
        f"Call-ID: from-{port}",
        "CSeq: 1 INVITE",
        "Max-Forwards: 70",
        f"Contact: <sip:caller@{host}:{port}>",
        "Content-Length: 0",
    )
    caller.sendto("\r\n".join([*lines, "", ""]).encode(), service)
    while True:
        answer = caller.recv(65536).decode()
        status = int(answer.split()[1])
        if status >= 200 and f"branch=z9hG4bK{branch}" in answer:
            return status
