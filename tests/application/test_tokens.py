"""The form of tokens, whatever is in them and whatever was done to them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.application import tokens
from twoleg.application.ports import SigningKey

KEY = SigningKey("k1", b"a key of the tests, 32 bytes long")
APP_KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750 section 2.1: what may stand after `Bearer `."""


@given(app_key=APP_KEYS, expires_at=st.integers(0, 2**62))
def test_token_says_what_was_signed_in_characters_that_a_header_takes(app_key: str, expires_at: int) -> None:
    token = tokens.sign(app_key=app_key, expires_at=expires_at, key=KEY)
    claim = tokens.read(token.encode())

    assert B64TOKEN.fullmatch(token)
    assert claim is not None
    assert (claim.key_id, claim.app_key, claim.expires_at) == ("k1", app_key, expires_at)
    assert claim.is_signed_with(KEY)


@given(app_key=APP_KEYS, other=st.binary(min_size=16))
def test_another_key_did_not_sign_it(app_key: str, other: bytes) -> None:
    claim = tokens.read(tokens.sign(app_key=app_key, expires_at=1, key=KEY).encode())

    assert claim is not None
    assert claim.is_signed_with(SigningKey("k1", other)) == (other == KEY.secret)


@given(at=st.integers(0, 200), byte=st.integers(0, 255))
def test_changed_token_is_malformed_or_not_signed(at: int, byte: int) -> None:
    token = tokens.sign(app_key="app", expires_at=1, key=KEY).encode()
    at %= len(token)
    changed = token[:at] + bytes([byte]) + token[at + 1 :]

    claim = tokens.read(changed)

    assert claim is None or changed == token or not claim.is_signed_with(KEY)


@given(st.binary())
def test_reading_never_raises(noise: bytes) -> None:
    tokens.read(noise)


@given(st.binary(), st.binary())
def test_reading_never_raises_around_a_dot(left: bytes, right: bytes) -> None:
    tokens.read(left + b"." + right)


def test_key_id_with_a_colon_cannot_sign() -> None:
    with pytest.raises(ValueError, match="colon"):
        tokens.sign(app_key="app", expires_at=1, key=SigningKey("a:b", b"secret"))
