"""The parcels of one record as evidence: bytes, our statement, losses, receipts, unknown parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import Direction
from hub.envelope.vault import unlock
from hub.errors import Refused
from hub.exchange.access import Said, refuse_access
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.exchange.hubless.confirming import kept_receipts
from hub.policy.access import Doing
from hub.ports import View
from hub.records.actor import Actor


@dataclass(frozen=True, kw_only=True)
class ShownParcel:
    """One parcel; what was erased is absent from `files`, which are bytes by what they are."""

    parcel_id: str
    agency: str
    version: int
    digest: str
    dialect: str | None
    code: str | None
    signer: str | None
    files: Mapping[str, bytes]


def show_parcels(
    broker: Broker, actor: Actor, record_id: str, *, justification: str, originator: str | None = None
) -> tuple[ShownParcel, ...]:
    """Return the parcels of a record, once their export is committed to the log.

    They are content: the rules are asked as for evidence with content, of each version. Raises Refused
    `justification-missing`, `not-found` where it has none, `conflict` as `find_row` does, `role-missing`,
    `clearance-missing`, and what the policy answers.
    """
    why, at = justified(justification), broker.clock.now()
    with broker.store.read() as view:
        row = find_row(view, record_id, originator=originator)
        for version in view.records.versions(record_id, originator=row.originator):
            refuse_access(broker, view, version, actor, Doing.EXPORT, said=Said(justification=why))
        ours = row.direction is Direction.OUT
        shown = _sent(broker, view, record_id) if ours else _came(broker, view, row.originator, record_id)
    if not shown:
        raise Refused("not-found", f"No parcel of record {record_id} went to, or came from, a partner.")
    told = {"what": "parcels", "parcels": ",".join(one.parcel_id for one in shown)}
    with broker.store.work() as work:
        work.stage(
            [
                broker.event(
                    Act.EXPORTED,
                    actor,
                    record_id,
                    at,
                    justification=why,
                    originator=row.originator,
                    **told,
                )
            ]
        )
        work.commit()
    return shown


def _sent(broker: Broker, view: View, record_id: str) -> tuple[ShownParcel, ...]:
    shown = []
    for row in view.hubless.parcels_of(record_id):
        files = _opened(broker, view, {"parcel": row.parcel_id, "about": row.about_id})
        receipts = kept_receipts(broker, view, row)
        files |= {f"receipt-{number}": raw for number, raw in enumerate(receipts, start=1)}
        if "about" in files:
            about = json.loads(files.pop("about"))
            files["statement.jws"] = about["statement"].encode("utf-8")
            files["losses.json"] = json.dumps(about["losses"], ensure_ascii=False, indent=1).encode("utf-8")
        shown.append(
            ShownParcel(
                parcel_id=row.parcel_id,
                agency=row.agency,
                version=row.version,
                digest=row.digest.hex(),
                dialect=row.dialect,
                code=row.code,
                signer=row.signer,
                files=files,
            )
        )
    return tuple(shown)


def _came(broker: Broker, view: View, agency: str, record_id: str) -> tuple[ShownParcel, ...]:
    return tuple(
        ShownParcel(
            parcel_id=row.parcel_id,
            agency=row.agency,
            version=row.version or 0,
            digest=row.digest.hex(),
            dialect=row.dialect,
            code=row.code,
            signer=row.signer,
            files=_opened(broker, view, {"parcel": row.body_id, "unknown.json": row.unknown_id}),
        )
        for row in view.hubless.intakes_of(agency, record_id)
    )


def _opened(broker: Broker, view: View, named: Mapping[str, str | None]) -> dict[str, bytes]:
    found = {what: body_id for what, body_id in named.items() if body_id is not None}
    bodies = view.bodies.get_many(list(found.values()))
    return {
        what: unlock(bodies[body_id], master_key=broker.keyring.master_key())
        for what, body_id in found.items()
        if body_id in bodies
    }
