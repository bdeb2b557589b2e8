"""What a caller asks of a collection (TAXII 2.1 §3.4, §3.5); what is not understood is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from werkzeug.datastructures import MultiDict

from hub.api.cursors import cursor, position
from hub.errors import Refused
from hub.ports.taxii import Filter
from hub.records.times import as_time

_PLACE: Final = "collection"
_VALUES_MAX: Final = 200
_SPEC: Final = "2.1"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What of a collection, from where on, and how many at once. `nothing`: no object can fit."""

    filter: Filter
    after: int
    limit: int
    nothing: bool = False


def read_query(args: MultiDict[str, str], *, known: Collection[str], most: int) -> Wanted:
    """Read query parameters. Raises Refused `request-malformed`."""
    allowed = {"limit", "next", *known}
    if stray := sorted(set(args) - allowed):
        raise _malformed(f"it has {stray[0][:40]}; this address takes {', '.join(sorted(allowed))}")
    if any(len(given) > 1 for _, given in args.lists()):
        raise _malformed("a parameter is given more than once")
    said = dict(args.items())
    specs = _values(said, "match[spec_version]")
    return Wanted(
        filter=_filter(said),
        after=_after(said),
        limit=_limit(said, most),
        nothing=bool(specs) and _SPEC not in specs,
    )


def next_of(number: int) -> str:
    """Return the cursor behind an object."""
    return cursor(_PLACE, number)


def _filter(said: Mapping[str, str]) -> Filter:
    versions = _values(said, "match[version]") or {"last"}
    words = versions & {"first", "last", "all"}
    return Filter(
        added_after=_time(said["added_after"]) if "added_after" in said else None,
        ids=_values(said, "match[id]"),
        sorts=_values(said, "match[type]"),
        first="first" in words,
        last="last" in words,
        every="all" in words,
        at=frozenset(_time(one) for one in versions - words),
    )


def _values(said: Mapping[str, str], name: str) -> frozenset[str]:
    if name not in said:
        return frozenset()
    values = [one.strip() for one in said[name].split(",")]
    if not all(values) or len(values) > _VALUES_MAX:
        raise _malformed(f"{name} holds 1 to {_VALUES_MAX} values with commas between them")
    return frozenset(values)


def _after(said: Mapping[str, str]) -> int:
    try:
        return position(_PLACE, said.get("next"))
    except Refused:
        raise _malformed("next is not one that this collection gave") from None


def _limit(said: Mapping[str, str], most: int) -> int:
    text = said.get("limit", str(most))
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise _malformed("limit is not a whole number above 0")
    return min(int(text), most)


def _time(text: str) -> datetime:
    try:
        return as_time(text)
    except ValueError:
        raise _malformed("a time is not written like 2026-03-31T14:05:00.000Z") from None


def _malformed(sentence: str) -> Refused:
    return Refused("request-malformed", f"The query is not understood: {sentence}.")
