"""What partners without a hub say of our parcels: kept as it came, then the entry's next state.

A receipt is settled with the carrier only after it is durable here; one that comes again changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, OutboxEntry, ParcelRow, ProfileRow
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.vault import lock, unlock
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.weighing import entry_event
from hub.ports import Answered, UnitOfWork, View
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState

_AT_ONCE: Final = 200
_WAITING: Final = (EntryState.PENDING, EntryState.CARRIED, EntryState.HELD)
_ERASED: Final = bytes(32)
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")


def take_answers(broker: Broker, partner: ProfileRow) -> int:
    """Take the receipts that wait; return how many there were.

    One that cannot be taken stays with the carrier and keeps none of the others; what failed first is raised
    once all were looked at.
    """
    answers = broker.adapting.answers(partner, limit=broker.limits.batch_max_envelopes)
    failures: list[HubError] = []
    for answer in answers:
        try:
            _take(broker, partner, answer)
            broker.adapting.settle(partner, answer.parcel_id)
        except HubError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return len(answers)


def _take(broker: Broker, partner: ProfileRow, answer: Answered) -> None:
    at, body_id = broker.clock.now(), new_id()
    with broker.store.work() as work:
        row = work.hubless.parcel(answer.parcel_id)
        if row is None or row.agency != partner.agency:
            named = {"receipt_digest": digest(answer.raw).hex()}
            work.stage([_not_kept(broker, partner.agency, at, "receipt-invalid", **named)])
            work.commit()
            return
        if row.digest == _ERASED:
            work.stage([_not_kept(broker, partner.agency, at, "content-erased")])
            work.commit()
            return
        entries = [
            one for one in work.outbox.of_envelope(row.parcel_id) if one.state is not EntryState.ACCEPTED
        ]
        kept = kept_receipts(broker, work, row)
        if answer.raw in kept and not any(one.state in _WAITING for one in entries):
            return  # it was taken before, and the carrier was not told
        if answer.raw not in kept and len(kept) >= broker.limits.parcel_receipts_max:
            named = {"recipient": row.agency, "parcel_receipt": digest(answer.raw).hex()}
            work.stage([_not_kept(broker, row.parcel_id, at, "quota-exceeded", **named)])
            work.commit()
            return
        code = _code(row, answer)
        if not work.hubless.answer_parcel(row, receipt_id=body_id, at=at, signer=answer.signer, code=code):
            return  # another worker took it just now
        work.bodies.add([_locked(broker, [*kept, answer.raw], body_id)])
        if row.receipt_id is not None:
            work.bodies.erase(row.receipt_id)
        _settle(broker, work, row, entries, code, answer, at)
        work.commit()


def _locked(broker: Broker, receipts: Sequence[bytes], body_id: str) -> Body:
    """Return all receipts of a parcel as one body: their keys are destroyed together."""
    raws = canonical([b64u(raw) for raw in dict.fromkeys(receipts)])
    return lock(raws, body_id=body_id, master_key=broker.keyring.master_key())


def kept_receipts(broker: Broker, view: View, row: ParcelRow) -> Sequence[bytes]:
    """Return the receipts that are kept of a parcel as they came, oldest first."""
    if row.receipt_id is None:
        return ()
    body = view.bodies.get_many([row.receipt_id]).get(row.receipt_id)
    if body is None:
        return ()
    return [unb64u(one) for one in json.loads(unlock(body, master_key=broker.keyring.master_key()))]


def _code(row: ParcelRow, answer: Answered) -> str | None:
    """Return why a parcel is not accepted: the receipt names other bytes, or says so with a code."""
    if answer.digest is not None and answer.digest != row.digest:
        return "receipt-invalid"
    if answer.code is None:
        return None
    return answer.code if _CODE.fullmatch(answer.code) else "partner-refused"


def _settle(
    broker: Broker,
    work: UnitOfWork,
    row: ParcelRow,
    entries: Sequence[OutboxEntry],
    code: str | None,
    answer: Answered,
    at: datetime,
) -> None:
    """Give each entry of the parcel its next state, and say so; one that ended stays as it is.

    What is said names the receipt by its digest, which goes when the record is erased: it may be computed
    from the parcel's.
    """
    state, open_ = _step(code, answer.signer)
    moved = [replace(one, state=state, reason=code) for one in entries if one.state in open_]
    work.outbox.settle(None, moved, yielding=True)
    told = {"status": "refused" if code else "accepted"} | ({"code": code} if code else {})
    told["parcel_receipt"] = digest(answer.raw).hex()
    if answer.signer is not None:
        told["signer"] = answer.signer
    for entry in moved or entries[:1]:
        work.stage([entry_event(broker, Act.RECEIPT_KEPT, entry, at, **told)])
    if not entries:
        work.stage(
            [broker.event(Act.RECEIPT_KEPT, broker.itself, row.parcel_id, at, recipient=row.agency, **told)]
        )


def _step(code: str | None, signer: str | None) -> tuple[EntryState, Collection[EntryState]]:
    """Return what an entry becomes, and from which states it does.

    What a mail server says of its delivery nobody signed, and it is no word of the partner: it holds.
    """
    if code == "receipt-invalid" or (code == "delivery-failed" and signer is None):
        return EntryState.HELD, (EntryState.PENDING, EntryState.CARRIED)
    if code is not None:
        return EntryState.REFUSED, (*_WAITING, EntryState.UNCONFIRMED)
    return EntryState.ACCEPTED, tuple(EntryState)


def _not_kept(broker: Broker, subject: str, at: datetime, code: str, **told: str) -> AuditEvent:
    """Return the entry of a receipt that is not kept: for what we never sent, or erased, or one of too many.

    Of a receipt for what was erased not even the digest is told: it may be computed from the parcel's. One of
    too many is told of under its parcel, with which its digest goes.
    """
    return broker.event(Act.REFUSED, broker.itself, subject, at, code=code, operation="receipt", **told)


def note_missing(broker: Broker, partner: ProfileRow) -> int:
    """Show what waits for a receipt for longer than it should; return how many were found."""
    at = broker.clock.now()
    late = at - timedelta(seconds=broker.limits.receipt_late_s)
    after = found = 0
    while page := _carried(broker, partner, after):
        after = page[-1].position
        if names := [one.entry_id for one in page if _is_late(one, late)]:
            with broker.store.work() as work:
                now = [one for name in names if (one := work.outbox.get(name)) and _is_late(one, late)]
                work.outbox.settle(None, [replace(one, reason="receipt-missing") for one in now])
                work.commit()
            found += len(now)
    return found


def _carried(broker: Broker, partner: ProfileRow, after: int) -> Sequence[OutboxEntry]:
    with broker.store.read() as view:
        return view.outbox.page(after=after, limit=_AT_ONCE, lane=partner.agency, state=EntryState.CARRIED)


def _is_late(entry: OutboxEntry, late: datetime) -> bool:
    return entry.state is EntryState.CARRIED and entry.reason is None and entry.next_at <= late
