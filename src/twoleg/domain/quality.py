"""How well a leg was heard: what a relay counted, and what the E-model makes of it. Pure arithmetic on counted facts.

The E-model is ITU-T G.107 with its default values, narrow band, reduced to what a relay can know: delay and loss.
"""

from __future__ import annotations

from twoleg.domain.values import Value

_DEFAULT_RATING = 93.2
"""R of a connection with all parameters at their defaults (G.107 (06/2015), clause 7.7)."""
_BPL = 4.3
"""Packet-loss robustness of G.711 without loss concealment, for random loss (ITU-T G.113 Appendix I, table I.4, which
has Ie 0 with 4.3 without and 25.1 with the concealment of G.711 Appendix I). The smaller one: a bridge cannot see what
phones conceal, and a phone that does is heard better than we say."""
_CODEC_DELAY = 20.0
"""Milliseconds: one packet of the usual length has to be filled before it is sent."""
_WORST_MOS, _BEST_MOS = 1.0, 4.5


class StreamStatistics(Value, frozen=True, gc=False):
    """What a relay knows of the audio that one phone sends. None: it cannot know (no RTCP came, no analyser)."""

    packets: int
    """Received from the phone."""
    lost: int | None = None
    jitter: float | None = None
    """Milliseconds, interarrival (RFC 3550 6.4.1)."""
    round_trip: float | None = None
    """Milliseconds, between the phones, as RTCP told."""
    loss: float | None = None
    """Percent; where the relay gives it and no count."""


class LegQuality(Value, frozen=True, gc=False):
    """How well a phone was heard by the other; a fact of the ended leg."""

    packets: int
    lost: int | None
    loss: float | None
    """Percent of what the phone sent."""
    jitter: float | None
    round_trip: float | None
    mos: float | None
    """Estimated mean opinion score, 1.0-4.5; None where loss is unknown, or nothing was sent."""
    was_silent: bool
    """Nothing came from this phone for as long as is suspicious, in a call in which it should have been heard."""


def quality_of(statistics: StreamStatistics, *, was_silent: bool) -> LegQuality:
    """The facts to keep of a leg."""
    loss = _loss(statistics)
    return LegQuality(
        packets=statistics.packets,
        lost=statistics.lost,
        loss=loss,
        jitter=statistics.jitter,
        round_trip=statistics.round_trip,
        mos=None if loss is None or not statistics.packets else _mos(statistics, loss),
        was_silent=was_silent,
    )


def rating(*, one_way_delay: float, loss: float, ie: float = 0.0, bpl: float = _BPL) -> float:
    """The transmission rating R, 0-100 (G.107), for a delay in milliseconds and random loss in percent.

    The delay impairment Id is the usual straight-line form of G.107's figure for echo-free connections:
    0.024 d + 0.11 (d - 177.3) from 177.3 ms on (R. G. Cole, J. H. Rosenbluth, "Voice over IP performance monitoring",
    ACM CCR 31(2), 2001). The loss impairment is Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl), equation 7-29 of
    G.107, with BurstR = 1; `ie` and `bpl` are the codec's (G.113), those of G.711 by default.
    """
    delay_impairment = 0.024 * one_way_delay + 0.11 * max(0.0, one_way_delay - 177.3)
    loss_impairment = ie + (95.0 - ie) * loss / (loss + bpl)
    return max(0.0, min(100.0, _DEFAULT_RATING - delay_impairment - loss_impairment))


def mos_of(rating: float) -> float:
    """The mean opinion score of a rating (G.107 Annex B, equation B-4): 1.0-4.5."""
    if rating <= 0:
        return _WORST_MOS
    if rating >= 100:
        return _BEST_MOS
    mos = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6
    return max(_WORST_MOS, mos)


def _mos(statistics: StreamStatistics, loss: float) -> float:
    delay = (statistics.round_trip or 0.0) / 2 + 2 * (statistics.jitter or 0.0) + _CODEC_DELAY
    return round(mos_of(rating(one_way_delay=delay, loss=loss)), 2)


def _loss(statistics: StreamStatistics) -> float | None:
    if statistics.lost is None:
        return statistics.loss
    sent = statistics.packets + statistics.lost
    return round(100.0 * statistics.lost / sent, 2) if sent else 0.0
