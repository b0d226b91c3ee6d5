"""`python -m fuzz TARGET [libFuzzer options]`: one target under atheris, from the seeds and from what it found before.

The import root is `tests`.  What libFuzzer finds on the way is kept in a folder of its own, outside the repository.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["twoleg"]):
    from fuzz.corpus import dictionary, seeds
    from fuzz.targets import TARGETS


def main(name: str, options: list[str]) -> None:
    """Fuzz until the options say stop; a fault ends the process with a code that is not 0, and leaves a crash file."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        begin, words = Path(folder, "corpus"), Path(folder, "words")
        words.write_text(dictionary())
        begin.mkdir()
        for at, seed in enumerate(seeds(name)):
            Path(begin, f"seed-{at}").write_bytes(seed)
        atheris.Setup(["fuzz", f"-dict={words}", *options, str(begin)], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
