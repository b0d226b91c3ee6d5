"""SIP by its grammar (RFC 3261 25.1): Hypothesis builds messages together with what a parser has to make of them.

Every strategy gives a `Said`: the text for the wire, written in one of the many ways that the grammar allows (white
space, folding, compact names, escapes, letter case, lists on one line or several), and the value that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Generic, TypeVar

from hypothesis import strategies as st

from twoleg.sip.header_names import canonical_name
from twoleg.sip.headers import CSeq, NameAddr, Reason, Via
from twoleg.sip.syntax import Params, format_params
from twoleg.sip.uri import SipUri

T = TypeVar("T")


@dataclass(frozen=True)
class Said(Generic[T]):
    """A text and what it means."""

    text: str
    means: T


ALNUM = "abcXYZ019"
TOKEN = ALNUM + "-.!%*_+`'~"
UNRESERVED = ALNUM + "-_.!~*'()"
WORD = ALNUM + "-.!%*_+`'~()<>:\\\"/[]?{}"
TEXT = ALNUM + " ;,:<>@=?/()[]{}äß停電\u200b\xa0\u2028"

tokens = st.text(TOKEN, min_size=1, max_size=8)
numbers = st.one_of(st.integers(0, 9), st.integers(0, 2**31 - 1))
sws = st.sampled_from(["", "", "", "", " ", "\t", "  ", "\r\n ", " \r\n\t "])
"""Optional white space with folds (SWS)."""
lws = st.sampled_from([" ", " ", " ", "\t", " \t ", "\r\n ", "\t\r\n  "])
"""White space that must be there (LWS)."""
gaps = st.sampled_from(["", "", "", " ", "\t "])
"""White space where no fold may stand."""
zeros = st.sampled_from(["", "", "0", "000"])


semicolons = st.sampled_from([";", ";", "; ", " ;", "\t;\t", "\r\n ;", ";\r\n\t"])
equals = st.sampled_from(["=", "=", "= ", " =", "\t=\t", "\r\n =", "=\r\n\t"])
commas = st.sampled_from([",", ", ", " , ", "\r\n ,", ",\r\n\t"])
slashes = st.sampled_from(["/", "/", " / ", "\t/", "/\r\n  "])
"""Separators with the white space that may be around them (SEMI, EQUAL, COMMA, SLASH)."""


@cache
def cased(text: str) -> st.SearchStrategy[str]:
    """A literal of the grammar, which is not case sensitive."""
    return st.sampled_from([text, text, text.lower(), text.upper(), text.swapcase()])


def _quoted(drawn: str) -> Said[str]:
    """Some marks stand for what else may be in there: `^` an escape without need, `|` a fold."""
    drawn = re.sub(r"\|[ \t|]+", "|", drawn)  # white space behind a fold is part of it
    written = {'"': '\\"', "\\": "\\\\", "^": "\\q", "|": "\r\n "}
    meant = {"^": "q", "|": " "}
    return Said(
        '"' + "".join([written.get(mark, mark) for mark in drawn]) + '"',
        "".join([meant.get(mark, mark) for mark in drawn]),
    )


quoted = st.text(TEXT + '"\\\t^|', max_size=8).map(_quoted)
"""quoted-string."""


@cache
def url_text(alphabet: str, *, min_size: int = 0) -> st.SearchStrategy[str]:
    """Characters of a URI part, some percent-encoded."""
    drawn = st.text(alphabet + "^|", min_size=min_size, max_size=6)
    return drawn.map(lambda text: text.replace("^", "%00").replace("|", "%c3%A4"))


hosts = st.sampled_from(
    ["192.0.2.1", "255.255.255.255", "example.com", "a-1.b.example.", "[2001:db8::10]", "[::]", "[::ffff:192.0.2.1]"]
)
ports = st.one_of(st.none(), st.sampled_from([0, 1, 5060, 65535]))


@st.composite
def host_ports(draw: st.DrawFn, *, spaced: bool = False) -> Said[tuple[str, int | None]]:
    """Host and port; a port may have zeros in front."""
    host, port = draw(hosts), draw(ports)
    colon = f"{draw(sws)}:{draw(sws)}" if spaced else ":"
    return Said(host if port is None else f"{host}{colon}{draw(zeros)}{port}", (host, port))


@st.composite
def sip_uris(draw: st.DrawFn, *, headers: bool = True) -> Said[SipUri]:
    """SIP-URI and SIPS-URI."""
    scheme = draw(st.sampled_from(["sip", "sips"]))
    user = draw(st.none() | url_text(UNRESERVED + "&=+$,;?/", min_size=1))
    password = None if user is None else draw(st.none() | st.none() | url_text(UNRESERVED + "&=+$,"))
    where = draw(host_ports())
    names = draw(st.lists(url_text(UNRESERVED + "[]/:&+$", min_size=1), max_size=3, unique_by=str.lower))
    given = [(name, draw(st.none() | url_text(UNRESERVED + "[]/:&+$", min_size=1))) for name in names]
    fields = (
        draw(st.dictionaries(url_text(UNRESERVED, min_size=1), url_text(UNRESERVED), max_size=2)) if headers else {}
    )
    means = SipUri(
        scheme, user, where.means[0], password, where.means[1], {name.lower(): value for name, value in given}, fields
    )
    who = "" if user is None else f"{user}@" if password is None else f"{user}:{password}@"
    tail = "?" + "&".join(f"{name}={value}" for name, value in fields.items()) if fields else ""
    return Said(f"{draw(cased(scheme))}:{who}{where.text}{format_params(dict(given))}{tail}", means)


other_uris = st.sampled_from(["tel:+49-30-123;phone-context=+49", "urn:service:sos", "http://a.example/?b", "name:J_S"])
uris = st.one_of(sip_uris().map(lambda said: said.text), other_uris)


param_values = st.one_of(st.none(), tokens, hosts, quoted.map(lambda said: said.text))


@st.composite
def params(draw: st.DrawFn, *, but: frozenset[str] = frozenset()) -> Said[Params]:
    """*(SEMI generic-param), with the semicolon of each in front."""
    text, means = "", dict[str, str | None]()
    for name in draw(st.lists(tokens, max_size=3, unique_by=str.lower)):
        if name.lower() in but:
            continue
        value = draw(param_values)
        text += f"{draw(semicolons)}{name}"
        text += "" if value is None else f"{draw(equals)}{value}"
        means[name.lower()] = value if value is None else unfolded(value)
    return Said(text, means)


displays = st.one_of(
    st.just(Said("", "")),
    quoted,
    st.lists(tokens, min_size=1, max_size=3).map(lambda words: Said(" \t".join(words), " ".join(words))),
    st.lists(tokens, min_size=2, max_size=2).map(lambda words: Said("\r\n ".join(words), " ".join(words))),
)
"""display-name."""


@st.composite
def addresses(draw: st.DrawFn, *, tag: bool = False) -> Said[NameAddr]:
    """name-addr or addr-spec, with header parameters."""
    rest = draw(params(but=frozenset({"tag"})))
    means = dict(rest.means)
    if tag:
        means["tag"] = draw(tokens)
        rest = Said(
            f"{rest.text}{draw(sws)};{draw(sws)}{draw(cased('tag'))}{draw(sws)}={draw(sws)}{means['tag']}", means
        )
    uri = draw(uris)
    if not set(uri) & set(",;?") and draw(st.booleans()):
        return Said(uri + rest.text, NameAddr("", uri, means))
    name = draw(displays)
    return Said(f"{name.text}{draw(sws)}<{uri}>{rest.text}", NameAddr(name.means, uri, means))


@st.composite
def vias(draw: st.DrawFn) -> Said[Via]:
    """via-parm, with white space around every separator."""
    slash = draw(slashes)
    transport = draw(st.sampled_from(["UDP", "TCP", "TLS", "SCTP", "udp", "x-new.1"]))
    where = draw(host_ports(spaced=True))
    branch = f"z9hG4bK{draw(tokens)}"
    rest = draw(params(but=frozenset({"branch", "rport", "received", "maddr"})))
    text = f"{draw(cased('SIP'))}{slash}2.0{slash}{transport}{draw(lws)}{where.text}{rest.text};branch={branch}"
    return Said(text, Via(transport.upper(), *where.means, {**rest.means, "branch": branch}))


@st.composite
def reasons(draw: st.DrawFn) -> Said[Reason]:
    """Reason (RFC 3326)."""
    protocol, cause, text = draw(st.sampled_from(["Q.850", "SIP", "x"])), draw(st.integers(0, 699)), draw(quoted)
    said = f"{protocol}{draw(semicolons)}cause{draw(equals)}{cause}"
    return Said(f"{said}{draw(semicolons)}text={text.text}", Reason(protocol, cause, text.means))


Field = tuple[str, str]


@dataclass(frozen=True)
class Meaning:
    """What a parser has to give back."""

    is_request: bool
    first: tuple[str, str]
    """Method and Request-URI, or status and phrase."""
    vias: Sequence[Via]
    from_: NameAddr
    to: NameAddr
    call_id: str
    cseq: CSeq
    lists: dict[str, list[NameAddr]] = field(default_factory=dict)
    reasons: Sequence[Reason] = ()
    texts: tuple[Field, ...] = ()
    """Fields that are only text, by canonical name."""
    body: bytes = b""


COMPACT = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Length": "l", "Subject": "s"}


@st.composite
def field_lines(draw: st.DrawFn, name: str, values: Sequence[str]) -> list[str]:
    """Values of a list, each on a line of its own or joined to the one before by a comma; names in any form."""
    lines: list[str] = []
    for value in values:
        is_joined = draw(st.booleans())
        if lines and is_joined:
            lines[-1] += f"{draw(commas)}{value}"
        else:
            form = COMPACT.get(name, name)
            shown = draw(st.one_of(cased(name), st.sampled_from([form, form.upper()])))
            lines.append(f"{shown}{draw(gaps)}:{draw(sws)}{value}{draw(gaps)}")
    return lines


bodies = st.one_of(st.just(b""), st.binary(max_size=40), st.just(b"v=0\r\n\r\nINVITE sip:a@b SIP/2.0\r\n\r\n"))
text_names = st.sampled_from(["Subject", "User-Agent", "Expires"]) | tokens.map("X-{}".format)
call_ids = st.builds("{}{}".format, st.text(WORD, min_size=1, max_size=9), st.sampled_from(["", "@a", "@[::1]"]))
text_values = st.text(TEXT + '"%', max_size=20).map(str.strip)


@st.composite
def others(draw: st.DrawFn) -> list[Said[Field]]:
    """Fields of plain text, known and unknown."""
    found = []
    for name in draw(
        st.lists(st.sampled_from(["Subject", "User-Agent", "Expires"]) | tokens.map("X-{}".format), max_size=3)
    ):
        value = draw(text_values)
        folded = value.replace(" ", draw(st.sampled_from([" ", " ", "\r\n\t"])))
        found.append(Said(f"{draw(cased(name))}:{draw(sws)}{folded}", (canonical_name(name), value)))
    return found


@st.composite
def starts(draw: st.DrawFn) -> tuple[str, bool, tuple[str, str], str]:
    """Start line, whether it is a request's, its meaning, and the method for CSeq."""
    version = draw(cased("SIP/2.0"))
    method = draw(st.sampled_from(["INVITE", "OPTIONS", "BYE", "ACK", "REGISTER"]) | tokens)
    if draw(st.booleans()):
        uri = draw(st.one_of(sip_uris(headers=False).map(lambda said: said.text), other_uris))
        return f"{method} {uri} {version}", True, (method, uri), method
    status, phrase = draw(st.integers(100, 699)), draw(st.text(TEXT + '"%\t', max_size=12))
    return f"{version} {status} {phrase}", False, (str(status), phrase), method


@st.composite
def messages(draw: st.DrawFn, *, announced: bool = False) -> Said[Meaning]:
    """A whole message; with `announced` it says how long its body is, as a message in a stream must."""
    line, is_request, first, method = draw(starts())
    via, number = draw(st.lists(vias(), min_size=1, max_size=4)), draw(numbers)
    from_, to, call_id = draw(addresses(tag=True)), draw(addresses()), draw(call_ids)
    lists = {name: draw(st.lists(addresses(), max_size=3)) for name in ("Contact", "Record-Route", "Route")}
    reason, rest, body = draw(st.lists(reasons(), max_size=2)), draw(others()), draw(bodies)
    groups = [
        draw(field_lines("Via", [said.text for said in via])),
        draw(field_lines("From", [from_.text])),
        draw(field_lines("To", [to.text])),
        draw(field_lines("Call-ID", [call_id])),
        draw(field_lines("CSeq", [f"{draw(zeros)}{number}{draw(lws)}{method}"])),
        draw(field_lines("Reason", [said.text for said in reason])),
        *[draw(field_lines(name, [said.text for said in members])) for name, members in lists.items()],
    ]
    if announced or draw(st.booleans()):
        groups.append(draw(field_lines("Content-Length", [f"{draw(zeros)}{len(body)}"])))
    groups.append([said.text for said in rest])
    lines = mixed(groups, draw(st.permutations([at for at, group in enumerate(groups) for _ in group])))
    means = Meaning(
        is_request=is_request,
        first=first,
        vias=[said.means for said in via],
        from_=from_.means,
        to=to.means,
        call_id=call_id,
        cseq=CSeq(number, method),
        lists={name: [said.means for said in members] for name, members in lists.items()},
        reasons=[said.means for said in reason],
        texts=tuple(said.means for said in rest),
        body=body,
    )
    return Said("\r\n".join([line, *lines, "", ""]), means)


def mixed(groups: Sequence[Sequence[str]], order: Sequence[int]) -> list[str]:
    """The lines of all groups, those of each in their own order: only lines of one name have an order."""
    left = [iter(group) for group in groups]
    return [next(left[at]) for at in order]


def octets(said: Said[Meaning]) -> bytes:
    """The message for the wire."""
    return said.text.encode() + said.means.body


def unfolded(text: str) -> str:
    """What is left of folds."""
    return text.replace("\r\n ", " ")
