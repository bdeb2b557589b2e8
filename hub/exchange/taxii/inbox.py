"""A member's collections: what was routed to it, as STIX objects that are made when they are given.

Which objects a delivery holds is laid out when its member asks for collections: ids, versions, numbers, and
no content and no digest of it. So nothing is copied, and what is erased is gone here too. What a member may
have is judged when it reads, as everywhere.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from hub.audit.events import Act
from hub.entries import Delivery, RecordRow
from hub.exchange.broker import Broker
from hub.exchange.contents import open_content
from hub.exchange.disclosing import Collected, disclose, record_of
from hub.exchange.taxii.collecting import Shown, page_of, refuse_unread
from hub.exchange.taxii.laying import add_objects, find_collection_of, open_collection
from hub.exchange.taxii.objects import Found, read_objects
from hub.ports import UnitOfWork, View
from hub.ports.taxii import FORGOTTEN, CollectionRow, Filter, ObjectRow, PartRow
from hub.records.label import Label
from hub.records.lifecycle import RecordState
from hub.records.record import Record

#: The collection whose last number is how far a member's deliveries were laid out. Nobody reads it.
_LAID: Final = "laid-out"
_AT_ONCE: Final = 50
_BATCHES_MAX: Final = 10
#: Of how many deliveries an object is tried that stands in many, as an agency's identity does.
_TRIES_MAX: Final = 5

#: Tells of a kind whether the caller may collect it.
Covered = Callable[[str], bool]


def lay_out_inbox(broker: Broker, member: str) -> None:
    """Lay out what came for a member since; of very much, some hundreds of deliveries at once."""
    for _ in range(_BATCHES_MAX):
        if not _lay_next(broker, member):
            break


def member_collections(broker: Broker, member: str) -> Sequence[CollectionRow]:
    """Return a member's collections, one for each TLP colour that anything had that came for it."""
    with broker.store.read() as view:
        return [row for row in view.taxii.of(member) if row.label != _LAID]


def list_member_objects(
    broker: Broker, row: CollectionRow, wanted: Filter, *, after: int, limit: int, covered: Covered
) -> Shown:
    """Return what a page holds of the kinds that are covered, without content."""
    refuse_unread(row)
    with broker.store.read() as view:
        page = page_of(view, row, wanted, after=after, limit=limit)
        inside = _inside(view, row, page.rows, covered)
    return replace(page, rows=[one for one in page.rows if one.number in inside])


def collect_member_objects(
    broker: Broker, row: CollectionRow, wanted: Filter, *, after: int, limit: int, covered: Covered
) -> Shown:
    """Return a page with its content, once it is logged that it goes.

    Left out is what the rules of this moment keep from the member, which is logged too, and what was
    withdrawn or erased. A page may be shorter than `limit`, and still have more behind it.
    """
    refuse_unread(row)
    with broker.store.read() as view:
        page = page_of(view, row, wanted, after=after, limit=limit)
        inside = _inside(view, row, page.rows, covered)
    rows = [one for one in page.rows if one.number in inside]
    found: dict[int, Mapping[str, Any]] = {}
    for tried in range(_TRIES_MAX):
        due = {
            one.number: inside[one.number][tried]
            for one in rows
            if one.number not in found and tried < len(inside[one.number])
        }
        if not due:
            break
        ended = _disclosed(broker, row, due, found)
        if ended is not None:
            # No more fits into this answer: it ends before the first object that was not looked at.
            rows = [one for one in rows if one.number < ended]
            page = replace(page, more=True, after=ended - 1)
    held = [one for one in rows if one.number in found]
    return Shown(rows=held, objects=[found[one.number] for one in held], more=page.more, after=page.after)


def _disclosed(
    broker: Broker,
    row: CollectionRow,
    due: Mapping[int, tuple[Delivery, int]],
    found: dict[int, Mapping[str, Any]],
) -> int | None:
    """Add the content of objects, each from a place in a delivery; return the first that was left over."""
    numbers: dict[str, list[int]] = {}
    deliveries: dict[str, Delivery] = {}
    for number, (delivery, _) in due.items():
        numbers.setdefault(delivery.delivery_id, []).append(number)
        deliveries[delivery.delivery_id] = delivery
    told = {
        name: {"collection": row.collection_id, "numbers": json.dumps(sorted(given), separators=(",", ":"))}
        for name, given in numbers.items()
    }
    done = disclose(broker, row.agency, list(deliveries.values()), told=told)
    opened = {one.delivery.delivery_id: _made(broker, one) for one in done}
    for number, (delivery, place) in due.items():
        objects = opened.get(delivery.delivery_id, ())
        if place < len(objects):
            found[number] = objects[place].value
    left = [number for number, (delivery, _) in due.items() if delivery.delivery_id not in opened]
    return min(left, default=None)


def _made(broker: Broker, one: Collected) -> Sequence[Found]:
    return [] if one.record is None else _objects(broker, one.record)


def _objects(broker: Broker, record: Record) -> Sequence[Found]:
    made = broker.adapting.as_stix(record.document)
    found = read_objects(made, most=broker.limits.taxii_post_objects_max)
    return [replace(one, digest=FORGOTTEN) for one in found]


def _inside(
    view: View, row: CollectionRow, rows: Sequence[ObjectRow], covered: Covered
) -> Mapping[int, Sequence[tuple[Delivery, int]]]:
    """Return by number in which deliveries of covered kinds an object stands, and where in them.

    Of one that stands in many, the few newest are told, and first those that are given anyway.
    """
    parts: dict[int, deque[PartRow]] = {}
    for part in view.taxii.parts(row.collection_id, [one.number for one in rows]):
        parts.setdefault(part.number, deque(maxlen=_TRIES_MAX)).appendleft(part)
    anyway = {stands[0].parcel_id for stands in parts.values() if len(stands) == 1}
    deliveries = {
        name: view.deliveries.get(name)
        for name in {part.parcel_id for stands in parts.values() for part in stands}
    }
    found: dict[int, list[tuple[Delivery, int]]] = {}
    for number, stands in parts.items():
        for part in sorted(stands, key=lambda one: one.parcel_id not in anyway):
            delivery = deliveries[part.parcel_id]
            if delivery is not None and delivery.member == row.agency and covered(delivery.kind):
                found.setdefault(number, []).append((delivery, part.place))
    return found


def _lay_next(broker: Broker, member: str) -> bool:
    """Lay out the next of a member's deliveries, if there are any; tell whether there may be more."""
    with broker.store.read() as view:
        laid = find_collection_of(view, member, _LAID, writes=False)
        after = 0 if laid is None else laid.last
        page = view.deliveries.page(member, after=after, limit=_AT_ONCE)
        rows = view.records.get_many([record_of(one) for one in page])
        bodies = view.bodies.get_many([row.body_id for row in rows.values()])
    if not page:
        return False
    ready = []
    for delivery in page:
        row = rows[record_of(delivery)]
        body = None if row.state is RecordState.WITHDRAWN else bodies.get(row.body_id)
        objects = [] if body is None else _objects(broker, open_content(broker, row, body))
        ready.append((delivery, row, objects))
    at = broker.clock.now()
    with broker.store.work() as work:
        marker = find_collection_of(work, member, _LAID, writes=False) or open_collection(
            broker, work, member, _LAID, writes=False
        )
        behind, _ = work.taxii.take(marker.collection_id, 0, at)  # locked from here on
        if behind - 1 != after:
            return True  # another request laid them out meanwhile
        work.taxii.take(marker.collection_id, page[-1].position - after, at)
        for delivery, row, objects in ready:
            _lay(broker, work, delivery, row, objects, at)
        work.commit()
    return True


def _lay(
    broker: Broker,
    work: UnitOfWork,
    delivery: Delivery,
    row: RecordRow,
    objects: Sequence[Found],
    at: datetime,
) -> None:
    """Lay out the objects of one delivery, in the collection of its record's colour."""
    label = Label.of(row.label).tlp.value
    into = find_collection_of(work, delivery.member, label, writes=False) or open_collection(
        broker, work, delivery.member, label, writes=False
    )
    if objects:  # none are left of what was withdrawn or erased meanwhile
        add_objects(work, into, delivery.delivery_id, objects, at=at)
    told = {"partner": delivery.member, "collection": into.collection_id}
    work.stage([broker.event(Act.LAID_OUT, broker.itself, delivery.delivery_id, at, **told)])
