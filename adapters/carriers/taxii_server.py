"""TAXII 2.1, our end as the server: parcels are laid out for a partner that collects, and it posts to us.

What was fetched to its end is a delivery, stated by us and not signed by the partner: it shows who was given
what, not that it was kept. A partner's post is answered by its status resource.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from adapters.bilateral.stix.naming import TLP_OF
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Verdict
from adapters.profiles import invalid, only
from adapters.reading import read_json
from hub.federation.trust import CALLING

_UNMARKED: Final = "unmarked"
#: The strictest last.
_COLOURS: Final = ("clear", "green", "amber", "amber+strict", "red")
_MAX_BYTES: Final = 64 * 1024 * 1024


class Counter(Protocol):
    """Where a hub lays out for one partner and takes its posts."""

    def lay_out(self, parcel_id: str, label: str, content: bytes) -> None: ...
    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]: ...
    def answer(self, parcel_id: str, *, code: str | None, sentence: str) -> None: ...
    def fetched(self, limit: int) -> Sequence[tuple[str, bytes, bytes]]: ...
    def settle(self, parcel_id: str) -> None: ...


@runtime_checkable
class ServingMaterials(Protocol):
    """Materials of a hub that serves: they come with the partner's counter."""

    def counter(self) -> Counter: ...


class TaxiiServerCarrier:
    """The collections of one partner, as a carrier."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def push(self, parcel: Parcel) -> None:
        """Lay a bundle out in the collection of its label."""
        self._counter.lay_out(parcel.parcel_id, label_of(parcel.content), parcel.content)

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return what the partner posted and nobody answered, oldest first."""
        return [Parcel(parcel_id=one, content=content) for one, content in self._counter.waiting(limit)]

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Give a post its verdict, which its status then tells."""
        self._counter.answer(parcel_id, code=verdict.code, sentence=verdict.sentence)

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return what the partner fetched to its end."""
        return [
            PartnerReceipt(parcel_id=one, verdict=Verdict(taken=True), raw=raw, digest=digest)
            for one, raw, digest in self._counter.fetched(limit)
        ]

    def settle(self, parcel_id: str) -> None:
        """Forget that a parcel was fetched; it is known elsewhere."""
        self._counter.settle(parcel_id)

    def health(self) -> Health:
        """Tell that nothing need be reached: the partner calls."""
        return Health(well=True, sentence="The partner calls us.")


def make(options: Mapping[str, Any], materials: Materials) -> TaxiiServerCarrier:
    """Make our end of a partner that collects here.

    Under `taxii-client` the partner's client certificate is held, and behind it those that issued it.
    """
    only(options)
    if not isinstance(materials, ServingMaterials):
        raise invalid("nothing is served here that could be laid out at")
    # Who calls is told by the certificate that is held: without one, nobody would ever collect.
    materials.certificates(CALLING["taxii-server"])
    return TaxiiServerCarrier(materials.counter())


def label_of(content: bytes) -> str:
    """Return the strictest TLP 2.0 colour that marks anything in a bundle."""
    value = read_json(content, max_bytes=_MAX_BYTES)
    objects = value.get("objects", []) if isinstance(value, dict) else []
    marks = {
        TLP_OF[mark]
        for each in objects
        if isinstance(each, dict)
        for mark in each.get("object_marking_refs", [])
        if mark in TLP_OF
    }
    return max(marks, key=_COLOURS.index, default=_UNMARKED)
