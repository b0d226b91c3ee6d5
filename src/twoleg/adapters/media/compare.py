"""What one session description tells a phone that another did not."""

from __future__ import annotations

from twoleg.sip.sdp import SessionDescription


def is_known(news: SessionDescription | None, told: SessionDescription | None) -> bool:
    """Whether a phone that was told this learns nothing from the news: the same media at the same place."""
    return news is not None and told is not None and _content(news) == _content(told)


def _content(description: SessionDescription) -> tuple[object, ...]:
    """What of a description matters to the phone that is told it: where to send, attributes, bandwidth, the media."""
    return [line for line in description.lines if line[0] in "cab"], description.media


def receivers(description: SessionDescription) -> tuple[object, ...]:
    """Where its author receives audio."""
    ports = [stream.port for stream in description.media if stream.kind == "audio"]
    return description.audio_address, ports
