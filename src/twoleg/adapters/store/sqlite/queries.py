"""Named SQL: reads the .sql files beside it once. There is no SQL anywhere else in this store but in the migrations."""

from __future__ import annotations

from importlib import resources

_NAME = "-- name: "


def parse(text: str) -> dict[str, str]:
    """The blocks of a queries file by name, without comment lines. Raises `ValueError` for a name given twice."""
    blocks: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith(_NAME):
            name = line.removeprefix(_NAME).strip()
            if name in blocks:
                raise ValueError(f"two queries are named {name}")
            lines = blocks[name] = []
        elif not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(lines).strip() for name, lines in blocks.items()}


def _all() -> dict[str, str]:
    folder = resources.files(__package__)
    files = sorted((each for each in folder.iterdir() if each.name.endswith("queries.sql")), key=lambda each: each.name)
    texts = [each.read_text(encoding="utf-8") for each in files]
    return parse("\n".join(texts))


QUERIES = _all()


def query(name: str) -> str:
    """The SQL of that name. Asked for at import, so that a wrong name is found before anything runs."""
    return QUERIES[name]
