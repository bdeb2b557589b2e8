"""collect: what an agency reads of its collections. Who got which object is logged before it leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hub.audit.events import Act
from hub.envelope.canonical import canonical
from hub.envelope.vault import unlock
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.taxii.objects import Found, read_objects
from hub.ports import View
from hub.ports.taxii import FORGOTTEN, CollectionRow, Filter, LaidRow, ObjectRow
from hub.records.actor import Actor

_JUSTIFICATION: Final = "collected by the recipient that the release of the parcel names"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Objects of one page, whether there are more, and behind which number the next page begins."""

    rows: Sequence[ObjectRow]
    objects: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    more: bool
    after: int


def collections_of(broker: Broker, agency: str) -> Sequence[CollectionRow]:
    """Return the collections of an agency."""
    with broker.store.read() as view:
        return view.taxii.of(agency)


def find_collection(rows: Sequence[CollectionRow], collection_id: str) -> CollectionRow:
    """Return one of an agency's collections. Raises Refused `not-found`, also for those of others."""
    found = next((row for row in rows if row.collection_id == collection_id), None)
    if found is None:
        raise Refused("not-found", "There is no such collection of yours.")
    return found


def list_objects(broker: Broker, row: CollectionRow, wanted: Filter, *, after: int, limit: int) -> Shown:
    """Return what a page holds, without content (TAXII 2.1 §5.3, §5.8)."""
    refuse_unread(row)
    with broker.store.read() as view:
        return page_of(view, row, wanted, after=after, limit=limit)


def collect_objects(
    broker: Broker,
    actor: Actor,
    row: CollectionRow,
    wanted: Filter,
    *,
    after: int,
    limit: int,
    thumbprint: str | None,
) -> Shown:
    """Return a page with its content, once it is logged that it goes (§5.4, §5.6).

    An object whose record was erased since is left out. Raises Refused `role-missing`.
    """
    refuse_unread(row)
    at = broker.clock.now()
    with broker.store.read() as view:
        page = page_of(view, row, wanted, after=after, limit=limit)
        content = _content(broker, view, row, page.rows)
    held = [one for one in page.rows if one.number in content]
    if held:
        _log(broker, actor, row, held, {one.number: content[one.number][0] for one in held}, at, thumbprint)
    return Shown(
        rows=held, objects=[content[one.number][1] for one in held], more=page.more, after=page.after
    )


def fetched_parcels(broker: Broker, agency: str, *, limit: int) -> Sequence[LaidRow]:
    """Return parcels that an agency fetched to the end and that are not settled."""
    with broker.store.read() as view:
        return view.taxii.fetched_parcels(agency, limit)


def fetch_statement(row: LaidRow) -> bytes:
    """Return what we state of a parcel that was fetched: by whom, when, and which bytes it came of."""
    return canonical(
        {
            "parcel": row.parcel_id,
            "sha256": row.digest.hex(),
            "collection": row.collection_id,
            "fetched_by": row.agency,
            "fetched_at": "" if row.fetched_at is None else row.fetched_at.isoformat(),
            "certificate_sha256": row.thumbprint or "",
        }
    )


def settle_parcel(broker: Broker, agency: str, parcel_id: str) -> None:
    """Note that it is durable elsewhere that an agency fetched a parcel; a repeat changes nothing."""
    with broker.store.work() as work:
        laid = work.taxii.laid(parcel_id)
        if laid is not None and laid.agency == agency and laid.fetched_at is not None:
            work.taxii.settle(parcel_id)
            work.commit()


def refuse_unread(row: CollectionRow) -> None:
    """Refuse to read a collection that is posted into."""
    if row.writes:
        raise Refused("policy-denied", "This collection is for posting; what is posted is not read back.")


def page_of(view: View, row: CollectionRow, wanted: Filter, *, after: int, limit: int) -> Shown:
    """Return which objects a page holds, and where the next one begins."""
    found = view.taxii.page(row.collection_id, wanted, after=after, limit=limit + 1)
    rows = found[:limit]
    return Shown(rows=rows, more=len(found) > limit, after=rows[-1].number if rows else after)


def _content(
    broker: Broker, view: View, row: CollectionRow, rows: Sequence[ObjectRow]
) -> dict[int, tuple[str, Mapping[str, Any]]]:
    """Return by number in which parcel an object is, and what it says."""
    parts = view.taxii.parts(row.collection_id, [one.number for one in rows])
    digests = {one.number: one.digest for one in rows}
    found: dict[int, tuple[str, Mapping[str, Any]]] = {}
    opened: dict[str, Mapping[int, Found]] = {}
    for part in parts:
        if part.number in found:
            continue
        if part.parcel_id not in opened:
            opened[part.parcel_id] = _opened(broker, view, part.parcel_id)
        one = opened[part.parcel_id].get(part.place)
        if one is not None and digests[part.number] in (FORGOTTEN, one.digest):
            found[part.number] = part.parcel_id, one.value
    return found


def _opened(broker: Broker, view: View, parcel_id: str) -> Mapping[int, Found]:
    body = view.bodies.get_many([parcel_id]).get(parcel_id)
    if body is None:
        return {}
    content = unlock(body, master_key=broker.keyring.master_key())
    return dict(enumerate(read_objects(content, most=broker.limits.taxii_post_objects_max)))


def _log(
    broker: Broker,
    actor: Actor,
    row: CollectionRow,
    rows: Sequence[ObjectRow],
    parcels: Mapping[int, str],
    at: datetime,
    thumbprint: str | None,
) -> None:
    numbers: dict[str, list[int]] = {}
    for number, parcel_id in parcels.items():
        numbers.setdefault(parcel_id, []).append(number)
    with broker.store.work() as work:
        work.taxii.fetched(row.collection_id, [one.number for one in rows], at=at, thumbprint=thumbprint)
        work.stage(
            broker.event(
                Act.COLLECTED,
                actor,
                parcel_id,
                at,
                justification=_JUSTIFICATION,
                recipients=row.agency,
                collection=row.collection_id,
                numbers=json.dumps(sorted(given), separators=(",", ":")),
            )
            for parcel_id, given in numbers.items()
        )
        work.commit()
