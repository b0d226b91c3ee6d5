"""`twoleg tenant update`, `dnc`, `keys` and `audit`: what operators change, and the log that says so."""

from __future__ import annotations

import getpass
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]

ACME = ("tenant", "create", "Acme", "--access-code", "640003")
GUARDS = (
    "--region", "cn", "--allow-prefix", "+86", "--allow-prefix", "8888", "--deny-prefix", "+86900", "--max-calls", "30",
    "--calls-per-second", "5", "--calls-per-number", "3/day", "--quiet-hours", "21:00-08:30 Asia/Shanghai",
    "--requests-per-second", "100",
)  # fmt: skip
GUARDED = {
    "region": "CN",
    "allowed_prefixes": ["+86", "8888"],
    "denied_prefixes": ["+86900"],
    "concurrent_calls": 30,
    "calls_a_second": 5,
    "calls_per_number": {"calls": 3, "seconds": 86_400},
    "quiet_hours": "21:00-08:30 Asia/Shanghai",
    "requests_a_second": 100,
}


def acts(twoleg: Twoleg, *options: str) -> list[dict[str, Any]]:
    ended = twoleg("audit", "--json", *options)
    assert ended.code == 0, ended.complained
    return [json.loads(line) for line in ended.printed.splitlines()]


def test_guards_are_given_at_once_or_later(twoleg: Twoleg) -> None:
    twoleg(*ACME, *GUARDS)
    assert twoleg("tenant", "show", "--json").json["guards"] == GUARDED
    twoleg("tenant", "create", "Other", "--access-code", "1")

    updated = twoleg("tenant", "update", "Other", *GUARDS, "--json").json

    assert updated["guards"] == GUARDED
    assert updated["access_codes"] == ["1"]


def test_an_update_changes_what_it_names_and_nothing_else(twoleg: Twoleg) -> None:
    before = twoleg(*ACME, *GUARDS, "--phone", "1", "--callback-host", "a.example", "--json").json["tenant_id"]

    after = twoleg(
        "tenant", "update", "Acme", "--name", "Acme 2", "--retention-days", "7", "--max-calls", "31",
        "--access-code", "1", "--access-code", "2", "--no-transparent-display", "--json",
    ).json  # fmt: skip

    assert (after["tenant_id"], after["name"], after["retention_days"]) == (before, "Acme 2", 7)
    assert after["access_codes"] == ["1", "2"]
    assert after["guards"] == GUARDED | {"concurrent_calls": 31}
    assert (after["phones"], after["callback_hosts"]) == (["1"], ["a.example"])


def test_rules_are_taken_back(twoleg: Twoleg) -> None:
    twoleg(*ACME, *GUARDS, "--phone", "1", "--callback-host", "a.example")
    names = [
        "phone", "callback-host", "region", "allow-prefix", "deny-prefix", "max-calls", "calls-per-second",
        "calls-per-number", "quiet-hours", "requests-per-second",
    ]  # fmt: skip

    after = twoleg("tenant", "update", "Acme", *(f"--clear={name}" for name in names), "--json").json

    assert "guards" not in after
    assert "phones" not in after
    assert after["callback_hosts"] == []


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--allow-prefix", "x"), 1, "allowed prefix x: must be 1-32 characters"),
        (("--max-calls", "0"), 1, "concurrent calls: must be 1-1000000"),
        (("--calls-per-number", "3"), 2, "--calls-per-number 3: must be a number of calls and a period"),
        (("--calls-per-number", "3/400days"), 2, "must be a number of calls and a period"),
        (("--calls-per-number", "3/9999999s"), 1, "the period must be 1-2678400 seconds"),
        (("--quiet-hours", "21:00-25:00 Europe/Berlin"), 2, "must be two times and a zone"),
        (("--quiet-hours", "21:00-08:00 Europe/Atlantis"), 1, "there is no zone Europe/Atlantis"),
        (("--quiet-hours", "08:00-08:00 UTC"), 1, "must not begin when they end"),
        (("--region", "XX"), 1, "region XX: must be the ISO 3166 code"),
        (("--name", ""), 1, "name must have 1-100"),
    ],
)
def test_what_is_no_rule_is_refused_and_nothing_changes(
    twoleg: Twoleg, options: tuple[str, ...], code: int, says: str
) -> None:
    twoleg(*ACME)
    before = twoleg("tenant", "show", "--json").json

    ended = twoleg("tenant", "update", "Acme", *options)

    assert ended.code == code
    assert says in ended.complained
    assert twoleg("tenant", "show", "--json").json == before
    assert [act["act"] for act in acts(twoleg)] == ["tenant.created"]


def test_numbers_are_listed_in_one_spelling_and_removed_in_any(twoleg: Twoleg) -> None:
    twoleg(*ACME, "--region", "DE")
    assert twoleg("dnc", "add", "030901820", "--json").json == {"added": 1}
    assert twoleg("dnc", "add", "+4930901820", "--json").json == {"added": 0}
    twoleg("dnc", "add", "7")

    assert [each["number"] for each in twoleg("dnc", "list", "--json").json] == ["+4930901820", "7"]
    assert twoleg("dnc", "remove", "004930901820", "--json").json == {"removed": 1}
    assert twoleg("dnc", "remove", "004930901820").code == 1
    assert twoleg("dnc", "add", "call me").code == 1


def test_a_file_of_numbers_is_taken_in(twoleg: Twoleg, tmp_path: Path) -> None:
    twoleg(*ACME)
    file = tmp_path / "numbers.txt"
    file.write_text("# of the register\n+4930901820\n\n+4930901821 # twice\n+4930901821\n")

    assert twoleg("dnc", "import", str(file), "--json").json == {"added": 2}
    assert acts(twoleg)[-1]["after"] == {"numbers": 3}

    file.write_text("+4930901822\nnobody\n")
    refused = twoleg("dnc", "import", str(file))
    assert (refused.code, "nobody: must be" in refused.complained) == (1, True)
    assert twoleg("dnc", "import", str(tmp_path / "none.txt")).code == 2


def test_a_listed_number_is_not_called_by_the_command_line_either(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    twoleg("dnc", "add", "+4930901820")

    refused = twoleg("call", "88889050", "+4930901820")

    assert refused.code == 1
    assert "do-not-call list" in refused.complained


def test_keys_are_rotated_and_revoked(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    first = twoleg("keys", "rotate", "--json").json
    second = twoleg("keys", "rotate", "--json").json
    assert first["revoked"] == second["revoked"] == []
    assert {each["key_id"] for each in twoleg("keys", "list", "--json").json} == {first["key_id"], second["key_id"]}

    third = twoleg("keys", "rotate", "--revoke", "--json").json

    assert sorted(third["revoked"]) == sorted([first["key_id"], second["key_id"]])
    assert [each["key_id"] for each in twoleg("keys", "list", "--json").json] == [third["key_id"]]
    assert [act["act"] for act in acts(twoleg)][-2:] == ["key.added", "keys.revoked"]


def test_a_key_is_not_in_the_store_in_the_clear(twoleg: Twoleg, tmp_path: Path) -> None:
    twoleg("keys", "rotate")
    connection = sqlite3.connect(tmp_path / "twoleg.db")
    (sealed,) = connection.execute("SELECT sealed FROM signing_key").fetchone()
    connection.close()
    box = tmp_path / "twoleg.db.webhook-key"

    assert len(sealed) == 1 + 12 + 32 + 16  # form, nonce, the key's 32 octets, tag
    assert box.stat().st_mode & 0o777 == 0o600

    box.unlink()
    assert twoleg("keys", "list", "--json").json == []


def test_the_log_says_who_changed_what_from_what_to_what(twoleg: Twoleg) -> None:
    tenant = twoleg(*ACME, "--json").json["tenant_id"]
    twoleg("tenant", "update", "Acme", "--max-calls", "3", "--name", "B")
    twoleg("tenant", "update", "B", "--max-calls", "3")  # changes nothing
    key = twoleg("app", "create", "--json").json["app_key"]
    twoleg("app", "disable", key)
    twoleg("app", "disable", key)

    noted = acts(twoleg)

    assert [each["act"] for each in noted] == ["tenant.created", "tenant.changed", "app.created", "app.disabled"]
    assert [each["position"] for each in noted] == [1, 2, 3, 4]
    assert {each["tenant_id"] for each in noted} == {tenant}
    assert {each["who"].split()[0] for each in noted} == {f"os:{getpass.getuser()}"}
    assert noted[1]["before"] == {"name": "Acme"}
    assert noted[1]["after"] == {"name": "B", "guards": {"concurrent_calls": 3}}
    assert noted[3]["subject"] == key
    assert "tenant.changed" in twoleg("audit", "--limit", "3").printed
    assert [each["act"] for each in acts(twoleg, "--limit", "1")] == ["app.disabled"]


def test_no_secret_is_in_the_log(twoleg: Twoleg) -> None:
    twoleg(*ACME)
    secrets = [twoleg("app", "create", "--json").json["app_secret"]]
    secrets.append(twoleg("webhook", "create", "https://hooks.example.com/x?token=marker", "--json").json["secret"])
    endpoint = twoleg("webhook", "list", "--json").json[0]["id"]
    secrets.append(twoleg("webhook", "rotate", endpoint, "--json").json["secret"])
    twoleg("webhook", "delete", endpoint)

    noted = acts(twoleg)

    assert [each["act"] for each in noted[2:]] == ["webhook.created", "webhook.rotated", "webhook.deleted"]
    assert noted[2]["after"] == {"url": "https://hooks.example.com/x"}
    assert noted[4]["before"] == {"url": "https://hooks.example.com/x"}
    text = json.dumps(noted)
    assert [secret for secret in [*secrets, "marker"] if secret in text] == []


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET who = 'os:nobody'"])
def test_the_log_cannot_be_changed_by_a_statement(twoleg: Twoleg, tmp_path: Path, statement: str) -> None:
    twoleg(*ACME)
    connection = sqlite3.connect(tmp_path / "twoleg.db")
    try:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    finally:
        connection.close()
