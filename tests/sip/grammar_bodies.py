"""Session descriptions (RFC 4566 9) and digest headers (RFC 7616 3.3, 3.4) by their grammars, with what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from sip.grammar import TEXT, TOKEN, Said, cased, tokens
from twoleg.sip.digest import Challenge, Credentials
from twoleg.sip.sdp import Direction, Origin

SDP_TEXT = TEXT + "äöü&%*|\\\"'"
BLANKS = ["", "", " ", "\t", "  "]

addresses = st.sampled_from(
    ["192.0.2.1", "233.252.0.1", "host.example.com", "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0"]
)
values = st.text(SDP_TEXT, max_size=12)
integers = st.one_of(st.integers(0, 9), st.integers(0, 10**40 - 1))


@dataclass(frozen=True)
class Stream:
    """What is said of one medium."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    address: str | None
    direction: Direction | None
    attributes: list[str]


@dataclass(frozen=True)
class Description:
    """What is said of a whole session."""

    origin: Origin
    address: str | None
    direction: Direction | None
    media: list[Stream]


def network(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"


@st.composite
def connections(draw: st.DrawFn) -> Said[str | None]:
    """A c= line or none; a multicast address may have a time to live and a count behind it."""
    address = draw(st.none() | addresses)
    if address is None:
        return Said("", None)
    suffix = "/127" if address.startswith("233") else ""
    return Said(f"c={network(address)}{suffix}\r\n", address)


@st.composite
def attribute_lines(draw: st.DrawFn) -> Said[tuple[Direction | None, list[str]]]:
    """Attributes, among them a direction or none."""
    direction = draw(st.none() | st.sampled_from(list(Direction)))
    named = draw(st.lists(values.map(lambda text: text.replace(":", "")), max_size=2))
    lines = ["a=ptime:20\r\n", *[f"a=x-{value}\r\n" for value in named], *[f"a=rtpmap:{value}\r\n" for value in named]]
    at = draw(st.integers(0, len(lines)))
    if direction is not None:
        lines.insert(at, f"a={direction.value}\r\n")
    return Said("".join(lines), (direction, named))


@st.composite
def streams(draw: st.DrawFn) -> Said[Stream]:
    """media-descriptions, one of them."""
    kind, protocol = (
        draw(st.sampled_from(["audio", "video", "image", "x-new"])),
        draw(st.sampled_from(["RTP/AVP", "udptl"])),
    )
    port, count = draw(st.integers(0, 65535)), draw(st.sampled_from(["", "/2"]))
    formats = draw(st.lists(st.sampled_from(["0", "8", "101", "t38", "127"]), min_size=1, max_size=4))
    connection, attributes = draw(connections()), draw(attribute_lines())
    title = draw(st.sampled_from(["", "i=a title\r\n"]))
    rest = draw(st.sampled_from(["", "b=AS:64\r\n", "b=X-YZ:128\r\nk=prompt\r\n"]))
    text = f"m={kind} {port}{count} {protocol} {' '.join(formats)}\r\n{title}{connection.text}{rest}{attributes.text}"
    direction, named = attributes.means
    return Said(text, Stream(kind, port, protocol, formats, connection.means, direction, named))


@st.composite
def descriptions(draw: st.DrawFn) -> Said[Description]:
    """session-description."""
    name = draw(st.text(TOKEN, min_size=1, max_size=8))
    origin = Origin(name, draw(integers), draw(integers), draw(addresses))
    connection, attributes = draw(connections()), draw(attribute_lines())
    media = draw(st.lists(streams(), max_size=4))
    optional = draw(st.sampled_from(["", "i=about\r\n", "u=http://a.example/\r\ne=a@b.example (A)\r\np=+49 30 1\r\n"]))
    times = draw(st.sampled_from(["t=0 0\r\n", "t=1 2\r\nr=7d 1h 0 25h\r\nt=3 4\r\nz=1 -1h\r\n"]))
    head = f"v=0\r\no={origin.username} {origin.session_id} {origin.version} {network(origin.address)}\r\n"
    text = f"{head}s={draw(values)}\r\n{optional}{connection.text}b=CT:64\r\n{times}{attributes.text}"
    means = Description(origin, connection.means, attributes.means[0], [said.means for said in media])
    return Said(text + "".join([said.text for said in media]), means)


quotable = st.text(TEXT + "'%", max_size=8) | st.sampled_from(['a\\"b', "a\\\\", "\\q"])
"""What may stand between quotes, its escapes kept."""


@st.composite
def written(draw: st.DrawFn, given: Mapping[str, str]) -> str:
    """The parameters in any order, with others among them that nobody knows."""
    extra = {f"x-{name.lower()}": value for name, value in draw(st.dictionaries(tokens, tokens, max_size=2)).items()}
    everything = draw(st.permutations([*given.items(), *extra.items()]))
    blank = st.sampled_from(BLANKS)
    parts = [f"{draw(cased(name))}{draw(blank)}={draw(blank)}{value}" for name, value in everything]
    comma = f"{draw(blank)},{draw(blank)}"
    return f"{draw(cased('Digest'))}{draw(st.sampled_from([' ', '  ', chr(9), ' ' + chr(9)]))}{comma.join(parts)}"


@st.composite
def challenges(draw: st.DrawFn) -> Said[Challenge]:
    """challenge of the scheme Digest."""
    means = Challenge(
        realm=draw(quotable),
        nonce=draw(quotable),
        algorithm=draw(st.sampled_from([None, "MD5", "md5", "SHA-256", "SHA-256-sess", "SHA-512-256", "x-new"])),
        qop=draw(st.sampled_from([(), ("auth",), ("auth-int",), ("auth", "auth-int"), ("x-new",), ("x-new", "auth")])),
        opaque=draw(st.none() | quotable),
        is_stale=draw(st.booleans()),
        wants_userhash=draw(st.booleans()),
    )
    given = {"realm": f'"{means.realm}"', "nonce": f'"{means.nonce}"', "domain": '"sip:a, sip:b"'}
    if means.algorithm is not None:
        given["algorithm"] = means.algorithm
    if means.qop:
        given["qop"] = f'"{draw(st.sampled_from([",", ", ", " , "])).join(means.qop)}"'
    if means.opaque is not None:
        given["opaque"] = f'"{means.opaque}"'
    if means.is_stale or draw(st.booleans()):
        given["stale"] = draw(cased(str(means.is_stale).lower()))
    if means.wants_userhash:
        given["userhash"] = "true"
    return Said(draw(written(given)), means)


@st.composite
def credentials(draw: st.DrawFn) -> Said[Credentials]:
    """credentials of the scheme Digest."""
    means = Credentials(
        username=draw(quotable),
        realm=draw(quotable),
        nonce=draw(quotable),
        uri="sip:a@example.com;x=1,2",
        response=draw(st.text("0123456789abcdef", min_size=32, max_size=64)),
        algorithm=draw(st.sampled_from([None, "MD5", "SHA-256", "x-new"])),
        qop=draw(st.sampled_from([None, "auth", "auth-int", "x-new"])),
        nonce_count=draw(st.sampled_from(["", "00000001", "ffffffff"])),
        cnonce=draw(quotable),
        opaque=draw(st.none() | quotable),
    )
    given = {name: f'"{getattr(means, name)}"' for name in ("username", "realm", "nonce", "uri", "response", "cnonce")}
    optional = {"algorithm": means.algorithm, "qop": means.qop, "nc": means.nonce_count or None}
    given |= {name: value for name, value in optional.items() if value is not None}
    if means.opaque is not None:
        given["opaque"] = f'"{means.opaque}"'
    return Said(draw(written(given)), means)
