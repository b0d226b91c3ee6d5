"""A two-way call server on `sippy`: rings the agent with inactive media, then the customer, and connects them.

`python sippy_two_way.py SIP_PORT COMMAND_PORT AGENT_PORT CUSTOMER_PORT`, everything on 127.0.0.1. A datagram
"AGENT CUSTOMER" to the command port places a call between these numbers; "count" is answered with how many calls were
talking and how many ended as they should. No API, no store, no log: the least that still makes the call.
"""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

os.environ["SIPLOG_BEND"] = "none"

from sippy.CCEvents import CCEventConnect, CCEventDisconnect, CCEventFail, CCEventTry, CCEventUpdate
from sippy.Core.EventDispatcher import ED2
from sippy.MsgBody import MsgBody
from sippy.SipCallId import SipCallId
from sippy.SipConf import SipConf
from sippy.SipLogger import SipLogger
from sippy.SipTransactionManager import SipTransactionManager
from sippy.UA import UA
from sippy.Udp_server import Udp_server, Udp_server_opts

HOST = "127.0.0.1"
CLIP = "640003"
OFFER = (
    f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 8 0 9 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=inactive\r\n"
)


@dataclass
class Tally:
    """How calls went."""

    talking: int = 0
    ended: int = 0
    """Hung up by the customer while talking."""
    failed: int = 0


class TwoWayCall:
    """One call: two legs, each a UA of sippy's."""

    def __init__(self, server: Server, customer_number: str) -> None:
        self._server = server
        self._customer_number = customer_number
        self._agent = UA(server.config, event_cb=self._heard, nh_address=server.agents)
        self._customer: Any = None
        self._is_talking = False
        self._is_over = False

    def dial(self, agent_number: str) -> None:
        """Ring the agent with media that sends nothing."""
        self._agent.recvEvent(_try(agent_number, MsgBody(OFFER)))

    def _heard(self, event: Any, leg: Any) -> None:
        if isinstance(event, CCEventConnect):
            self._answered(leg, event.getData()[2])
        elif isinstance(event, CCEventDisconnect | CCEventFail):
            self._hung_up(leg, event)

    def _answered(self, leg: Any, body: Any) -> None:
        if leg is self._customer:
            self._agent.recvEvent(CCEventUpdate(body))
        elif self._customer is None:
            self._customer = UA(self._server.config, event_cb=self._heard, nh_address=self._server.customers)
            offer = MsgBody(str(body).replace("a=inactive", "a=sendrecv"))
            self._customer.recvEvent(_try(self._customer_number, offer))
        else:  # the agent took the customer's media
            self._is_talking = True
            self._server.tally.talking += 1

    def _hung_up(self, leg: Any, event: Any) -> None:
        if self._is_over:
            return
        self._is_over = True
        if leg is self._customer and self._is_talking:
            self._server.tally.ended += 1
        else:
            self._server.tally.failed += 1
        other = self._agent if leg is self._customer else self._customer
        if other is not None:
            other.recvEvent(CCEventDisconnect(rtime=event.rtime, origin=event.origin))


class Server:
    """The process."""

    def __init__(self, *, sip: int, command: int, agents: int, customers: int) -> None:
        self.agents = (HOST, agents)
        self.customers = (HOST, customers)
        self.tally = Tally()
        SipConf.my_address, SipConf.my_port, SipConf.my_uaname = HOST, sip, "two-way"
        self.config: dict[str, Any] = {"_sip_address": HOST, "_sip_port": sip, "_sip_logger": SipLogger("two-way")}
        self.config["_sip_tm"] = SipTransactionManager(self.config, self._refuse)
        self._commands = Udp_server(self.config, Udp_server_opts((HOST, command), self._told))

    def _told(self, data: bytes, source: Any, server: Any, _at: Any) -> None:
        if data == b"count":
            tally = self.tally
            server.send_to(f"{tally.talking} {tally.ended} {tally.failed}", source.address)
            return
        agent, customer = data.decode().split()
        TwoWayCall(self, customer).dial(agent)

    def _refuse(self, request: Any, _transaction: Any) -> tuple[Any, None, None]:
        return request.genResponse(481, "Call/Transaction Does Not Exist"), None, None


def _try(number: str, body: Any) -> Any:
    return CCEventTry((SipCallId(), CLIP, number, body, None, None))


if __name__ == "__main__":
    ports = [int(argument) for argument in sys.argv[1:]]
    Server(sip=ports[0], command=ports[1], agents=ports[2], customers=ports[3])
    ED2.loop()
