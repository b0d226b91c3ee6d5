"""Kinds of media: the ways in which the two phones of a call may come to hear each other."""

from __future__ import annotations

from enum import unique

from twoleg.domain.values import Word

LONGEST_GREETING = 30.0
"""Seconds: nobody shall hang on the line for longer before anybody is called."""


@unique
class MediaMode(Word):
    """One way; its value is what configuration and API clients call it."""

    DIRECT = "direct"
    """The phones send to each other; no ringing tone, no recording, no statistics."""
    RTPIO = "rtpio"
    """Through the relay that is part of the service."""
    RTPENGINE = "rtpengine"
    """Through rtpengine daemons."""
