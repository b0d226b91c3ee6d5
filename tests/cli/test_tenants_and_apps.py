"""`twoleg tenant` and `twoleg app`."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]

ACME = ("tenant", "create", "Acme", "--access-code", "640003")


def test_tenant_create_prints_the_id_and_nothing_else(twoleg: Twoleg) -> None:
    answer = twoleg(*ACME, "--json").json
    assert list(answer) == ["tenant_id"]
    assert answer["tenant_id"]


def test_app_create_prints_key_and_secret_and_nothing_else(twoleg: Twoleg) -> None:
    tenant = twoleg(*ACME, "--json").json["tenant_id"]
    answer = twoleg("app", "create", "--tenant", tenant, "--json").json
    assert list(answer) == ["app_key", "app_secret"]
    assert len(answer["app_key"]) == 32
    assert len(answer["app_secret"]) == 64


def test_a_tenant_keeps_every_rule_it_was_given(twoleg: Twoleg) -> None:
    created = twoleg(
        "tenant", "create", "Acme", "--profile", "ita", "--access-code", "640003", "--access-code", "640060",
        "--transparent-display", "--phone", "88889050", "--phone", "+4930123", "--trial", "--trial-phone", "88889050",
        "--callback-host", "CRM.example.com", "--retention-days", "7", "--recording", "on-demand",
        "--recording-days", "30", "--recording-format", "alaw", "--json",
    ).json  # fmt: skip
    (listed,) = twoleg("tenant", "list", "--json").json
    assert listed == {
        "tenant_id": created["tenant_id"],
        "name": "Acme",
        "profile": "ita",
        "access_codes": ["640003", "640060"],
        "transparent_display": True,
        "callback_hosts": ["crm.example.com"],
        "trial": True,
        "trial_phones": ["88889050"],
        "retention_days": 7,
        "recording": "on-demand",
        "recording_days": 30,
        "recording_format": "alaw",
        "phones": ["88889050", "+4930123"],
    }


def test_a_tenant_without_phones_may_ring_any(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    (listed,) = twoleg("tenant", "list", "--json").json
    assert "phones" not in listed
    assert listed["profile"] == "aicc"
    assert listed["retention_days"] == 90


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("", "--access-code", "1"), "name must have 1-100"),
        (("A", "--access-code", "x"), "access code x: must be 1-32 characters, digits with an optional leading +"),
        (("A", "--access-code", "1", "--phone", "12-3"), "phone 12-3"),
        (("A", "--access-code", "1", "--trial-phone", "1"), "trial phones are for trial tenants"),
        (("A", "--access-code", "1", "--callback-host", "http://x"), "callback host http://x"),
        (("A", "--access-code", "1", "--retention-days", "0"), "retention must be 1-3650 days"),
    ],
)
def test_a_broken_rule_is_named_and_nothing_is_stored(twoleg: Twoleg, options: tuple[str, ...], says: str) -> None:
    ended = twoleg("tenant", "create", *options)
    assert ended.code == 1
    assert says in ended.complained
    assert twoleg("tenant", "list", "--json").json == []


def test_an_access_code_is_asked_for(twoleg: Twoleg) -> None:
    ended = twoleg("tenant", "create", "Acme")
    assert ended.code == 2
    assert "--access-code" in ended.complained


def test_an_unknown_profile_is_wrong_use(twoleg: Twoleg) -> None:
    ended = twoleg(*ACME, "--profile", "other")
    assert ended.code == 2
    assert "aicc" in ended.complained


def test_the_only_tenant_need_not_be_named(twoleg: Twoleg) -> None:
    tenant = twoleg(*ACME, "--json").json["tenant_id"]
    key = twoleg("app", "create", "--json").json["app_key"]
    (listed,) = twoleg("app", "list", "--json").json
    assert listed["app_key"] == key
    assert listed["tenant_id"] == tenant
    assert listed["enabled"] is True


def test_one_of_several_tenants_must_be_named(twoleg: Twoleg) -> None:
    first = twoleg(*ACME, "--json").json["tenant_id"]
    twoleg("tenant", "create", "Other", "--access-code", "1")
    ended = twoleg("app", "create")
    assert ended.code == 2
    assert "several tenants: say which with --tenant" in ended.complained
    assert first in ended.complained


def test_a_tenant_may_be_named_by_its_name(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    other = twoleg("tenant", "create", "Other", "--access-code", "1", "--json").json["tenant_id"]
    twoleg("app", "create", "--tenant", "Other")
    assert [app["tenant_id"] for app in twoleg("app", "list", "--json").json] == [other]


def test_a_name_of_two_tenants_does_not_do(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    twoleg(*ACME)
    ended = twoleg("app", "create", "--tenant", "Acme")
    assert ended.code == 2
    assert "2 tenants are named Acme: say which by id" in ended.complained


def test_without_a_tenant_the_way_to_one_is_shown(twoleg: Twoleg) -> None:
    ended = twoleg("app", "create")
    assert ended.code == 2
    assert "twoleg tenant create" in ended.complained


def test_an_unknown_tenant_is_a_no(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    ended = twoleg("app", "create", "--tenant", "t404")
    assert ended.code == 1
    assert "no tenant t404" in ended.complained


def test_a_secret_is_stored_as_a_hash_only(twoleg: Twoleg, tmp_path: Path) -> None:
    twoleg(*ACME)
    secret = twoleg("app", "create", "--json").json["app_secret"]
    with sqlite3.connect(tmp_path / "twoleg.db") as store:
        dump = "\n".join(store.iterdump())
    store.close()
    assert "$argon2id$" in dump
    assert secret not in dump


def test_a_disabled_app_is_listed_as_such(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    key = twoleg("app", "create", "--json").json["app_key"]
    assert twoleg("app", "disable", key, "--json").json == {"app_key": key, "enabled": False}
    assert twoleg("app", "list", "--json").json[0]["enabled"] is False
    assert "disabled" in twoleg("app", "list").printed


def test_disabling_an_unknown_app_is_a_no(twoleg: Twoleg) -> None:
    ended = twoleg("app", "disable", "nope")
    assert ended.code == 1
    assert "no app nope" in ended.complained


def test_people_get_tables(twoleg: Twoleg) -> None:
    tenant = twoleg(*ACME, "--trial", "--callback-host", "a.example", "--json").json["tenant_id"]
    twoleg("app", "create")
    printed = twoleg("tenant", "list").printed
    assert tenant in printed
    assert "trial, 0 phones; callbacks to a.example" in printed
    assert tenant in twoleg("app", "list").printed
