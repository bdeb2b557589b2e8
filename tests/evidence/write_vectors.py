"""Write tests/vectors/evidence: bundles with parcels that are proven, and others with what spoils them.

Run as `python -m tests.evidence.write_vectors`. Keys are drawn anew, so every byte changes: only when the
format is meant to change. Each rejected bundle is signed by its exporter as it stands: nothing but the check
that it is named by finds it out. Bundles in `before/` were written by hubs of before, and stay.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from adapters.contract import Verdict as Said
from hub.evidence.anchors import write_anchors
from hub.evidence.bundle import Bundle, read_bundle
from hub.evidence.parcel_parts import ParcelPart
from tests.evidence.parcels import AS4, FOLDER, MAIL, Parcelled, make_world
from tests.evidence.world import resigned
from tests.exchange.hubs import Hubs

FOLDER_OF_VECTORS: Final = Path(__file__).parents[1] / "vectors" / "evidence"


def main() -> None:
    """Play a life, and write its bundles and what was made of them."""
    FOLDER_OF_VECTORS.mkdir(exist_ok=True)
    for old in FOLDER_OF_VECTORS.glob("*.*"):
        old.unlink()
    with TemporaryDirectory() as name:
        hubs = Hubs(folder=Path(name))
        try:
            world = make_world(hubs)
            rows = [_write(*one) for one in (*_accepted(world), *_rejected(world))]
            (FOLDER_OF_VECTORS / "anchors.json").write_bytes(write_anchors(world.anchored()))
        finally:
            hubs.close()
    index = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    (FOLDER_OF_VECTORS / "vectors.json").write_text(index, encoding="utf-8")


def _write(name: str, verdict: str, finding: str, raw: bytes) -> dict[str, str]:
    file = f"{name}.evidence"
    (FOLDER_OF_VECTORS / file).write_bytes(raw)
    return {"name": name, "file": file, "verdict": verdict, "finding": finding}


def _accepted(world: Parcelled) -> Iterator[tuple[str, str, str, bytes]]:
    world.record_id = world.send(MAIL, FOLDER).record_id
    world.answer(MAIL, FOLDER)
    yield "sent", "proven", "parcel-receipt-signed", world.export()
    came = replace(world, record_id=world.come(MAIL, "theirs-1"))
    yield "received", "proven", "parcel-signed", came.export()


def _rejected(world: Parcelled) -> Iterator[tuple[str, str, str, bytes]]:
    raw = world.export()
    first = read_bundle(raw).bundle
    other = replace(world, record_id=world.send(MAIL, AS4).record_id)
    other.answer(MAIL, AS4)
    mail = next(one for one in read_bundle(other.export()).bundle.parcels if one.agency == MAIL)
    signal = next(one for one in read_bundle(other.export()).bundle.parcels if one.agency == AS4)

    def spoilt(**changes: Any) -> bytes:
        return _changed(world, raw, lambda one: replace(one, **changes) if one.agency == MAIL else one)

    yield "receipt-swapped", "incomplete", "parcel-receipt-not-in-log", spoilt(receipts=mail.receipts)
    yield "receipt-of-another", "incomplete", "parcel-receipt-not-in-log", spoilt(receipts=signal.receipts)
    yield "receipt-dropped", "incomplete", "parcel-receipt-left-out", spoilt(receipts=())
    lost = {**(first.parcels[0].losses or {}), "lost": ["narrative"]}
    yield "losses-changed", "disproven", "parcel-statement-false", spoilt(losses=lost)
    dropped = resigned(raw, world.ours, lambda whole: replace(whole, parcels=whole.parcels[1:]))
    yield "parcel-dropped", "disproven", "entry-of-another", dropped
    parcel = world.parcel(MAIL, other.record_id)
    third = replace(world, record_id=world.send(MAIL).record_id)
    lie = world.mailed(parcel, Said(taken=True))
    world.put(MAIL, lie, world.parcel(MAIL, third.record_id))
    world.look(MAIL)
    yield "receipt-swapped-and-logged", "disproven", "parcel-receipt-false", third.export()


def _changed(world: Parcelled, raw: bytes, change: Callable[[ParcelPart], ParcelPart]) -> bytes:
    def parcels(whole: Bundle) -> Bundle:
        return replace(whole, parcels=tuple(map(change, whole.parcels)))

    return resigned(raw, world.ours, parcels)


if __name__ == "__main__":
    main()
