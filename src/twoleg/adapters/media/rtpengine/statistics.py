"""What a daemon's answer to `query` says of both phones of a call.

Packets are those that it counted. Jitter, loss and round trip come from RTCP (RFC 3550 6.4): the daemon keeps what a
phone reports under the SSRC of the one who reports, so how well the agent was heard stands with the customer, and the
other way round. It averages only reports for which it knows the round trips of both legs; a phone that sends no RTCP
leaves both without.
"""

from __future__ import annotations

from collections.abc import Mapping

from twoleg.adapters.media.rtpengine.bencode import Heard
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics


def statistics_of(answer: Mapping[str, Heard]) -> Mapping[Role, StreamStatistics]:
    """Of each phone that has a port there; whatever is missing or odd in the answer is not known."""
    tags, reports = _dictionary(answer.get("tags")), _dictionary(answer.get("SSRC"))
    streams = {role: _first_stream(_dictionary(tags.get(role.value))) for role in Role}
    found: dict[Role, StreamStatistics] = {}
    for role, stream in streams.items():
        if stream:
            by_listener = _dictionary(reports.get(str(streams[role.other].get("SSRC"))))
            packets = _number(_dictionary(stream.get("stats")).get("packets")) or 0
            found[role] = _with_report(packets, _dictionary(by_listener.get("average MOS")))
    return found


def _with_report(packets: int, report: Mapping[str, Heard]) -> StreamStatistics:
    jitter, loss = _number(report.get("jitter")), _number(report.get("packet loss"))
    round_trip = _number(report.get("round-trip time"))
    return StreamStatistics(
        packets=packets,
        loss=None if loss is None else float(loss),
        jitter=None if jitter is None else float(jitter),
        round_trip=None if round_trip is None else round_trip / 1000,
    )


def _first_stream(party: Mapping[str, Heard]) -> Mapping[str, Heard]:
    """RTP of its first media; RTCP is the second."""
    medias = party.get("medias")
    media = _dictionary(medias[0]) if isinstance(medias, list) and medias else {}
    streams = media.get("streams")
    return _dictionary(streams[0]) if isinstance(streams, list) and streams else {}


def _dictionary(value: Heard | None) -> Mapping[str, Heard]:
    return value if isinstance(value, dict) else {}


def _number(value: Heard | None) -> int | None:
    return value if isinstance(value, int) else None
