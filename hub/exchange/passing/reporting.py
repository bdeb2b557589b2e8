"""verify receipt → told on: a hub that passes on tells the originator who acknowledged what it passed.

It states it about the consent under which it passes on: that envelope came from the originator itself, to
this hub. The acknowledging hub's own receipt goes along, so that the originator need not believe us.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.entries import OutboxEntry, PassageRow, ReceiptRow
from hub.envelope.passing import as_object
from hub.envelope.receipts import Acknowledgement, Statement, issue
from hub.exchange.broker import Broker, Standing
from hub.exchange.claiming import Claimed
from hub.exchange.weighing import receipt_row
from hub.ports import View
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus

#: By the hub that passes on and the passage's id.
Passages = Mapping[tuple[str, str], PassageRow]


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """That somebody took a version of a passage of ours; `raw` is the receipt."""

    passage: PassageRow
    version: int
    by: str
    raw: bytes


def acknowledged(
    us: str, passages: Passages, entries: Iterable[OutboxEntry], receipts: Iterable[ReceiptRow]
) -> Sequence[Acknowledged]:
    """Return what these receipts acknowledge of our passages to others than their originators."""
    if not passages:
        return []
    versions = {(entry.envelope_id, entry.recipient): entry for entry in entries}
    found = []
    for row in receipts:
        entry = versions.get((row.envelope_id, row.by))
        if entry is None or row.status is not ReceiptStatus.ACCEPTED or entry.version is None:
            continue
        passage = passages.get((us, entry.record_id or ""))
        if passage is not None and row.by != passage.originator:
            found.append(Acknowledged(passage=passage, version=entry.version, by=row.by, raw=row.raw))
    return found


def told_on(
    broker: Broker, claimed: Claimed, receipts: Sequence[ReceiptRow], *, at: datetime
) -> Sequence[ReceiptRow]:
    """Return what originators are told of the receipts that a batch came to."""
    found = acknowledged(broker.agency, claimed.passages, claimed.entries, receipts)
    if not found:
        return []
    with broker.store.read() as view:
        return reports(broker, view, claimed.standing, found, at=at)


def reports(
    broker: Broker, view: View, standing: Standing, found: Sequence[Acknowledged], *, at: datetime
) -> Sequence[ReceiptRow]:
    """Return our signed statements to the originators, by the lanes that they go out; a store gets them.

    To be called before the transaction that queues them. A consent that is not here any more is not stated
    about, nor to whom is no partner any more.
    """
    rows = []
    for one in found:
        passage = one.passage
        consent = view.records.get(passage.consent_id, originator=passage.originator)
        partner = standing.partners.get(passage.originator)
        if consent is None or consent.envelope_id is None or partner is None:
            continue
        key = passage.originator, consent.envelope_id
        came = view.inbox.seen([key]).get(key)
        if came is None:
            continue
        statement = Statement(
            receipt_id=new_id(),
            envelope_id=consent.envelope_id,
            envelope_digest=came.digest.hex(),
            by=broker.agency,
            to=passage.originator,
            status=ReceiptStatus.DELIVERED,
            at=at,
            record_id=consent.record_id,
            member=one.by,
            passed=Acknowledgement(
                passage=passage.passage_id, version=one.version, receipt=as_object(one.raw)
            ),
        )
        raw = issue(statement, broker.keyring.signing(), partner.suite)
        rows.append(replace(receipt_row(statement, raw, record_id=consent.record_id), to=partner.lane))
    return rows
