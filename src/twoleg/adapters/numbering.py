"""The `Numbering` by Google's libphonenumber and the IANA zones."""

# ruff: noqa: PLC0415 - the tables take 40 ms and some megabytes, for tenants with such guards only

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twoleg.domain.guard_rules import NumberFacts

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_UNKNOWN = "Etc/Unknown"
"""libphonenumber's word for numbers without a place, such as freephone."""
_REMEMBERED = 4096
"""Numbers of which is remembered what was found: it costs 100 microseconds each time, and agents are few."""


class WorldNumbering:
    """See `Numbering`."""

    def facts(self, number: str, *, region: str | None) -> NumberFacts:
        """See `Numbering.facts`."""
        return _facts(number, region)

    def local_minutes(self, number: str, *, region: str | None, otherwise: str, now_ms: int) -> tuple[int, ...]:
        """See `Numbering.local_minutes`."""
        zones = _zones(number, region) or (otherwise,)
        now = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
        local = (now.astimezone(ZoneInfo(zone)) for zone in zones)
        return tuple(dict.fromkeys(each.hour * 60 + each.minute for each in local))

    def is_region(self, name: str) -> bool:
        """See `Numbering.is_region`."""
        from phonenumbers import SUPPORTED_REGIONS

        return name in SUPPORTED_REGIONS

    def is_zone(self, name: str) -> bool:
        """See `Numbering.is_zone`."""
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown, malformed, or the name of a folder
            return False
        return True


@lru_cache(maxsize=_REMEMBERED)
def _facts(number: str, region: str | None) -> NumberFacts:
    parsed = _parsed(number, region)
    if parsed is None:
        return NumberFacts(number, None, (number,))
    international = _international(parsed)
    digits = international.removeprefix("+")
    spellings = [number, international, digits, f"00{digits}"]
    if region is not None:
        spellings += _national(parsed, region)
    return NumberFacts(number, international, tuple(dict.fromkeys(spellings)))


def _parsed(number: str, region: str | None) -> PhoneNumber | None:
    """The number, when it can be one of its country's plan; international prefix 00 is understood everywhere."""
    from phonenumbers import NumberParseException, is_possible_number, parse

    if region is None and number.startswith("00"):
        number = f"+{number[2:]}"
    try:
        parsed = parse(number, region)
    except NumberParseException:
        return None
    return parsed if is_possible_number(parsed) else None


def _international(parsed: PhoneNumber) -> str:
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(parsed, PhoneNumberFormat.E164)


def _national(parsed: PhoneNumber, region: str) -> tuple[str, ...]:
    """As it is dialled within that country, with and without the prefix that asks for the long-distance network."""
    from phonenumbers import (
        PhoneNumberFormat,
        country_code_for_region,
        format_number,
        national_significant_number,
        normalize_digits_only,
    )

    if parsed.country_code != country_code_for_region(region):
        return ()
    dialled = normalize_digits_only(format_number(parsed, PhoneNumberFormat.NATIONAL))
    return (dialled, national_significant_number(parsed))


@lru_cache(maxsize=_REMEMBERED)
def _zones(number: str, region: str | None) -> tuple[str, ...]:
    from phonenumbers.timezone import time_zones_for_number

    parsed = _parsed(number, region)
    if parsed is None:
        return ()
    return tuple(zone for zone in time_zones_for_number(parsed) if zone != _UNKNOWN)
