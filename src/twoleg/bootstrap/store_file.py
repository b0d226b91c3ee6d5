"""Where the store's file is, for what lies beside it."""

from __future__ import annotations

from pathlib import Path


def file_of(url: str) -> Path:
    """The file of a `sqlite:///` URL, which the configuration has made absolute."""
    return Path(url.removeprefix("sqlite:///"))
