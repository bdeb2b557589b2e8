"""lay out: a parcel's objects into the collection that its recipient reads; what is there is shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from hub.audit.events import Act
from hub.envelope.vault import lock
from hub.errors import IntegrityFailure
from hub.exchange.broker import Broker
from hub.exchange.taxii.objects import Found, ambiguous, read_objects
from hub.ports import UnitOfWork, View
from hub.ports.taxii import FORGOTTEN, CollectionRow, LaidRow, ObjectRow, PartRow

#: The label of the collection into which an agency posts.
POSTS = "posts"


def open_posts(broker: Broker, agency: str) -> None:
    """Open the collection into which an agency posts; a repeat changes nothing."""
    with broker.store.read() as view:
        if find_collection_of(view, agency, POSTS, writes=True) is not None:
            return
    with broker.store.work() as work:
        open_collection(broker, work, agency, POSTS, writes=True)
        work.commit()


def lay_out(broker: Broker, agency: str, parcel_id: str, label: str, content: bytes) -> None:
    """Lay a bundle out for an agency, durably, in its collection of a label; a repeat changes nothing.

    Raises IntegrityFailure `envelope-id-reused` for other bytes under the same id, and
    `partner-document-ambiguous` where an object was laid out before with the same version and other content.
    """
    digest, at = sha256(content).digest(), broker.clock.now()
    objects = read_objects(content, most=broker.limits.taxii_post_objects_max)
    with broker.store.work() as work:
        laid = work.taxii.laid(parcel_id)
        if laid is not None:
            if laid.digest != digest or laid.agency != agency:
                raise IntegrityFailure("envelope-id-reused", "Other bytes were laid out under this id.")
            return
        row = find_collection_of(work, agency, label, writes=False) or open_collection(
            broker, work, agency, label, writes=False
        )
        if parcel_id not in work.bodies.sizes([parcel_id]):
            work.bodies.add([lock(content, body_id=parcel_id, master_key=broker.keyring.master_key())])
        work.taxii.lay(
            LaidRow(
                parcel_id=parcel_id,
                agency=agency,
                collection_id=row.collection_id,
                body_id=parcel_id,
                digest=digest,
                laid_at=at,
            )
        )
        held = add_objects(work, row, parcel_id, objects, at=at)
        if len(held) == len(objects) and all(one.fetched_at is not None for one in held):
            # Other parcels brought all of it along: nothing is left to fetch.
            work.taxii.fetched(row.collection_id, [one.number for one in held], at=at, thumbprint=None)
        work.stage(
            [
                broker.event(
                    Act.LAID_OUT, broker.itself, parcel_id, at, partner=agency, collection=row.collection_id
                )
            ]
        )
        work.commit()


def add_objects(
    work: UnitOfWork, row: CollectionRow, parcel_id: str, objects: Sequence[Found], *, at: datetime
) -> Sequence[ObjectRow]:
    """Add a parcel's objects to a collection; return those that it holds already, which are shared.

    Raises IntegrityFailure `partner-document-ambiguous`.
    """
    known = _known(work, row.collection_id, objects)
    for one in objects:
        shared = known.get((one.object_id, one.version))
        if shared is not None and shared.digest == FORGOTTEN:
            work.taxii.keep_digest(shared, one.digest)
    fresh = [one for one in objects if (one.object_id, one.version) not in known]
    first, added_at = work.taxii.take(row.collection_id, len(fresh), at) if fresh else (0, at)
    made = {
        (one.object_id, one.version): ObjectRow(
            collection_id=row.collection_id,
            number=first + place,
            object_id=one.object_id,
            sort=one.sort,
            version=one.version or added_at,
            stamped=one.version is not None,
            digest=one.digest,
            added_at=added_at + timedelta(microseconds=place),
        )
        for place, one in enumerate(fresh)
    }
    numbers = {key: found.number for key, found in {**known, **made}.items()}
    parts = [
        PartRow(
            collection_id=row.collection_id,
            number=numbers[(one.object_id, one.version)],
            parcel_id=parcel_id,
            place=place,
        )
        for place, one in enumerate(objects)
    ]
    work.taxii.add(list(made.values()), parts)
    return list(known.values())


def _known(
    view: View, collection_id: str, objects: Sequence[Found]
) -> Mapping[tuple[str, datetime | None], ObjectRow]:
    rows = view.taxii.versions(collection_id, {one.object_id for one in objects})
    held = {(row.object_id, row.version if row.stamped else None): row for row in rows}
    found = {key: held[key] for one in objects if (key := (one.object_id, one.version)) in held}
    if any(
        found[key].digest not in (FORGOTTEN, one.digest)
        for one in objects
        if (key := (one.object_id, one.version)) in found
    ):
        raise ambiguous()
    return found


def find_collection_of(view: View, agency: str, label: str, *, writes: bool) -> CollectionRow | None:
    """Return an agency's collection of a label."""
    rows = view.taxii.of(agency)
    return next((row for row in rows if row.label == label and row.writes is writes), None)


def open_collection(
    broker: Broker, work: UnitOfWork, agency: str, label: str, *, writes: bool
) -> CollectionRow:
    """Open a collection, and return it, or the one that somebody else opened at this moment."""
    at = broker.clock.now()
    row = CollectionRow(
        collection_id=str(uuid4()),
        agency=agency,
        label=label,
        writes=writes,
        last=0,
        added_at=at,
        opened_at=at,
    )
    work.taxii.open(row)
    work.stage(
        [
            broker.event(
                Act.COLLECTION_OPENED, broker.itself, row.collection_id, at, partner=agency, label=label
            )
        ]
    )
    # Where somebody else opened it at this moment, theirs is the one.
    return find_collection_of(work, agency, label, writes=writes) or row
