"""Base64url, JSON and time as they stand on the wire: one spelling each, every other one refused.

What cannot be read raises ValueError with a sentence that holds nothing of the input; the caller knows
which failure code it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from json import JSONDecoder
from typing import Final, TypeVar

from pybase64 import b64decode, b64encode

from hub.envelope.canonical import INTEGER_MAX
from hub.records.times import as_time

_Choice = TypeVar("_Choice", bound=Enum)

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_URL: Final = b"-_"
# The last character of a group that is not full carries spare bits; they must be zero.
_LAST: Final = {2: b"AQgw", 3: b"AEIMQUYcgkosw048"}


def b64u_bytes(data: bytes) -> bytes:
    """Return the unpadded base64url of bytes, as ASCII bytes."""
    return b64encode(data, altchars=_URL).rstrip(b"=")


def b64u(data: bytes) -> str:
    """Return the unpadded base64url of bytes (RFC 7515 section 2)."""
    return b64u_bytes(data).decode("ascii")


def unb64u(text: object, *, size: int | None = None) -> bytes:
    """Return the bytes of unpadded base64url, of exactly `size` bytes where one is given.

    Padding, white space, other alphabets and non-zero spare bits are refused: two texts never decode to
    the same bytes.
    """
    if not isinstance(text, str):
        raise ValueError("base64url text was expected")
    try:
        data = text.encode("ascii")
        spare = len(data) % 4
        if spare and data[-1] not in _LAST.get(spare, b""):
            raise ValueError
        # The library takes padding, and both alphabets at once.
        if b"=" in data or b"+" in data or b"/" in data:
            raise ValueError
        decoded = b64decode(data + b"=="[: -spare % 4], altchars=_URL, validate=True)
    except ValueError:
        raise ValueError("a text is not base64url without padding") from None
    if size is not None and len(decoded) != size:
        raise ValueError(f"a base64url text holds {len(decoded)} bytes; expected {size}")
    return decoded


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a JSON object has the same member twice")
    return members


def _refuse_number(_text: str) -> object:
    raise ValueError("a JSON number is not a whole number")


def _integer(text: str) -> int:
    # 17 characters hold a sign and 16 digits; a longer text is never converted.
    if len(text) > 17 or not -INTEGER_MAX <= (value := int(text)) <= INTEGER_MAX:
        raise ValueError("a JSON number is beyond 2^53-1")
    return value


_decode: Final = JSONDecoder(
    object_pairs_hook=_unique, parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_integer
).decode


def parse_json(data: bytes) -> dict[str, object]:
    """Return the one JSON object in UTF-8 bytes; no member twice, no number but whole ones up to 2^53-1."""
    try:
        value = _decode(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValueError as error:
        # A decoder's own message may quote the input; ours have no position.
        raise ValueError("it is not JSON" if hasattr(error, "pos") else str(error)) from None
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def refuse_deeper(value: object, depth: int) -> None:
    """Raise ValueError when objects and arrays nest deeper than `depth`; it goes down level by level."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)  # type: ignore[attr-defined]
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    raise ValueError(f"it is more than {depth} levels deep")


def read_time(text: str) -> datetime:
    """Return the time of an RFC 3339 text in UTC with `Z`."""
    if not text.endswith("Z"):
        raise ValueError("a time is not in UTC, written with Z")
    return as_time(text)


def members(
    value: object, required: frozenset[str], optional: frozenset[str] = frozenset()
) -> Mapping[str, object]:
    """Return a JSON object that has every required member and none that is neither required nor optional."""
    if not isinstance(value, dict):
        raise ValueError("a JSON object was expected")
    if required != value.keys():
        if absent := required - value.keys():
            raise ValueError(f"the member {min(absent)} is missing")
        if strange := value.keys() - required - optional:
            raise ValueError(f"the member {ascii(min(strange))[:40]} is not known here")
    return value


def text_of(document: Mapping[str, object], name: str) -> str:
    """Return a member that is a text."""
    value = document[name]
    if type(value) is not str:
        raise ValueError(f"{name} is not a text")
    return value


def choice_of(document: Mapping[str, object], name: str, kind: type[_Choice]) -> _Choice:
    """Return a member that is the value of an Enum."""
    try:
        return kind(text_of(document, name))
    except ValueError:
        raise ValueError(f"{name} is not one of {', '.join(choice.value for choice in kind)}") from None


def number_of(document: Mapping[str, object], name: str) -> int:
    """Return a member that is a whole number."""
    value = document[name]
    if type(value) is not int:
        raise ValueError(f"{name} is not a whole number")
    return value


def time_of(document: Mapping[str, object], name: str) -> datetime:
    """Return a member that is a time."""
    return read_time(text_of(document, name))


def list_of(document: Mapping[str, object], name: str) -> list[object]:
    """Return a member that is a list."""
    value = document[name]
    if type(value) is not list:
        raise ValueError(f"{name} is not a list")
    return value


def b64u_text_of(document: Mapping[str, object], name: str) -> str:
    """Return a member that is a text of base64url's characters, not decoded yet."""
    value = text_of(document, name)
    if not value.isascii() or value.encode("ascii").translate(None, _ALPHABET):
        raise ValueError(f"{name} is not base64url without padding")
    return value


def texts_of(document: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return a member that is a list of texts."""
    values = list_of(document, name)
    if not all(type(value) is str for value in values):
        raise ValueError(f"{name} is not a list of texts")
    return tuple(str(value) for value in values)
