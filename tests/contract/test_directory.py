"""Directory and Registry: tenants, apps and signing keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.worlds import TENANT, World
from domain.calls import T0
from twoleg.application.errors import NotFound, StoreUnavailable
from twoleg.application.ports import App, SigningKey
from twoleg.domain.tenant import Profile, Tenant

APP = App(app_key="key-1", tenant_id=TENANT, secret_hash="$argon2id$...", enabled=True, created_at=T0)
FULL = Tenant(
    tenant_id="t9",
    name='Müller & Söhne "北京"',
    profile=Profile.ITA,
    access_codes=("640003", "+49301234"),
    transparent_display=True,
    phones=("88889050", "+86,1"),
    callback_hosts=("hooks.example.com",),
    trial=True,
    trial_phones=("1", "2"),
    retention_days=7,
)


def test_a_tenant_comes_back_as_it_was_added(world: World) -> None:
    world.store.registry().add_tenant(FULL, at=T0)

    world.reopen()

    assert world.store.directory().tenant("t9") == FULL


def test_no_enabled_phones_is_not_the_same_as_any_phone(world: World) -> None:
    world.store.registry().add_tenant(replace(FULL, phones=()), at=T0)
    world.store.registry().add_tenant(replace(FULL, tenant_id="t10", phones=None), at=T0)

    directory = world.store.directory()
    found = [directory.tenant("t9"), directory.tenant("t10")]

    assert [tenant and tenant.phones for tenant in found] == [(), None]


def test_tenants_are_listed_oldest_first(world: World) -> None:
    world.store.registry().add_tenant(FULL, at=T0 + 1)
    world.store.registry().add_tenant(replace(FULL, tenant_id="t3"), at=T0 + 2)

    assert [tenant.tenant_id for tenant in world.store.directory().tenants()] == ["t1", "t2", "t9", "t3"]


def test_an_unknown_tenant_is_none(world: World) -> None:
    assert world.store.directory().tenant("nobody") is None


def test_adding_what_exists_is_refused(world: World) -> None:
    registry, key = world.store.registry(), SigningKey(key_id="k1", secret=b"s")
    registry.add_app(APP)
    registry.add_signing_key(key, at=T0)

    with pytest.raises(ValueError, match=TENANT):
        world.add_tenant(TENANT)
    with pytest.raises(ValueError, match="key-1"):
        registry.add_app(APP)
    with pytest.raises(ValueError, match="k1"):
        registry.add_signing_key(key, at=T0)


def test_an_app_comes_back_as_it_was_added(world: World) -> None:
    world.store.registry().add_app(APP)

    world.reopen()

    assert world.store.directory().app("key-1") == APP
    assert world.store.directory().app("key-2") is None


def test_an_app_needs_its_tenant(world: World) -> None:
    with pytest.raises(NotFound):
        world.store.registry().add_app(replace(APP, tenant_id="nobody"))


def test_apps_are_listed_by_tenant_or_all(world: World) -> None:
    others = replace(APP, app_key="key-2", tenant_id="t2", created_at=T0 + 1)
    world.store.registry().add_app(APP)
    world.store.registry().add_app(others)
    directory = world.store.directory()

    assert list(directory.apps()) == [APP, others]
    assert list(directory.apps("t2")) == [others]
    assert list(directory.apps("nobody")) == []


def test_a_disabled_app_is_refused_at_once_by_every_process(world: World) -> None:
    other = world.opened()
    directory = other.directory()
    world.store.registry().add_app(APP)
    assert directory.is_enabled("key-1")

    assert world.store.registry().disable_app("key-1", at=T0)

    assert not directory.is_enabled("key-1")
    assert directory.app("key-1") == replace(APP, enabled=False)
    other.close()


def test_an_unknown_app_is_not_enabled_and_cannot_be_disabled(world: World) -> None:
    assert not world.store.directory().is_enabled("nobody")
    assert not world.store.registry().disable_app("nobody", at=T0)


def test_an_app_can_be_disabled_twice(world: World) -> None:
    world.store.registry().add_app(APP)

    assert world.store.registry().disable_app("key-1", at=T0)
    assert world.store.registry().disable_app("key-1", at=T0 + 1)


def test_the_newest_signing_key_comes_first(world: World) -> None:
    registry = world.store.registry()
    keys = [SigningKey(key_id=f"k{number}", secret=bytes([number]) * 32) for number in range(3)]
    assert list(world.store.directory().signing_keys()) == []

    for at, key in zip((T0, T0 + 1, T0 + 1), keys, strict=True):
        registry.add_signing_key(key, at=at)

    assert list(world.store.directory().signing_keys()) == keys[::-1]


def test_in_trouble_changes_are_refused_and_nothing_is_stored(world: World) -> None:
    registry = world.store.registry()
    registry.add_app(APP)

    with world.trouble():
        with pytest.raises(StoreUnavailable):
            registry.add_tenant(FULL, at=T0)
        with pytest.raises(StoreUnavailable):
            registry.disable_app("key-1", at=T0)

    assert world.store.directory().tenant("t9") is None
    assert world.store.directory().is_enabled("key-1")
    assert registry.disable_app("key-1", at=T0)
