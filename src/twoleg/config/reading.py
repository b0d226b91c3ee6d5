"""From the file and the environment to `Settings`, or to one line that says what is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twoleg.config.errors import ConfigError, unknown
from twoleg.config.media import check_media, media_in_folder
from twoleg.config.overrides import CONFIG_VARIABLE, Overrides
from twoleg.config.recording import check_recording, recording_in_folder
from twoleg.config.settings import (
    SECTIONS,
    TRUNK,
    Settings,
    StoreSettings,
    TlsSettings,
    TrunkSettings,
    keys_of,
)
from twoleg.config.sip_rules import check_sip
from twoleg.config.values import Rule
from twoleg.config.webhooks import check_webhooks, webhooks_in_folder

DEFAULT_FILE = "twoleg.toml"

_RELATIVE = "sqlite:///"
_ABSOLUTE = "sqlite:////"


def locate(given: Path | None, environment: Mapping[str, str]) -> Path:
    """The configuration file: as given, else `TWOLEG_CONFIG`, else ./twoleg.toml. Raises `ConfigError` for none."""
    if given is not None:
        return given
    named = environment.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    if Path(DEFAULT_FILE).is_file():
        return Path(DEFAULT_FILE)
    raise ConfigError(
        f"no configuration: give --config FILE, set {CONFIG_VARIABLE}, or run where a {DEFAULT_FILE} is "
        "(twoleg.example.toml is one to start from)"
    )


def load(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read, override by the environment's `TWOLEG_...` variables, check. Raises `ConfigError`."""
    document = _parse(path)
    overrides = Overrides(environment)
    _lift_inner_tables(document)
    _refuse_unknown(path.name, "section", document, [*SECTIONS, TRUNK])
    sections = {
        name.replace(".", "_"): _section(path.name, name, document.get(name, {}), overrides) for name in SECTIONS
    }
    trunks = _trunks(path.name, document.get(TRUNK, []), overrides)
    overrides.refuse_leftovers()
    settings = Settings(source=path.absolute(), trunks=trunks, **sections)
    _check_together(path.name, settings)
    folder = path.absolute().parent
    return replace(
        settings,
        store=_absolute(settings.store, path),
        sip_tls=_in_folder(settings.sip_tls, folder),
        media=media_in_folder(settings.media, folder),
        webhooks=webhooks_in_folder(settings.webhooks, folder),
        recording=recording_in_folder(settings.recording, folder),
    )


def known_keys() -> frozenset[str]:
    """Every key the file may hold, as `section.key`."""
    tables: dict[str, type[Any]] = {**SECTIONS, TRUNK: TrunkSettings}
    return frozenset(f"{name}.{key}" for name, section in tables.items() for key in keys_of(section))


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error


def _lift_inner_tables(document: dict[str, Any]) -> None:
    """`[sip.tls]` is a key of `sip` to TOML, and a section of its own to us."""
    for name in SECTIONS:
        outer, dot, inner = name.partition(".")
        table = document.get(outer)
        if dot and isinstance(table, dict) and inner in table:
            document[name] = table.pop(inner)


def _section(file: str, name: str, table: object, overrides: Overrides) -> Any:
    values = _values(file, f"{name}.", table, SECTIONS[name])
    values |= overrides.take(name, {key: spec.rule for key, spec in keys_of(SECTIONS[name]).items()})
    _require(file, name, values, SECTIONS[name])
    return SECTIONS[name](**values)


def _trunks(file: str, tables: object, overrides: Overrides) -> tuple[TrunkSettings, ...]:
    if not isinstance(tables, list):
        raise ConfigError(f"{file}: trunk must be written as [[trunk]], once for each trunk")
    trunks = []
    for place, table in enumerate(tables, start=1):
        name = f"trunk {place}"
        values = _values(file, f"{name}: ", table, TrunkSettings)
        if "name" in values:
            rules = {key: spec.rule for key, spec in keys_of(TrunkSettings).items() if key != "name"}
            values |= overrides.take(f"{TRUNK}.{values['name']}", rules)
        _require(file, name, values, TrunkSettings)
        trunks.append(TrunkSettings(**values))
    return tuple(trunks)


def _values(file: str, prefix: str, table: object, section: type[Any]) -> dict[str, Any]:
    keys = keys_of(section)
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: {prefix.rstrip('.: ')} must be a table, written as [{prefix.rstrip('.: ')}]")
    _refuse_unknown(file, f"key in {prefix.rstrip('.: ')}:", table, keys)
    return {name: read(f"{file}: {prefix}{name}", keys[name].rule, value) for name, value in table.items()}


def read(where: str, rule: Rule[Any], value: object) -> Any:
    """The value as the rule makes it; raises the `ConfigError` that names where it stands."""
    try:
        return rule.read(value)
    except ValueError as error:
        shown = "(not shown)" if rule.secret else _shown(value)
        raise ConfigError(f"{where} = {shown} is wrong: must be {rule.allowed}") from error


def _shown(value: object) -> str:
    written = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return written.replace("\n", " ")[:80]


def _refuse_unknown(file: str, what: str, table: Mapping[str, object], known: Iterable[str]) -> None:
    names = list(known)
    for name in table:
        if name not in names:
            raise ConfigError(f"{file}: {unknown(what, name, names)}")


def _require(file: str, where: str, values: Mapping[str, object], section: type[Any]) -> None:
    for name, key in keys_of(section).items():
        if key.required and name not in values:
            raise ConfigError(f"{file}: {where}: {name} is missing: it must be {key.rule.allowed}")


def _check_together(file: str, settings: Settings) -> None:
    check_sip(file, settings)
    check_webhooks(file, settings.webhooks)
    check_media(file, settings.media)
    check_recording(file, settings.recording)
    names: set[str] = set()
    for trunk in settings.trunks:
        if trunk.name in names:
            raise ConfigError(f"{file}: two trunks are named {trunk.name}: each needs a name of its own")
        names.add(trunk.name)
        if (trunk.username is None) != (trunk.password is None):
            lacking = "username" if trunk.username is None else "password"
            raise ConfigError(f"{file}: trunk {trunk.name}: {lacking} is missing: username and password go together")
        if trunk.register and trunk.username is None:
            raise ConfigError(
                f"{file}: trunk {trunk.name}: username is missing: a registrar must be told whose phone it is"
            )


def _in_folder(tls: TlsSettings, folder: Path) -> TlsSettings:
    def absolute(file: str | None) -> str | None:
        return None if file is None else str(folder / file)

    return replace(tls, certificate=absolute(tls.certificate), key=absolute(tls.key), ca=absolute(tls.ca))


def _absolute(store: StoreSettings, path: Path) -> StoreSettings:
    if store.url.startswith(_ABSOLUTE):
        return store
    return StoreSettings(url=f"{_RELATIVE}{path.absolute().parent / store.url[len(_RELATIVE) :]}")
