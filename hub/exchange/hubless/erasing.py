"""What partners without a hub add to an erasure: parcels and losses, receipts, and the unknown parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.entries import Direction, RecordRow
from hub.ports import UnitOfWork


def erase_parcels(work: UnitOfWork, versions: Sequence[RecordRow]) -> Collection[str]:
    """Forget the digests of a record's parcels, and return the bodies whose keys are to be destroyed."""
    newest = versions[-1]
    if newest.direction is Direction.IN:
        came = work.hubless.intakes_of(newest.originator, newest.record_id)
        return {one for row in came for one in (row.body_id, row.unknown_id) if one is not None}
    sent = work.hubless.parcels_of(newest.record_id)
    if sent:
        work.hubless.forget_digests(newest.record_id)
    bodies = {one for row in sent for one in (row.parcel_id, row.about_id, row.receipt_id)}
    return {one for one in bodies if one is not None}
