"""Canonical bytes (RFC 8785): one spelling of a document, so that a digest of it means something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
import rfc8785

#: The largest whole number that every JSON reader keeps exact (RFC 7493 section 2.2).
INTEGER_MAX: Final = 2**53 - 1
#: How many objects and arrays deep a document may be.
DEPTH_MAX: Final = 32

# For what `_refuse_foreign` lets through, this writes what RFC 8785 asks for, ten times as fast as the
# pure library: the same escapes, and an order of members that differs only beyond U+FFFF.
_encode: Final = msgspec.json.Encoder(order="sorted", enc_hook=dict).encode
_decode: Final = msgspec.json.Decoder().decode
#: The first bytes, in UTF-8, of the characters beyond U+FFFF.
_BEYOND: Final = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")

_PLAIN: Final = frozenset({str, bool, type(None)})


def canonical(document: object) -> bytes:
    """Return the RFC 8785 bytes of texts, whole numbers, true, false, null, lists and mappings of them.

    Raises ValueError for anything else, for floats above all, for whole numbers beyond 2^53-1, for half a
    surrogate pair and for what is more than 32 objects and arrays deep.
    """
    _refuse_foreign((document,), DEPTH_MAX)
    try:
        data = _encode(document)
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a surrogate pair") from None
    if not data.isascii() and any(first in data for first in _BEYOND):
        # A character beyond U+FFFF: in a member's name it sorts differently in UTF-16.
        return rfc8785.dumps(_decode(data))
    return data


def _refuse_foreign(values: Iterable[Any], depth: int) -> None:
    """Refuse what JSON writers convert silently: floats, other types, and names that are not texts."""
    if depth < 0:
        raise ValueError(f"a document is more than {DEPTH_MAX} levels deep")
    for value in values:
        kind = type(value)
        if kind in _PLAIN:
            continue
        if kind is int:
            if not -INTEGER_MAX <= value <= INTEGER_MAX:
                raise ValueError("a whole number is beyond 2^53-1")
        elif kind is list or kind is tuple:
            _refuse_foreign(value, depth - 1)
        elif kind is dict or isinstance(value, Mapping):
            for name in value:
                if type(name) is not str:
                    raise ValueError("the name of a member is not a text")
            _refuse_foreign(value.values(), depth - 1)
        else:
            raise ValueError(f"canonical bytes are not defined for {kind.__name__}")


def read_unchecked(data: bytes) -> object:
    """Return the JSON value of bytes that the caller then compares with its canonical bytes.

    Only that comparison shows that there was no duplicate member, no float and no second spelling.
    """
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON in UTF-8") from None


def read_canonical(data: bytes) -> object:
    """Return the JSON value of canonical bytes; raise ValueError for any other bytes."""
    value = read_unchecked(data)
    if canonical(value) != data:
        raise ValueError("it is not canonical JSON")
    return value


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of bytes."""
    return sha256(data).digest()
