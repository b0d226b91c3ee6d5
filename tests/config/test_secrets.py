"""Secrets of a configuration, and of everything else that is passed around: no complaint and no `repr` shows one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twoleg.adapters.secrets import Argon2Hasher
from twoleg.adapters.system import SystemEntropy
from twoleg.api.aicc.wire import TokenRequest
from twoleg.api.native.webhook_wire import AuthOrder, RotatedDocument
from twoleg.application.create_app import NewApp
from twoleg.application.issue_token import IssuedToken
from twoleg.application.ports import App, SigningKey
from twoleg.application.webhook_desk import Wish
from twoleg.application.webhook_secrets import new_credentials
from twoleg.config import ConfigError, load
from twoleg.domain.webhooks import Credentials, Format, OAuth2, SigningSecret

if TYPE_CHECKING:
    from pathlib import Path

MARKER = "hunter2-marker"
STORE = '[store]\nurl = "sqlite:///twoleg.db"\n'
TRUNK = f'[[trunk]]\nname = "carrier"\nuri = "sip:127.0.0.1:5070"\nusername = "u"\npassword = "{MARKER}"\n'

BROKEN = [
    TRUNK + "priority = -1\n",
    TRUNK + "xyzzy = 1\n",
    TRUNK.replace("name =", "nmae ="),
    TRUNK.replace("username", "user"),
    TRUNK.replace('username = "u"\n', ""),
    TRUNK.replace('"sip:127.0.0.1:5070"', '"mailto:x"'),
    TRUNK.replace("password", "pasword"),
    TRUNK.replace(f'"{MARKER}"', f'["{MARKER}"]'),
    TRUNK.replace(f'"{MARKER}"', f'"{MARKER}'),
    TRUNK + TRUNK,
    f'[recording]\nstorage = "s3://b"\naccess_key = "a"\nsecret_key = ["{MARKER}"]\n',
    f'[recording]\nstorage = "s3://b"\nsecret_key = "{MARKER}"\n',
    f'[ladder]\nhep = "127.0.0.1:9060"\nhep_key = "{MARKER} with ümlaut"\n',
    f'[ladder]\nhep = "nowhere"\nhep_key = "{MARKER}"\n',
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_complaint_about_a_file_does_not_repeat_its_secrets(tmp_path: Path, text: str) -> None:
    file = tmp_path / "twoleg.toml"
    file.write_text(STORE + text)

    with pytest.raises(ConfigError) as refused:
        load(file, {})

    assert MARKER not in str(refused.value)


@pytest.mark.parametrize(
    "variable", ["TWOLEG_LADDER__HEP_KEY", "TWOLEG_TRUNK__CARRIER__PASSWORD", "TWOLEG_RECORDING__SECRET_KEY"]
)
def test_a_complaint_about_a_variable_does_not_either(tmp_path: Path, variable: str) -> None:
    file = tmp_path / "twoleg.toml"
    file.write_text(STORE + TRUNK.replace(f'password = "{MARKER}"\n', ""))

    with pytest.raises(ConfigError) as refused:
        load(file, {variable: f" \n{MARKER} \t", f"{variable}X": MARKER})

    assert MARKER not in str(refused.value)


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    file = tmp_path / "twoleg.toml"
    file.write_text(f'{STORE}[ladder]\nhep = "127.0.0.1:9060"\nhep_key = "{MARKER}"\n{TRUNK}')

    assert MARKER not in repr(load(file, {}))


HOLDERS = [
    SigningKey("k", MARKER.encode()),
    App("k", "t", MARKER, enabled=True, created_at=1),
    NewApp("k", MARKER),
    IssuedToken(MARKER, "k", 1, 1),
    TokenRequest("k", MARKER),
    SigningSecret(MARKER),
    OAuth2(token_url="https://x", client_id="c", client_secret=MARKER),
    Credentials(signing=(SigningSecret(MARKER),), shared_key=MARKER),
    Wish(format=Format.AICC, shared_key=MARKER),
    AuthOrder("shared-key", shared_key=MARKER, client_secret=MARKER),
    RotatedDocument("we", MARKER),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_what_holds_a_secret_does_not_show_it(holder: object) -> None:
    assert MARKER not in repr(holder)
    assert MARKER not in f"{[holder]}"


def test_an_exception_on_its_way_out_does_not_show_what_was_hashed() -> None:
    with pytest.raises(UnicodeEncodeError) as raised:
        Argon2Hasher().hash(f"{MARKER}\ud800")

    assert MARKER not in str(raised.value)


def test_fresh_credentials_do_not_show_themselves() -> None:
    credentials = new_credentials(SystemEntropy())

    assert credentials.signing[0].secret not in repr(credentials)
