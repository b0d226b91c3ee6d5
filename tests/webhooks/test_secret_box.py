"""Sealed secrets: a store without its key file shows nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from twoleg.adapters.system import SystemEntropy
from twoleg.adapters.webhooks.secret_box import FileSecretBox, UnusableKey, key_file_of
from twoleg.application.webhook_ports import CannotOpen
from twoleg.domain.webhooks import Auth, Credentials, OAuth2, SigningSecret

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = Credentials(
    signing=(SigningSecret("whsec_new"), SigningSecret("whsec_old", until=5)),
    auth=Auth.OAUTH2,
    shared_key="0123456789abcdef",
    oauth2=OAuth2(token_url="https://a.example/token", client_id="id", client_secret="hush", scope="hooks"),
)


def box(file: Path) -> FileSecretBox:
    return FileSecretBox(file, entropy=SystemEntropy())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return key_file_of(tmp_path / "twoleg.db")


def test_what_is_sealed_opens_in_another_process(file: Path) -> None:
    sealed = box(file).seal(SECRETS, label="we_1")

    assert box(file).open(sealed, label="we_1") == SECRETS


def test_nothing_of_it_can_be_read_without_the_key(file: Path) -> None:
    sealed = box(file).seal(SECRETS, label="we_1")

    assert not any(word in sealed for word in (b"whsec_", b"0123456789abcdef", b"hush", b"a.example"))
    assert box(file).seal(SECRETS, label="we_1") != sealed


def test_the_key_is_for_its_owner_only(file: Path) -> None:
    box(file).seal(SECRETS, label="we_1")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]

    file.chmod(0o640)
    with pytest.raises(UnusableKey, match="others may read it"):
        box(file).seal(SECRETS, label="we_1")


@pytest.mark.parametrize("place", [0, 1, 13, -1])
def test_what_was_changed_does_not_open(file: Path, place: int) -> None:
    sealed = bytearray(box(file).seal(SECRETS, label="we_1"))
    sealed[place] ^= 1

    with pytest.raises(CannotOpen):
        box(file).open(bytes(sealed), label="we_1")


def test_what_was_sealed_for_one_endpoint_does_not_open_for_another(file: Path) -> None:
    sealed = box(file).seal(SECRETS, label="we_1")

    with pytest.raises(CannotOpen, match="we_2"):
        box(file).open(sealed, label="we_2")


def test_another_key_does_not_open_it(file: Path) -> None:
    sealed = box(file).seal(SECRETS, label="we_1")
    file.unlink()

    with pytest.raises(CannotOpen):
        box(file).open(sealed, label="we_1")
    with pytest.raises(CannotOpen):
        box(file).open(b"\x01short", label="we_1")


def test_a_damaged_key_is_told_in_one_line(file: Path) -> None:
    file.touch(mode=0o600)
    file.write_bytes(b"short")

    with pytest.raises(UnusableKey, match=r"holds 5 octets, not a key of 32"):
        box(file).seal(SECRETS, label="we_1")
    with pytest.raises(UnusableKey, match="cannot be made"):
        box(file.parent / "nowhere" / "key").seal(SECRETS, label="we_1")


def test_of_many_that_make_the_key_at_once_one_prevails(file: Path) -> None:
    boxes = [box(file) for _ in range(16)]
    with ThreadPoolExecutor(16) as threads:
        sealed = list(threads.map(lambda each: each.seal(SECRETS, label="we_1"), boxes))

    assert [box(file).open(each, label="we_1") for each in sealed] == [SECRETS] * 16
