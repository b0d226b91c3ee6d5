"""Bencoding (BEP 3), the form of everything said in the ng protocol: numbers, byte strings, lists, dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Value = int | bytes | str | Sequence["Value"] | Mapping[str, "Value"]
"""What can be said; `str` is said as UTF-8."""
Heard = int | bytes | list["Heard"] | dict[str, "Heard"]
"""What can be heard; keys are text, and strings stay bytes."""

_DEEPEST = 16
_LONGEST_NUMBER = 24


class BencodeError(ValueError):
    """Bytes that are no bencoding, or more than one value."""


def encode(value: Value) -> bytes:
    """The bytes of a value; dictionaries in the order of their keys, as BEP 3 asks."""
    match value:
        case bool():
            raise TypeError("bencoding knows no truth values")
        case int():
            return b"i%de" % value
        case str():
            return encode(value.encode())
        case bytes():
            return b"%d:%b" % (len(value), value)
        case Mapping():
            return b"d%be" % b"".join([encode(key) + encode(value[key]) for key in sorted(value)])
        case _:
            return b"l%be" % b"".join([encode(each) for each in value])


def decode(data: bytes) -> Heard:
    """The one value that these bytes are. Raises `BencodeError`."""
    value, end = _value(data, 0, _DEEPEST)
    if end != len(data):
        raise BencodeError("something follows the value")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Heard, int]:
    kind = data[at : at + 1]
    if kind == b"i":
        return _number(data, at + 1, b"e")
    if kind.isdigit():
        return _string(data, at)
    if kind not in (b"l", b"d") or not depth:
        raise BencodeError("no value where one should be")
    values, at = _values(data, at + 1, depth - 1)
    return (values if kind == b"l" else _dictionary(values)), at


def _values(data: bytes, at: int, depth: int) -> tuple[list[Heard], int]:
    values: list[Heard] = []
    while data[at : at + 1] != b"e":
        value, at = _value(data, at, depth)
        values.append(value)
    return values, at + 1


def _dictionary(values: list[Heard]) -> dict[str, Heard]:
    keys = values[::2]
    if len(values) % 2 or not all(isinstance(key, bytes) for key in keys):
        raise BencodeError("a dictionary is pairs of a string and a value")
    return {key.decode("utf-8", "replace"): value for key, value in zip(keys, values[1::2], strict=True)}  # type: ignore[union-attr]  # all are bytes, as was seen


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    length, start = _number(data, at, b":")
    if length < 0 or start + length > len(data):
        raise BencodeError("a string that is cut off")
    return data[start : start + length], start + length


def _number(data: bytes, at: int, end: bytes) -> tuple[int, int]:
    stop = data.find(end, at, at + _LONGEST_NUMBER)
    digits = data[at:stop] if stop > at else b""
    if not digits.removeprefix(b"-").isdigit():
        raise BencodeError("no number where one should be")
    return int(digits), stop + 1
