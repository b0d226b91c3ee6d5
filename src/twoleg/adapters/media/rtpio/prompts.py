"""Sounds as RTPProxy plays them: a file for each payload type, nothing in it but payloads of 20 ms."""

from __future__ import annotations

from pathlib import Path

from twoleg.adapters.media.sounds import Sound


class Prompts:
    """Writes each sound once, into a folder of the service's own. For any thread."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when it is first needed; its path must be without white space, for commands are words."""
        self._folder = folder
        self._written: set[str] = set()

    def file(self, sound: Sound) -> str:
        """Its path without the payload type that RTPProxy appends (`.8` A-law, `.0` mu-law). Raises `OSError`."""
        path = self._folder / sound.name
        if sound.name not in self._written:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for payload, content in ((8, sound.alaw), (0, sound.ulaw)):
                path.with_name(f"{sound.name}.{payload}").write_bytes(content)
            self._written.add(sound.name)
        return str(path)
