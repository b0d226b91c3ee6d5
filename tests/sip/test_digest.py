"""Digest authentication against the examples of RFC 7616 and RFC 2617, byte for byte."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.sip.digest import (
    Challenge,
    authorization,
    check,
    choose_challenge,
    format_challenge,
    parse_challenge,
    parse_credentials,
)
from twoleg.sip.errors import DigestError, SipParseError

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_examples_of_rfc_7616_section_3_9_1(algorithm: str, response: str) -> None:
    answer = authorization(
        parse_challenge(RFC_7616.format(algorithm)),
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle of Life",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert answer == (
        f'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
        'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, '
        f'response="{response}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )


def test_example_of_rfc_7616_section_3_9_2() -> None:
    """With the hashes of erratum 4897: those in print were made by cutting SHA-512 short, which is not SHA-512/256."""
    challenge = parse_challenge(
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
    )
    answer = authorization(
        challenge,
        method="GET",
        uri="/doe.json",
        username="Jäsøn Doe",
        password="Secret, or not?",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    assert answer == (
        'Digest username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b", '
        'realm="api@example.org", uri="/doe.json", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", nc=00000001, '
        'cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", qop=auth, '
        'response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", userhash=true'
    )


RFC_2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", '
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_2617_ANSWER = (
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


def test_example_of_rfc_2617_section_3_5() -> None:
    answer = authorization(
        parse_challenge(RFC_2617),
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle Of Life",
        cnonce="0a4f113b",
    )
    assert sorted(answer.removeprefix("Digest ").split(", ")) == sorted(
        RFC_2617_ANSWER.removeprefix("Digest ").split(", ")
    )


def test_answer_of_rfc_2617_section_3_5_is_accepted() -> None:
    credentials = parse_credentials(RFC_2617_ANSWER)
    assert check(credentials, method="GET", password="Circle Of Life")
    assert not check(credentials, method="GET", password="Circle of Life")
    assert not check(credentials, method="POST", password="Circle Of Life")


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_challenge_without_qop_is_answered_as_rfc_2069_had_it() -> None:
    challenge = parse_challenge('Digest realm="biloxi.com", nonce="n1"')
    answer = authorization(
        challenge, method="INVITE", uri="sip:bob@biloxi.com", username="bob", password="zanzibar", cnonce="unused"
    )
    expected = md5(f"{md5('bob:biloxi.com:zanzibar')}:n1:{md5('INVITE:sip:bob@biloxi.com')}")
    assert answer == (
        f'Digest username="bob", realm="biloxi.com", uri="sip:bob@biloxi.com", nonce="n1", response="{expected}"'
    )


def test_auth_int_covers_the_body() -> None:
    challenge = parse_challenge('Digest realm="r", nonce="n", qop="auth-int"')
    answer = authorization(
        challenge,
        method="INVITE",
        uri="sip:b",
        username="u",
        password="p",
        cnonce="c",
        nonce_count=255,
        body=b"v=0\r\n",
    )
    request = md5(f"INVITE:sip:b:{hashlib.md5(b'v=0' + bytes([13, 10]), usedforsecurity=False).hexdigest()}")
    expected = md5(f"{md5('u:r:p')}:n:000000ff:c:auth-int:{request}")
    assert parse_credentials(answer).response == expected
    assert check(parse_credentials(answer), method="INVITE", password="p", body=b"v=0\r\n")
    assert not check(parse_credentials(answer), method="INVITE", password="p", body=b"v=1\r\n")


def test_sess_variant_hashes_the_nonces_into_the_secret() -> None:
    challenge = parse_challenge('Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess')
    answer = authorization(challenge, method="BYE", uri="sip:b", username="u", password="p", cnonce="c")
    secret = md5(f"{md5('u:r:p')}:n:c")
    assert parse_credentials(answer).response == md5(f"{secret}:n:00000001:c:auth:{md5('BYE:sip:b')}")


def test_sess_variant_without_qop_still_tells_its_cnonce() -> None:
    challenge = parse_challenge('Digest realm="r", nonce="n", algorithm=MD5-sess')
    credentials = parse_credentials(
        authorization(challenge, method="BYE", uri="sip:b", username="u", password="p", cnonce="c")
    )
    assert credentials.cnonce == "c"
    assert check(credentials, method="BYE", password="p")


@pytest.mark.parametrize("algorithm", [None, "MD5", "md5-SESS", "SHA-256", "SHA-256-sess", "SHA-512-256"])
@pytest.mark.parametrize("qop", [(), ("auth",), ("auth-int",), ("auth-int", "auth")])
def test_what_the_client_answers_the_server_accepts(algorithm: str | None, qop: tuple[str, ...]) -> None:
    challenge = Challenge(realm='a \\"b\\"', nonce="n==", algorithm=algorithm, qop=qop, opaque="")
    received = parse_challenge(format_challenge(challenge))
    assert received == challenge
    answer = authorization(received, method="INVITE", uri="sip:b@c", username="ü", password="pä", cnonce="c", body=b"x")
    assert check(parse_credentials(answer), method="INVITE", password="pä", body=b"x")


def test_challenge_is_read_whole() -> None:
    challenge = parse_challenge(
        'digest Realm = "r,1" ,nonce="n", stale=TRUE,algorithm=SHA-256, qop=auth, opaque="o", domain="sip:a sip:b"'
    )
    assert challenge == Challenge(realm="r,1", nonce="n", algorithm="SHA-256", qop=("auth",), opaque="o", is_stale=True)
    assert format_challenge(challenge) == (
        'Digest realm="r,1", qop="auth", algorithm=SHA-256, nonce="n", opaque="o", stale=true'
    )


def test_wish_for_a_hashed_username_survives_the_wire() -> None:
    challenge = Challenge(realm="r", nonce="n", wants_userhash=True)
    assert parse_challenge(format_challenge(challenge)) == challenge


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest",
        "Basic realm=x",
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n"; x',
        'Digest realm="r", nonce',
        'Digest realm="r", nonce="n", realm="s"',
        'Digest realm="r, nonce="n"',
        'Digest realm="r",, nonce="n"',
        'Digest realm="r", nonce=a"b',
        'Digest realm="r", nonce=a b',
        'Digest realm="r", nonce=',
    ],
)
def test_malformed_challenge_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        parse_challenge(text)


def test_first_challenge_that_we_can_answer_is_chosen() -> None:
    values = [
        "NTLM",
        'Digest realm="r", nonce="1", algorithm=SHA3-512',
        'Digest realm="r", nonce="2", qop="auth-conf"',
        'Digest realm="r", nonce="3", algorithm=SHA-256, qop="auth"',
        'Digest realm="r", nonce="4", algorithm=MD5',
    ]
    chosen = choose_challenge(values)
    assert chosen is not None
    assert chosen.nonce == "3"
    assert choose_challenge(values[:3]) is None


@pytest.mark.parametrize(
    "challenge", [Challenge(realm="r", nonce="n", algorithm="AKAv1-MD5"), Challenge(realm="r", nonce="n", qop=("x",))]
)
def test_challenge_we_do_not_support_is_not_answered_wrongly(challenge: Challenge) -> None:
    assert not challenge.is_supported
    with pytest.raises(DigestError):
        authorization(challenge, method="BYE", uri="sip:b", username="u", password="p", cnonce="c")


@pytest.mark.parametrize("name", ['a"b', '"', 'u", realm="x'])
def test_quote_in_a_username_cannot_break_out_of_the_header(name: str) -> None:
    with pytest.raises(DigestError):
        authorization(
            Challenge(realm="r", nonce="n"), method="BYE", uri="sip:b", username=name, password="p", cnonce="c"
        )


@pytest.mark.parametrize("change", [{"algorithm": "none"}, {"qop": "auth-conf"}, {"response": "ü"}, {"response": ""}])
def test_credentials_that_prove_nothing_are_turned_away(change: dict[str, str]) -> None:
    assert not check(replace(parse_credentials(RFC_2617_ANSWER), **change), method="GET", password="Circle Of Life")


@given(st.text(max_size=80))
def test_any_text_after_digest_is_read_or_refused(text: str) -> None:
    for read in (parse_challenge, parse_credentials):
        try:
            read(f"Digest {text}")
        except SipParseError:
            continue
