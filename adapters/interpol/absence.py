"""What is gone from a public list: missed by one whole look, and gone when the next whole look misses it too.

A list never says that a notice was withdrawn; it has it no more. One look may be wrong, so may a look that
misses very many at once: that is a fault of the source until a person says otherwise. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

#: So many may be gone at once of a list however short it is.
AT_ONCE: Final = 3
REASON: Final = (
    "It is gone from Interpol's public list: two whole looks, one after the other, did not find it there. "
    "Whether it is still in force for police, the national central bureau tells; this list does not."
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Under which number and address a notice was listed last, and since when it is missed."""

    number: str
    path: str
    missed_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a look found: where notices are, which are gone, how many are missed once or too many at once."""

    places: Mapping[str, Place] = field(repr=False)
    gone: tuple[str, ...] = ()
    missed: int = 0
    held: int = 0


def compare(
    places: Mapping[str, Place],
    known: Collection[str],
    listed: Mapping[str, Place],
    *,
    whole: bool,
    at: float,
    every_s: float,
    percent_max: int,
) -> Seen:
    """Compare what a list has now with the notices that are known, by name, and that it had before.

    A look that is not whole, or misses more than a share of what is known, proves no absence: counting
    begins anew after it. Two looks count as two when `every_s` lies between them.
    """
    absent = sorted(set(known) - listed.keys())
    most = max(AT_ONCE, len(known) * percent_max // 100)
    held = bool(absent) and (len(absent) > most or (not listed and percent_max < 100))
    before = {name: places[name] for name in absent}
    if held or not whole:
        kept = {name: replace(one, missed_at=None) for name, one in before.items()}
        return Seen(places={**kept, **listed}, held=len(absent) if held else 0)
    since = {name: min(at if one.missed_at is None else one.missed_at, at) for name, one in before.items()}
    gone = tuple(name for name in absent if at - since[name] >= every_s)
    return Seen(
        places={**{name: replace(one, missed_at=since[name]) for name, one in before.items()}, **listed},
        gone=gone,
        missed=len(absent) - len(gone),
    )


def gone_document(place: Place, address: str) -> bytes:
    """Return what stands for the withdrawal that a list does not publish: our word, not Interpol's."""
    said = {"entity_id": place.number, "gone": {"reason": REASON}, "_links": {"self": {"href": address}}}
    return json.dumps(said, sort_keys=True).encode("ascii")


def write_places(places: Mapping[str, Place]) -> bytes:
    """Return what is kept between two looks."""
    rows = {name: [one.number, one.path, one.missed_at] for name, one in places.items()}
    return json.dumps(rows, sort_keys=True).encode("ascii")


def read_places(raw: bytes | None) -> Mapping[str, Place]:
    """Return what was kept; of what cannot be read, nothing: counting begins anew."""
    try:
        rows = {} if raw is None else json.loads(raw)
        return {
            str(name): Place(
                number=str(number), path=str(path), missed_at=None if missed is None else float(missed)
            )
            for name, (number, path, missed) in rows.items()
        }
    except (AttributeError, TypeError, ValueError):
        return {}
