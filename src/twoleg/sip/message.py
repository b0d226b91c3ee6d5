"""Requests and responses as values: typed access to the fields every layer needs, encoding, and building answers."""

from __future__ import annotations

from typing import Final

from twoleg.sip.errors import SipEncodeError, SipParseError
from twoleg.sip.headers import CSeq, Headers, NameAddr, Reason, Via
from twoleg.sip.status import phrase_of
from twoleg.sip.syntax import split_list

# Methods whose 1xx/2xx answers make dialogs: RFC 3261 12.1, RFC 6665 4.4.1, RFC 3515.
_DIALOG_METHODS: Final = frozenset({"INVITE", "SUBSCRIBE", "REFER"})


class Message:
    """What requests and responses share.

    The typed properties read the header on first use and remember the value until that header changes.  They raise
    SipParseError when the header is missing or malformed; on a message that came from the parser they never do.
    `reasons` never raises: a malformed Reason is skipped.
    """

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = headers
        self.body = body

    @property
    def start_line(self) -> str:
        """The first line, without its line break."""
        raise NotImplementedError

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.headers.parsed("Via", _read_vias)[0]

    @property
    def vias(self) -> list[Via]:
        """Every Via, topmost first; a response to us has exactly one (RFC 3261 8.1.3.3)."""
        return self.headers.parsed("Via", _read_vias)

    @property
    def from_(self) -> NameAddr:
        """From."""
        return self.headers.parsed("From", _read_from)

    @property
    def to(self) -> NameAddr:
        """To."""
        return self.headers.parsed("To", _read_to)

    @property
    def cseq(self) -> CSeq:
        """CSeq."""
        return self.headers.parsed("CSeq", _read_cseq)

    @property
    def call_id(self) -> str:
        """Call-ID; compare it byte for byte (20.8)."""
        return _required(self.headers, "Call-ID")

    @property
    def contacts(self) -> list[NameAddr]:
        """Every Contact in order; the `*` of a REGISTER is NameAddr("", "*")."""
        return self.headers.parsed("Contact", _read_contacts)

    @property
    def record_routes(self) -> list[NameAddr]:
        """Every Record-Route in wire order."""
        return self.headers.parsed("Record-Route", _read_record_routes)

    @property
    def routes(self) -> list[NameAddr]:
        """Every Route in wire order."""
        return self.headers.parsed("Route", _read_routes)

    @property
    def reasons(self) -> list[Reason]:
        """Every well-formed Reason (RFC 3326) in order."""
        return self.headers.parsed("Reason", _read_reasons)

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters, "" when there is none."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    def options(self, name: str) -> list[str]:
        """The tokens of a list header (Require, Supported, Allow ...), lower case except for Allow's methods."""
        tokens = [token.strip() for line in self.headers.get_all(name) for token in line.split(",")]
        return [token if name == "Allow" else token.lower() for token in tokens if token]

    def encode(self) -> bytes:
        """The bytes to send, with a Content-Length that fits the body.

        Raises SipEncodeError when a line break hides in a field (header injection) or a field is not encodable.
        """
        lines = [self.start_line]
        lines += [f"{name}: {value}" for name, value in self.headers if name != "Content-Length"]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        text = "\r\n".join(lines)
        if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
            raise SipEncodeError("line break inside a header field")
        try:
            return text.encode("utf-8", "surrogateescape") + self.body
        except UnicodeEncodeError as error:
            raise SipEncodeError("header field that UTF-8 cannot carry") from error


class Request(Message):
    """A request.  `uri` is the Request-URI as text."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    @property
    def start_line(self) -> str:
        """The Request-Line."""
        return f"{self.method} {self.uri} SIP/2.0"

    def __repr__(self) -> str:
        return f"<Request {self.start_line!r}>"


class Response(Message):
    """A response.  `status` is 100..699."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    @property
    def start_line(self) -> str:
        """The Status-Line."""
        return f"SIP/2.0 {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.start_line!r}>"


def response_to(request: Request, status: int, reason: str | None = None, *, to_tag: str | None = None) -> Response:
    """The answer to `request` as RFC 3261 8.2.6 builds it, without a body.

    `to_tag` goes into To unless the request has a tag there.  A 100 takes over Timestamp (8.2.6.1); an answer
    101-299 that makes a dialog takes over Record-Route (12.1.1).
    """
    copied = {"Via", "From", "Call-ID", "CSeq"}
    if status == 100:
        copied.add("Timestamp")
    elif status < 300 and request.method in _DIALOG_METHODS:
        copied.add("Record-Route")
    tag = "" if to_tag is None or request.to.tag is not None else f";tag={to_tag}"
    items = []
    for item in request.headers:
        if item[0] in copied:
            items.append(item)
        elif item[0] == "To":
            items.append(("To", item[1] + tag))
    return Response(status, phrase_of(status) if reason is None else reason, Headers.of_canonical(items))


def response_to_malformed(error: SipParseError, *, to_tag: str) -> Response | None:
    """The answer to a request that the parser refused, None when it deserves or allows none.

    Needs a status in `error`, and among its headers a Via; whether that can be read is the sender's look-out, and the
    caller's, who has to find the way back.
    Of Via, From, To, Call-ID and CSeq it gives back what is there, as it came; To gets `to_tag` when it has no tag.
    """
    headers = error.headers
    if error.status is None or headers is None or not headers.get("Via"):
        return None
    items = [(name, value) for name, value in headers if name in ("Via", "From", "To", "Call-ID", "CSeq")]
    response = Response(error.status, phrase_of(error.status), Headers.of_canonical(items))
    to = headers.get("To")
    if to is not None and ";tag=" not in to.lower():
        response.headers.replace_first("To", f"{to};tag={to_tag}")
    return response


def _required(headers: Headers, name: str) -> str:
    value = headers.get(name)
    if not value:
        raise SipParseError(f"no {name}")
    return value


def _read_vias(headers: Headers) -> list[Via]:
    vias = [Via.parse(part) for line in headers.get_all("Via") for part in split_list(line)]
    if not vias:
        raise SipParseError("no Via")
    return vias


def _read_from(headers: Headers) -> NameAddr:
    return _read_party(headers, "From")


def _read_to(headers: Headers) -> NameAddr:
    return _read_party(headers, "To")


def _read_party(headers: Headers, name: str) -> NameAddr:
    party = NameAddr.parse(_required(headers, name))
    if "tag" in party.params and not party.tag:
        raise SipParseError(f"empty tag in {name}")
    return party


def _read_cseq(headers: Headers) -> CSeq:
    return CSeq.parse(_required(headers, "CSeq"))


def _read_addresses(headers: Headers, name: str) -> list[NameAddr]:
    return [NameAddr.parse(part) for line in headers.get_all(name) for part in split_list(line)]


def _read_contacts(headers: Headers) -> list[NameAddr]:
    if headers.get("Contact") == "*":
        return [NameAddr("", "*")]
    return _read_addresses(headers, "Contact")


def _read_record_routes(headers: Headers) -> list[NameAddr]:
    return _read_addresses(headers, "Record-Route")


def _read_routes(headers: Headers) -> list[NameAddr]:
    return _read_addresses(headers, "Route")


def _read_reasons(headers: Headers) -> list[Reason]:
    reasons: list[Reason] = []
    for line in headers.get_all("Reason"):
        try:
            reasons += [Reason.parse(part) for part in split_list(line)]
        except SipParseError:
            continue
    return reasons
