"""Export a bundle of evidence: logged first, then gathered, proven by the log, and signed as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.audit.names import log_name
from hub.entries import RecordRow
from hub.errors import Refused
from hub.evidence.anchors import strongest
from hub.evidence.bundle import PARCEL_RECEIPTS_MAX, PARTS_MAX, Bundle, write_bundle
from hub.evidence.parts import Mode
from hub.exchange.access import Said, refuse_access, refuse_passed
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row, read_content
from hub.exchange.evidence.collecting import Collected, collect, events_of
from hub.exchange.evidence.proving import Proven, prove
from hub.exchange.log.catching_up import catch_up
from hub.exchange.partners import SUITES
from hub.policy.access import Doing
from hub.policy.decision import require
from hub.policy.four_eyes import may_audit
from hub.ports import View
from hub.records.actor import Actor
from hub.records.kinds import Kind


def export(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    mode: Mode = Mode.FULL,
    justification: str | None,
    originator: str | None = None,
) -> bytes:
    """Return the bundle of a record's whole life; that it was exported, by whom and why, is logged before.

    The entry of this export is not in the bundle. What was staged until now is put into the log and signed
    for first, so that all of it can be proven. Raises Refused `role-missing`, `justification-missing`,
    `clearance-missing` and what else the rules answer of the content, `not-found`, `evidence-too-large`, and
    `conflict` for an id that several originators sent.
    """
    require(may_audit(actor))
    why = justified(justification)
    at = broker.clock.now()
    with broker.store.read() as view:
        asked = find_row(view, record_id, originator=originator)
        row = evident(view, asked)
        _refuse_content(broker, view, actor, (asked, row), mode, why)
    record_id = row.record_id
    catch_up(broker)
    event = broker.event(Act.EXPORTED, actor, record_id, at, justification=why, what=mode.value)
    with broker.store.work() as work:
        _refuse_content(broker, work, actor, (asked, row), mode, why)
        work.stage([event])
        work.commit()
    with broker.store.read() as view:
        found = collect(broker, view, record_id, mode, originator=row.originator)
        events = [one for one in found.events if one.event_id != event.event_id]
        proven = prove(view, events, mode, witnesses=len(broker.witnesses.witnesses))
    _refuse_too_large(found, proven)
    bundle = Bundle(
        exporter=broker.agency,
        exported_at=at,
        exported_by=str(actor),
        justification=why if mode is Mode.FULL else None,
        mode=mode,
        originator=row.originator,
        record_id=record_id,
        envelopes=found.envelopes,
        contents=found.contents,
        receipts=found.receipts,
        deliveries=found.deliveries,
        cards=found.cards,
        origin=log_name(broker.agency),
        checkpoints=proven.checkpoints,
        entries=proven.entries,
        trust=found.trust,
        parcels=found.parcels,
        approvals=found.approvals,
        transfers=found.transfers,
    )
    return write_bundle(bundle, broker.keyring.signing(), strongest(SUITES))


def evident(view: View, row: RecordRow) -> RecordRow:
    """Return the record that evidence shows: for one that was passed on to us, the passage that brought it.

    In it stand the originator's record and its consent, as both were signed.
    """
    if row.via is None:
        return row
    passages = [
        one for one in view.passages.of_record(row.originator, row.record_id) if one.passer == row.via
    ]
    found = [view.records.get(one.passage_id, originator=one.passer) for one in passages]
    brought = [one for one in found if one is not None]
    return max(brought, key=lambda one: one.position) if brought else row


def _refuse_content(
    broker: Broker, view: View, actor: Actor, rows: Sequence[RecordRow], mode: Mode, why: str
) -> None:
    """Refuse content to whom the rules deny any version; without content, a bundle is for every auditor."""
    if mode is not Mode.FULL:
        return
    for row in rows:
        for version in view.records.versions(row.record_id, originator=row.originator):
            said = Said(justification=why)
            refuse_access(broker, view, version, actor, Doing.EXPORT, said=said)
            if version.kind == Kind.PASSAGE.value and view.bodies.sizes([version.body_id]):
                passage = read_content(broker, view, version)
                refuse_passed(broker, view, passage, actor, Doing.EXPORT, said=said)


def _refuse_too_large(found: Collected, proven: Proven) -> None:
    """Raise Refused `evidence-too-large` for a life of more parts than verifiers take: none is left out."""
    for name, most in PARTS_MAX.items():
        count = len(getattr(proven if hasattr(proven, name) else found, name))
        if count > most:
            raise Refused(
                "evidence-too-large", f"The record's life has {count} {name}; a bundle shows at most {most}."
            )
    _refuse_receipts(found)


def _refuse_receipts(found: Collected) -> None:
    count = sum(len(one.receipts) for one in found.parcels)
    if count > PARCEL_RECEIPTS_MAX:
        raise Refused(
            "evidence-too-large",
            f"The record's parcels have {count} receipts; a bundle shows at most {PARCEL_RECEIPTS_MAX}.",
        )


def is_cosigned(broker: Broker, record_id: str, *, originator: str | None = None) -> bool:
    """Tell whether enough witnesses have cosigned all that the log says of a record so far.

    What waits is put into the log first. Where no witnesses are needed it is true.
    """
    needed = broker.witnesses.needed
    if not needed:
        return True
    catch_up(broker)
    with broker.store.read() as view:
        row = evident(view, find_row(view, record_id, originator=originator))
        events = events_of(broker, view, row.record_id, originator=row.originator)
        indices = [view.log.index_of(event.event_id) for event in events]
        last = max((index for index in indices if index is not None), default=None)
        return last is None or view.witnessing.cosigned_size(last + 1, needed=needed) is not None
