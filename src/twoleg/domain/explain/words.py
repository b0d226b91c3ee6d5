"""What is said in both languages, and how lengths of time are said in each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, unique

_BEFORE_A_MARK = re.compile(" +(?=[，。；：、（）]|$)")


@unique
class Language(Enum):
    """A language that verdicts are told in; the value is its RFC 5646 tag."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in English and in Chinese."""

    en: str
    zh: str

    def told(self, language: Language) -> str:
        """In that language; Chinese marks stand close to what is before them, a number too."""
        return self.en if language is Language.EN else _BEFORE_A_MARK.sub("", self.zh)

    def filled(self, **parts: Words) -> Words:
        """With its placeholders `{name}` filled, each in its language. Raises `KeyError` for one that is not given."""
        return Words(
            self.en.format_map({name: part.en for name, part in parts.items()}),
            self.zh.format_map({name: part.zh for name, part in parts.items()}),
        )


NOTHING = Words("", "")


def same(text: str) -> Words:
    """What reads the same in both: numbers, codes, names."""
    return Words(text, text)


def length(milliseconds: int) -> Words:
    """A length of time: `0.8 s`, `2 min 05 s`, `1 h 02 min`; below zero (a clock that was set back) it is none."""
    seconds = max(0, milliseconds) / 1000
    if seconds < 60:
        return Words(f"{seconds:.1f} s", f"{seconds:.1f} 秒")
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return Words(f"{minutes} min {rest:02d} s", f"{minutes} 分 {rest:02d} 秒")
    hours, left = divmod(minutes, 60)
    return Words(f"{hours} h {left:02d} min", f"{hours} 小时 {left:02d} 分")
