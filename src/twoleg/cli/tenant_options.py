"""The options of `tenant create` and `tenant update` that set rules and guards, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, unique
from typing import Annotated, Any

import typer

from twoleg.cli.errors import Usage
from twoleg.domain.guards import NumberBudget, QuietHours
from twoleg.domain.recording import AudioFormat, RecordingPolicy
from twoleg.domain.tenant import Profile, Tenant

GUARDS = "Guards"
"""The panel of the options against toll fraud and unwanted calls."""

_ACCESS_CODE = typer.Option(
    metavar="NUMBER", help="A number of its own, shown to phones. Repeatable; the first is the default."
)
AccessCode = Annotated[list[str], _ACCESS_CODE]
AccessCodes = Annotated[list[str] | None, _ACCESS_CODE]
ProfileName = Annotated[
    Profile | None,
    typer.Option(help="Which of the vendor's two code tables its answers use.", show_default="aicc"),
]
TransparentDisplay = Annotated[
    bool | None,
    typer.Option(
        "--transparent-display/--no-transparent-display", help="May show numbers of 11-14 digits that are not its own."
    ),
]
Phones = Annotated[
    list[str] | None,
    typer.Option(metavar="NUMBER", help="Only these agents' phones may be rung. Repeatable; without: any."),
]
Trial = Annotated[
    bool | None, typer.Option("--trial/--no-trial", help="A trial tenant: 10 calls a day, whitelisted phones.")
]
TrialPhones = Annotated[
    list[str] | None, typer.Option(metavar="NUMBER", help="On a trial tenant's whitelist. Repeatable.")
]
CallbackHosts = Annotated[
    list[str] | None, typer.Option(metavar="HOST", help="A host that callback URLs may name. Repeatable.")
]
RetentionDays = Annotated[
    int | None, typer.Option(metavar="DAYS", help="How long ended calls stay queryable.", show_default="90")
]
Recording = Annotated[
    RecordingPolicy | None,
    typer.Option(
        help="Record no call, every call, or those of which it is asked for. Needs a relay (media.mode).",
        show_default="off",
    ),
]
RecordingDays = Annotated[
    int | None, typer.Option(metavar="DAYS", help="How long recordings are kept.", show_default="90")
]
RecordingFormat = Annotated[
    AudioFormat | None,
    typer.Option(help="16 bit PCM, or G.711 A-law at half the size.", show_default="pcm"),
]
AllowPrefixes = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-prefix", metavar="PREFIX", rich_help_panel=GUARDS, help="Only such numbers may be rung. Repeatable."
    ),
]
DenyPrefixes = Annotated[
    list[str] | None,
    typer.Option(
        "--deny-prefix",
        metavar="PREFIX",
        rich_help_panel=GUARDS,
        help="Such numbers may not be rung. Repeatable; the longest prefix decides.",
    ),
]
Region = Annotated[
    str | None,
    typer.Option(metavar="CC", rich_help_panel=GUARDS, help="Country of numbers without a country code: DE, CN."),
]
MaxCalls = Annotated[
    int | None, typer.Option("--max-calls", metavar="N", rich_help_panel=GUARDS, help="So many calls at once.")
]
CallsPerSecond = Annotated[
    int | None, typer.Option(metavar="N", rich_help_panel=GUARDS, help="So many new calls within any second.")
]
CallsPerNumber = Annotated[
    str | None,
    typer.Option(metavar="N/PERIOD", rich_help_panel=GUARDS, help="So often one number, as 3/day, 1/hour, 5/90s."),
]
QuietHoursText = Annotated[
    str | None,
    typer.Option(
        "--quiet-hours",
        metavar="'FROM-TO ZONE'",
        rich_help_panel=GUARDS,
        help="No calls then by the customer's clock, as '21:00-08:00 Europe/Berlin'; the zone is for numbers that do "
        "not tell theirs.",
    ),
]
RequestsPerSecond = Annotated[
    int | None,
    typer.Option(metavar="N", rich_help_panel=GUARDS, help="So many requests of one app to one API process."),
]


@unique
class Clearable(Enum):
    """Rules that can be taken back, by the names of their options."""

    PHONE = "phone"
    TRIAL_PHONE = "trial-phone"
    CALLBACK_HOST = "callback-host"
    ALLOW_PREFIX = "allow-prefix"
    DENY_PREFIX = "deny-prefix"
    REGION = "region"
    MAX_CALLS = "max-calls"
    CALLS_PER_SECOND = "calls-per-second"
    CALLS_PER_NUMBER = "calls-per-number"
    QUIET_HOURS = "quiet-hours"
    REQUESTS_PER_SECOND = "requests-per-second"


Clear = Annotated[
    list[Clearable] | None, typer.Option("--clear", metavar="RULE", help="Take this rule back. Repeatable.")
]

_RULES = {
    "name": "name",
    "access_code": "access_codes",
    "profile": "profile",
    "transparent_display": "transparent_display",
    "phone": "phones",
    "trial": "trial",
    "trial_phone": "trial_phones",
    "callback_host": "callback_hosts",
    "retention_days": "retention_days",
    "recording": "recording",
    "recording_days": "recording_days",
    "recording_format": "recording_format",
}
_GUARDS = {
    "allow_prefix": "allowed_prefixes",
    "deny_prefix": "denied_prefixes",
    "region": "region",
    "max_calls": "concurrent_calls",
    "calls_per_second": "calls_a_second",
    "calls_per_number": "number_budget",
    "quiet_hours": "quiet_hours",
    "requests_per_second": "requests_a_second",
}
"""Options -> members of `Tenant` and `Guards`."""

_UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_BUDGET = re.compile(r"(\d{1,7})/(?:(\d{1,7})s|(minute|hour|day|week))")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d) (\S{1,64})")


def with_options(tenant: Tenant, given: Mapping[str, Any], *, clear: list[Clearable] | None = None) -> Tenant:
    """The tenant with the rules that the options give; None: not given. Raises `Usage` for what cannot be read."""
    rules = {_RULES[name]: _read(name, value) for name, value in given.items() if name in _RULES and value is not None}
    guards = {
        _GUARDS[name]: _read(name, value) for name, value in given.items() if name in _GUARDS and value is not None
    }
    changed = replace(tenant, **rules, guards=replace(tenant.guards, **guards))
    for each in clear or ():
        changed = _cleared(changed, each.value.replace("-", "_"))
    return changed


def _cleared(tenant: Tenant, option: str) -> Tenant:
    if option in _GUARDS:
        empty: Any = () if option.endswith("prefix") else None
        return replace(tenant, guards=replace(tenant.guards, **{_GUARDS[option]: empty}))
    none: Any = None if option == "phone" else ()
    return replace(tenant, **{_RULES[option]: none})


def _read(name: str, value: Any) -> Any:
    match name:
        case "calls_per_number":
            return _budget(value)
        case "quiet_hours":
            return _hours(value)
        case "region":
            return value.upper()
        case _:
            return tuple(value) if isinstance(value, list) else value


def _budget(text: str) -> NumberBudget:
    match = _BUDGET.fullmatch(text)
    if match is None:
        raise Usage(f"--calls-per-number {text}: must be a number of calls and a period, as 3/day, 1/hour or 5/90s")
    calls, count, unit = match.groups()
    return NumberBudget(int(calls), int(count) if unit is None else _UNITS[unit])


def _hours(text: str) -> QuietHours:
    match = _HOURS.fullmatch(text)
    if match is None:
        raise Usage(f"--quiet-hours {text}: must be two times and a zone, as 21:00-08:00 Europe/Berlin")
    begin_hour, begin_minute, end_hour, end_minute, zone = match.groups()
    return QuietHours(int(begin_hour) * 60 + int(begin_minute), int(end_hour) * 60 + int(end_minute), zone)
