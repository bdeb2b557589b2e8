"""What partners without a hub add to an erasure: parcels and losses, receipts, and the unknown parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from secrets import token_bytes

from hub.entries import Direction, RecordRow
from hub.ports import UnitOfWork, View


def parcels_sent(view: View, versions: Sequence[RecordRow]) -> Sequence[str]:
    """Return the parcels in which a record of ours went to partners without a hub."""
    newest = versions[-1]
    if newest.direction is Direction.IN:
        return ()
    return [row.parcel_id for row in view.hubless.parcels_of(newest.record_id)]


def parcels_erased(view: View, versions: Sequence[RecordRow]) -> Mapping[str, str]:
    """Return what the entry of an erasure says again of parcels: to whom they went, and what was answered.

    No digest is among it: without a seal a parcel's derives from content.
    """
    newest = versions[-1]
    if newest.direction is Direction.IN:
        came = view.hubless.intakes_of(newest.originator, newest.record_id)
        return {"parcels": ",".join(row.parcel_id for row in came)} if came else {}
    rows = view.hubless.parcels_of(newest.record_id)
    if not rows:
        return {}
    answers = ["" if row.answered_at is None else row.code or "accepted" for row in rows]
    return {
        "parcels": ",".join(row.parcel_id for row in rows),
        "parcel_recipients": ",".join(row.agency for row in rows),
        "parcel_answers": ",".join(answers),
    }


def erase_parcels(work: UnitOfWork, versions: Sequence[RecordRow]) -> Collection[str]:
    """Forget the digests of a record's parcels, and return the bodies whose keys are to be destroyed.

    Also those of what the partner sent: without a seal they derive from content. What comes again is then
    known by the parcel's id and the record's, and refused (`hub.exchange.hubless.taking`).
    """
    newest = versions[-1]
    if newest.direction is Direction.IN:
        came = work.hubless.intakes_of(newest.originator, newest.record_id)
        _forget(work, newest.originator, [row.parcel_id for row in came])
        for brought in came:
            work.hubless.forget_intake(brought, token_bytes(len(brought.digest)))
        work.hubless.forget_objects(newest.originator, newest.record_id)
        return {one for row in came for one in (row.body_id, row.unknown_id) if one is not None}
    sent = work.hubless.parcels_of(newest.record_id)
    if sent:
        work.hubless.forget_digests(newest.record_id)
        for row in sent:
            _forget(work, row.agency, [row.parcel_id])
    bodies = {one for row in sent for one in (row.parcel_id, row.about_id, row.receipt_id)}
    return {one for one in bodies if one is not None}


def _forget(work: UnitOfWork, agency: str, parcel_ids: Sequence[str]) -> None:
    """Forget what TAXII collections tell of parcels; ids of the same form that others use are not touched."""
    found = [(one, work.taxii.laid(one) or work.taxii.posted(one)) for one in parcel_ids]
    if ids := [one for one, row in found if row is not None and row.agency == agency]:
        work.taxii.forget(ids)
