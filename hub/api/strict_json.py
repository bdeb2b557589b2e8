"""JSON as this hub takes it: no duplicate keys, no floats, no lone surrogates, bounded depth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec

from hub.envelope.encoding import refuse_deeper
from hub.errors import Refused

#: Integers beyond this are not the same number in every JSON library (RFC 8259, section 6).
SAFE_INTEGER: Final = 2**53 - 1


def loads(raw: bytes, *, max_depth: int) -> object:
    """Parse one JSON document. Raises Refused `request-malformed` that says what is wrong.

    The standard parser bounds its own recursion, so a hostile depth costs no more than its refusal.
    """
    try:
        document: object = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_safe_int,
        )
    except UnicodeDecodeError:
        raise Refused("request-malformed", "The body is not UTF-8.") from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    except ValueError as error:
        where = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused("request-malformed", f"The body is not JSON{where}.") from None
    _check(document, raw, max_depth)
    return document


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("request-malformed", "An object in the body holds the same key twice.")
    return found


def _no_float(text: str) -> NoReturn:
    raise Refused("request-malformed", "Numbers are integers here; amounts are decimal strings.")


def _safe_int(text: str) -> int:
    # Bounded as text first: Python's conversion of very long digits is slow and then refused anyway.
    if len(text) > 17 or abs(int(text)) > SAFE_INTEGER:
        raise Refused("request-malformed", f"Integers stay within ±{SAFE_INTEGER}.")
    return int(text)


def _too_deep(max_depth: int) -> Refused:
    return Refused("request-malformed", f"The body is nested deeper than {max_depth} levels.")


def _check(document: object, raw: bytes, max_depth: int) -> None:
    """Refuse what is nested too deep, and text that no UTF-8 can carry, which only an escape can bring."""
    if isinstance(document, (dict, list)):
        try:
            refuse_deeper(document, max_depth)
        except ValueError:
            raise _too_deep(max_depth) from None
    if b"\\u" in raw:
        try:
            msgspec.json.encode(document)
        except UnicodeEncodeError:
            raise Refused("request-malformed", "A text in the body holds half a surrogate pair.") from None
