"""Ringing tones by country: which frequencies, how long, how often. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Cadence:
    """A ringing tone: its frequencies, sounding together, and seconds of tone and pause in turn."""

    hertz: tuple[int, ...]
    rhythm: tuple[float, ...]


CADENCES: Mapping[str, Cadence] = MappingProxyType(
    {
        "BR": Cadence((425,), (1.0, 4.0)),
        "CA": Cadence((440, 480), (2.0, 4.0)),
        "CN": Cadence((450,), (1.0, 4.0)),
        "DE": Cadence((425,), (1.0, 4.0)),
        "ES": Cadence((425,), (1.5, 3.0)),
        "FR": Cadence((440,), (1.5, 3.5)),
        "GB": Cadence((400, 450), (0.4, 0.2, 0.4, 2.0)),
        "HK": Cadence((440, 480), (0.4, 0.2, 0.4, 3.0)),
        "IT": Cadence((425,), (1.0, 4.0)),
        "MX": Cadence((425,), (1.0, 4.0)),
        "NL": Cadence((425,), (1.0, 4.0)),
        "TR": Cadence((450,), (2.0, 4.0)),
        "US": Cadence((440, 480), (2.0, 4.0)),
    }
)
"""Ringing tones by country (ISO 3166): ITU-T E.180 Supplement 2, "Various tones used in national networks".

Each was compared with what Asterisk and Zaptel ship as `indications.conf` (Canada: with its North America).
"""
