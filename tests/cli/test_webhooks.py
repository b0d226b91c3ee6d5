"""`twoleg webhook`: from the first endpoint to the last word about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended

URL = "https://hooks.example.com/a"


@pytest.fixture(autouse=True)
def _tenant(twoleg: Callable[..., Ended]) -> None:
    assert twoleg("tenant", "create", "One", "--access-code", "640003").code == 0


def test_an_endpoint_from_its_beginning_to_its_end(twoleg: Callable[..., Ended], config: Path) -> None:
    made = twoleg("webhook", "create", URL, "--event", "call.ended", "--json").json
    assert made["secret"].startswith("whsec_")

    (listed,) = twoleg("webhook", "list", "--json").json
    assert (listed["id"], listed["url"], listed["events"], listed["enabled"]) == (made["id"], URL, ["call.ended"], True)
    assert made["secret"] not in twoleg("webhook", "list").printed

    rotated = twoleg("webhook", "rotate", made["id"], "--json").json
    assert rotated["secret"] not in ("", made["secret"])
    assert twoleg("webhook", "replay", made["id"], "--after", "0", "--json").json == {"id": made["id"], "after": "0"}
    assert twoleg("webhook", "deliveries", made["id"], "--json").json == []
    assert twoleg("webhook", "enable", made["id"]).code == 0
    assert twoleg("webhook", "delete", made["id"]).code == 0
    assert twoleg("webhook", "list", "--json").json == []

    key = config.with_name("twoleg.db.webhook-key")
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.stat().st_uid == os.getuid()


def test_the_vendors_callbacks_are_set_by_an_operator_for_any_host(twoleg: Callable[..., Ended]) -> None:
    made = twoleg(
        "webhook", "callbacks", "--release-url", "https://crm.example.com/hangup",
        "--auth", "shared-key", "--shared-key", "0123456789abcdef", "--json",
    ).json  # fmt: skip

    assert (made["format"], made["release_url"]) == ("aicc", "https://crm.example.com/hangup")
    shown = twoleg("webhook", "list")
    assert "crm.example.com" in shown.printed
    assert "0123456789abcdef" not in shown.printed


def test_a_people_readable_list_says_what_is_disabled_and_what_is_not(twoleg: Callable[..., Ended]) -> None:
    assert "none yet" in twoleg("webhook", "list").complained
    twoleg("webhook", "create", URL)

    printed = twoleg("webhook", "list").printed

    assert "enabled" in printed
    assert URL in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "not a url"), "URL: only visible ASCII"),
        (("create", URL, "--event", "call.nothing"), "--event: no event is named call.nothing"),
        (("callbacks", "--auth", "shared-key"), "--shared-key: the shared key goes with"),
        (("callbacks", "--auth", "oauth2", "--client-id", "x"), "--token-url: it must begin with"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_option(
    twoleg: Callable[..., Ended], arguments: tuple[str, ...], said: str
) -> None:
    ended = twoleg("webhook", *arguments)

    assert (ended.code, ended.printed) == (2, "")
    assert said in ended.complained


@pytest.mark.parametrize("verb", ["delete", "rotate", "replay", "deliveries", "enable"])
def test_an_endpoint_that_is_not_there_is_a_no(twoleg: Callable[..., Ended], verb: str) -> None:
    ended = twoleg("webhook", verb, "we_none")

    assert ended.code == 1
    assert "no webhook endpoint we_none" in ended.complained
