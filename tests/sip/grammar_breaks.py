"""What may be wrong with a message, one fault at a time, and what the RFCs say comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from sip.grammar import Meaning, Said, octets
from twoleg.sip.header_names import canonical_name

Lines = list[str]
"""Start line and header fields, each with its folds."""


@dataclass(frozen=True)
class Break:
    """One fault: the lines and the body with it."""

    name: str
    apply: Callable[[Lines, Said[Meaning]], Lines]
    body: Callable[[bytes], bytes] = bytes

    def of(self, said: Said[Meaning]) -> bytes:
        """The message, broken."""
        lines = re.split(r"\r\n(?![ \t])", said.text.removesuffix("\r\n\r\n"))
        return "\r\n".join([*self.apply(lines, said), "", ""]).encode() + self.body(said.means.body)

    def __repr__(self) -> str:
        return self.name


def name_of(line: str) -> str:
    return canonical_name(line.partition(":")[0].rstrip(" \t"))


def without(lines: Iterable[str], name: str) -> Lines:
    return [line for at, line in enumerate(lines) if at == 0 or name_of(line) != name]


def absent(name: str) -> Break:
    return Break(f"no {name}", lambda lines, _: without(lines, name))


def twice(name: str) -> Break:
    def apply(lines: Lines, said: Said[Meaning]) -> Lines:
        one = next((line for line in lines[1:] if name_of(line) == name), f"{name}: {len(said.means.body)}")
        return [*without(lines, name), one, one]

    return Break(f"{name} twice", apply)


def instead(name: str, value: str) -> Break:
    return Break(f"{name}: {value[:30]}", lambda lines, _: [*without(lines, name), f"{name}: {value}"])


def with_line(line: str) -> Break:
    return Break(f"with {line[:30]!r}", lambda lines, _: [lines[0], line, *lines[1:]])


def length_of(wrong: Callable[[int], str], name: str) -> Break:
    def apply(lines: Lines, said: Said[Meaning]) -> Lines:
        return [*without(lines, "Content-Length"), f"Content-Length: {wrong(len(said.means.body))}"]

    return Break(f"Content-Length {name}", apply)


def cseq_of(wrong: Callable[[int, str], str], name: str) -> Break:
    def apply(lines: Lines, said: Said[Meaning]) -> Lines:
        return [*without(lines, "CSeq"), f"CSeq: {wrong(said.means.cseq.number, said.means.cseq.method)}"]

    return Break(f"CSeq {name}", apply)


def start_of(wrong: Callable[[str], str], name: str) -> Break:
    return Break(f"start line {name}", lambda lines, _: [wrong(lines[0]), *lines[1:]])


REFUSED = [
    *[absent(name) for name in ("Via", "From", "To", "Call-ID", "CSeq")],
    *[twice(name) for name in ("From", "To", "Call-ID", "CSeq", "Content-Length")],
    length_of(lambda size: str(size + 1), "too large"),
    length_of(lambda size: f"-{size}", "negative"),
    length_of(lambda size: f"+{size}", "with a sign"),
    length_of(lambda size: f"{size}.0", "with a fraction"),
    length_of(lambda _: "", "empty"),
    length_of(lambda _: "9" * 5000, "of 5000 digits"),
    cseq_of(lambda _, method: f"{2**31} {method}", "over 2**31 - 1"),
    cseq_of(lambda _, method: f"{'9' * 5000} {method}", "of 5000 digits"),
    cseq_of(lambda number, _: f"{number}", "without method"),
    cseq_of(lambda number, method: f"-{number} {method}", "negative"),
    cseq_of(lambda number, method: f"{number} {method} x", "with something behind"),
    cseq_of(lambda _, method: f"\u0661 {method}", "in other digits"),
    instead("Max-Forwards", "-1"),
    instead("Max-Forwards", "9" * 5000),
    instead("Max-Forwards", "0x10"),
    instead("From", "<sip:a@example.com"),
    instead("From", '"a <sip:a@example.com>;tag=1'),
    instead("From", "<sip:a@example.com>;tag=1;tag=2"),
    instead("From", "<sip:a@example.com>;tag="),
    instead("To", "a;b <sip:a@example.com>"),
    instead("To", "<a@example.com>"),
    instead("Via", "SIP/2.0/UDP"),
    instead("Via", "SIP/2.0/UDP a;;branch=z9hG4bK1"),
    instead("Via", "SIP/2.0/UDP a:65536;branch=z9hG4bK1"),
    instead("Via", "SIP/2.0/UDP a:-1;branch=z9hG4bK1"),
    instead("Via", "SIP/2.0/UDP [::1;branch=z9hG4bK1"),
    instead("Via", "SIP/2.0/UDP a;branch=z9hG4bK1,"),
    instead("Via", "HTTP/2.0/UDP a;branch=z9hG4bK1"),
    instead("Call-ID", "a b"),
    instead("Call-ID", ""),
    instead("Contact", "sip:a@[::1"),
    instead("Contact", "<sip:a@example.com>,,<sip:b@example.com>"),
    instead("Route", "<sip:%zz@example.com>"),
    instead("Record-Route", "<sip:a@example.com:port>"),
    with_line("no colon here"),
    with_line(": no name"),
    with_line("a name: of two words"),
    with_line("Subject: bare\rreturn"),
    Break("too many lines", lambda lines, _: lines + ["X-1: 1"] * 200),
]
"""Each of these ends in a refusal: 400 for a request, silence for a response and for an ACK."""

REFUSED_START = [
    start_of(lambda line: " " + line, "indented"),
    start_of(lambda line: line.replace(" ", "  ", 1), "with two spaces"),
    start_of(lambda line: line.replace(" ", "\t", 1), "with a tab"),
    start_of(lambda line: line + " ", "with a space behind"),
    start_of(lambda line: line.partition(" ")[2], "without method"),
    start_of(lambda line: line.rpartition(" ")[0], "without version"),
    start_of(lambda line: line.replace(" ", " <", 1), "with a bracket"),
    start_of(lambda _: "", "empty"),
]
"""The same for requests."""

# fmt: off
PIECES = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"<", b">", b'"', b"\\", b"=", b"@", b"[", b"]", b"%", b"\0",
    b"\xff", b"\xc3", b"\r\n ", b";;", b",,", b"''", b"9" * 30, b"*", b"?", b"&", b"/2.0", b"\r\n\r\n",
]
# fmt: on


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[Said[Meaning]]) -> bytes:
    """A legal message with a few octets cut out, put in, doubled, or moved."""
    data = octets(draw(whole))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 20, len(data))))
        patch = draw(st.sampled_from([*PIECES, b"", data[start:end] * 2]))
        data = data[:start] + patch + data[end:]
    return data
