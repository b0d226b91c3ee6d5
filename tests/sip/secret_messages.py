"""Messages of all kinds with secrets at all the places where a phone may put one.  Strategies only."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import strategies as st

SECRET = "hunter2"
"""What every secret of these messages contains, and nothing else in them."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/_-"
secrets = st.text(_ALPHABET, max_size=24).map(lambda rest: SECRET + rest)
_spaces = st.sampled_from(["", " ", "\t", "  "])
_folds = st.sampled_from([" ", "\r\n ", "\r\n\t", "  "])


def _anyhow(text: str) -> st.SearchStrategy[str]:
    """In any case."""
    return st.randoms(use_true_random=False).map(lambda dice: _shaken(text, dice))


def _shaken(text: str, dice: random.Random) -> str:
    return "".join(dice.choice((letter.upper(), letter.lower())) for letter in text)


@st.composite
def _digests(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["Authorization", "Proxy-Authorization"]).flatmap(_anyhow))
    parameters = [
        'username="alice"',
        'realm="example.org, \\"and\\" friends"',
        'nonce="84a4cc6f3082121f32b42a2187831a9e"',
        'uri="sip:bob@example.org"',
        draw(st.sampled_from(['response="{}"', "response={}", 'response = "{}"'])).format(draw(secrets)),
        f'cnonce="{draw(secrets)}"',
        "qop=auth, nc=00000001",
    ]
    joined = draw(st.sampled_from([", ", ",", ",\r\n "])).join(draw(st.permutations(parameters)))
    colon = draw(_spaces) + ":" + draw(_folds)
    return f"{name}{colon}{draw(_anyhow('Digest'))} {joined}"


@st.composite
def _tokens(draw: st.DrawFn) -> str:
    name = draw(
        st.sampled_from(
            ["Authorization", "Proxy-Authorization", "X-Auth-Token", "X-API-Key", "AppSecret", "Cookie", "Set-Cookie"]
        ).flatmap(_anyhow)
    )
    value = draw(st.sampled_from(["Bearer {}", "Basic {}", "{}", "Digest {}", 'Digest response="{}', "key={}"]))
    return f"{name}:{draw(_folds)}{value.format(draw(secrets))}"


@st.composite
def _uris(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["Contact", "m", "From", "Refer-To", "Call-Info", "X-Callback"]))
    uri = draw(
        st.sampled_from(
            [
                "<sip:alice:{}@192.0.2.1>",
                "<SIPS:alice:{}@[2001:db8::1]:5061;transport=tls>",
                "sip:alice:{}@192.0.2.1;user=phone",
                '"A <b>" <sip:alice:{}@192.0.2.1?subject=x>',
                "<https://user:{}@example.org/hook>",
                "<sip:alice@192.0.2.1;pn-provider=fcm;pn-prid={}>",
                "<sip:alice@192.0.2.1?X-Auth-Token={}&subject=x>",
                "<sip:alice@192.0.2.1?subject=x&Proxy-Authorization=Digest%20{}>",
            ]
        )
    )
    return f"{name}: {uri.format(draw(secrets))}"


@st.composite
def _descriptions(draw: st.DrawFn) -> tuple[str, str]:
    lines = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "m=audio 4000 RTP/SAVP 0"]
    wanted = draw(
        st.lists(
            st.sampled_from(
                [
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}|2^20|1:4",
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{};inline:{}",
                    "a=crypto:{}",
                    "A=CRYPTO:2 X INLINE:{}",
                    "a=ice-pwd:{}",
                    " a=ice-pwd:{}",
                    "k=clear:{}",
                    "k={}",
                    "a=key-mgmt:mikey {}",
                    "u=https://a:{}@example.org/",
                    "{} is no line of SDP",
                ]
            ),
            max_size=4,
        )
    )
    lines += [line.replace("{}", draw(secrets)) for line in wanted]
    end = draw(st.sampled_from(["\r\n", "\n"]))
    return draw(st.sampled_from(["application/sdp", "Application/SDP; charset=utf-8"])), end.join([*lines, ""])


@st.composite
def _other_bodies(draw: st.DrawFn) -> tuple[str, str]:
    kind = draw(st.sampled_from(["application/dtmf-relay", "multipart/mixed; boundary=x", "text/plain", ""]))
    return kind, f"Signal={draw(secrets)}\r\nDuration=160\r\n"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, and the Call-ID in it."""

    data: bytes
    call_id: str


@st.composite
def messages(draw: st.DrawFn, *, call_id: str = "") -> Sent:
    """A message that holds the secret, mostly; with that Call-ID, else one of its own."""
    identity = call_id or draw(st.text("0123456789abcdef", min_size=8, max_size=32))
    first = draw(
        st.sampled_from(
            [
                "INVITE sip:bob@example.org SIP/2.0",
                f"INVITE sip:bob:{draw(secrets)}@example.org SIP/2.0",
                "SIP/2.0 200 OK",
                "SIP/2.0 407 Proxy Authentication Required",
                f"{draw(secrets)} what is this",
            ]
        )
    )
    fields = draw(st.lists(st.one_of(_digests(), _tokens(), _uris()), max_size=4))
    media, body = draw(st.one_of(_descriptions(), _other_bodies(), st.just(("", ""))))
    fields += ["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", f"Call-ID: {identity}", "CSeq: 1 INVITE"]
    fields += [f"Content-Type: {media}"] * bool(media) + [f"Content-Length: {len(body)}"]
    fields = draw(st.permutations(fields))
    text = "\r\n".join([first, *fields, "", body])
    return Sent(text.encode(), identity)
