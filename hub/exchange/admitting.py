"""open → verify → permit → receipt, for one envelope: admitted with all rows it becomes, or rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, ConsentRow, Delivery, Direction, InboxEntry, Priority, RecordRow
from hub.envelope import sealing
from hub.envelope.canonical import digest
from hub.envelope.manifest import RECORD_JSON, Manifest
from hub.envelope.receipts import issue
from hub.envelope.vault import lock
from hub.errors import IntegrityFailure, PeerFault, Refused
from hub.exchange import relaying
from hub.exchange.abreast import Way
from hub.exchange.attachments import missing, refuse_unbound
from hub.exchange.broker import Broker, Counterparty, Standing
from hub.exchange.consenting import granted_by
from hub.exchange.dues.scheduling import scheduled
from hub.exchange.numbering import Stated
from hub.exchange.passing.taking import Passed, weigh_passage
from hub.exchange.preparing import row_of
from hub.exchange.recipients import originator_of_passed, question_of_record
from hub.exchange.rejecting import Rejected, reject, statement_about
from hub.exchange.routing import route
from hub.policy.decision import Deny
from hub.ports import Outcome, Transfer, View
from hub.records.actor import Actor
from hub.records.ids import new_id
from hub.records.kinds import Action
from hub.records.lifecycle import ReceiptStatus, RecordState
from hub.records.record import Record, load_record

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A verified and permitted envelope with all rows it becomes; the only thing a store is given.

    `again` tells that the record is here already and only its new envelope is noted. `granted` is what a
    consent lets be passed on; None for every other kind. `passed` is what a passage brings. `before` is the
    version as it came by a passage, where it comes from its originator now.
    """

    sealed: sealing.Sealed
    entry: InboxEntry
    body: Body
    row: RecordRow
    deliveries: tuple[Delivery, ...]
    event: AuditEvent
    stated: Stated
    relied: Mapping[str, str]
    again: bool = False
    granted: tuple[ConsentRow, ...] | None = None
    passed: Passed | None = None
    before: RecordRow | None = None

    @property
    def key(self) -> Key:
        """Return what admits it once."""
        return self.entry.originator, self.entry.envelope_id


#: What one transfer of a batch comes to, before the commit.
Answer = Outcome | Rejected | Admitted | relaying.Relayed


def admit(
    broker: Broker,
    view: View,
    standing: Standing,
    sender: Counterparty,
    actor: Actor,
    transfer: Transfer,
    sealed: sealing.Sealed,
    *,
    stated: Stated,
    relied: Mapping[str, str],
    at: datetime,
) -> Way[Admitted]:
    """Open, verify and permit an envelope of a sender that may hand it over so; touches no store.

    `relied` names what the sender, and who handed it over, are trusted by.

    Raises what opening and verifying raise, and PeerFault `attachment-missing`, `dialect-unknown` and
    `approval-missing`, IntegrityFailure `originator-mismatch`, Refused `policy-denied` and the codes of a
    record that does not fit its kind.
    """
    absent = missing(view, broker, [name for name, _size in sealed.header.attachments])
    if absent:
        raise PeerFault("attachment-missing", f"{len(absent)} of its attachments have not arrived yet.")
    yield
    opened = sealing.open(sealed, agency=broker.agency, keys=broker.keyring.decryption())
    yield
    verified = sealing.verify(
        opened,
        sender=sender.public,
        agency=broker.agency,
        allowed=sender.allowed,
        at=at,
        skew_s=broker.limits.clock_skew_s,
    )
    _refuse_unstated(verified.manifest)
    yield
    record = load_record(
        verified.content, max_bytes=broker.limits.record_max_bytes, at_most_bytes=len(sealed.raw)
    )
    if record.originator != verified.manifest.originator:
        raise IntegrityFailure("originator-mismatch", "The record inside names another originator.")
    refuse_unbound(record, verified.manifest)
    yield
    if record.action is Action.WITHDRAWAL and _is_here(view, record):
        decision = standing.recall(sender.row.agency)
    elif originator_of_passed(record) == broker.agency:
        decision = standing.report(sender.row.agency)
    else:
        decision = standing.permit(
            question_of_record(
                record, counterparty=sender.row.agency, direction=Direction.IN, agency=broker.agency, at=at
            )
        )
    if isinstance(decision, Deny):
        raise Refused("policy-denied", " ".join(reason.sentence for reason in decision.reasons))
    body_id = new_id()
    row = row_of(
        record,
        body_id=body_id,
        digest=verified.content_digest,
        recipients=verified.manifest.recipients,
        priority=Priority(verified.manifest.priority),
        author=record.originator,
        direction=Direction.IN,
        envelope_id=sealed.header.envelope_id,
        expires_at=verified.manifest.expires_at,
    )
    yield
    passed = weigh_passage(
        broker,
        view,
        standing,
        record,
        row,
        verified.manifest,
        envelope_digest=sealed.digest,
        actor=actor,
        at=at,
    )
    statement = statement_about(broker, sealed, ReceiptStatus.ACCEPTED, at, record_id=record.id)
    receipt = issue(statement, broker.keyring.signing(), sealed.header.suite)
    yield
    body = lock(sealed.raw, body_id=body_id, master_key=broker.keyring.master_key())
    yield
    return Admitted(
        sealed=sealed,
        entry=InboxEntry(
            originator=record.originator,
            envelope_id=sealed.header.envelope_id,
            digest=sealed.digest,
            peer=actor.id,
            received_at=at,
            receipt=receipt,
            record_id=record.id,
            version=record.version,
            body_id=body_id,
            hops=transfer.hops,
            number=stated.number,
            statement=stated.row.digest,
        ),
        stated=stated,
        relied=relied,
        body=body,
        row=scheduled(standing, row, record, agency=broker.agency, at=at),
        granted=granted_by(record),
        passed=passed,
        deliveries=route(standing, row, agency=broker.agency, at=at, holders=_holders(view, record)),
        event=broker.event(
            Act.ADMITTED,
            actor,
            record.id,
            at,
            envelope=sealed.header.envelope_id,
            envelope_digest=sealed.digest.hex(),
            receipt_digest=digest(receipt).hex(),
            version=str(record.version),
            kind=record.kind.value,
            originator=record.originator,
            number=str(stated.number),
            statement=stated.row.digest,
            **relied,
        ),
    )


def _refuse_unstated(manifest: Manifest) -> None:
    """Refuse what binds nothing: an unknown dialect's manifest is not compared with its content."""
    if manifest.dialect != RECORD_JSON:
        raise PeerFault("dialect-unknown", f"The content is not in {RECORD_JSON}, the dialect known here.")
    if not manifest.approvals:
        raise PeerFault("approval-missing", "The manifest states no decision to release the record.")


def _is_here(view: View, record: Record) -> bool:
    """Tell whether an earlier version came from the same originator: what came may always be recalled."""
    return view.records.get(record.id, originator=record.originator) is not None


def _holders(view: View, record: Record) -> frozenset[str]:
    """Return the members that a withdrawal must reach: all that got an earlier version of this record."""
    if record.action is not Action.WITHDRAWAL:
        return frozenset()
    got = view.deliveries.of_record(record.id)
    return frozenset(delivery.member for delivery in got if delivery.originator == record.originator)


def originator_of(standing: Standing, peer: str, sealed: sealing.Sealed) -> Counterparty:
    """Return the pinned originator, who must be the peer itself or reach us through it.

    Raises IntegrityFailure `originator-mismatch`, Refused `partner-unknown` or `partner-suspended`.
    """
    originator = sealed.header.originator
    sender = standing.partner(originator)
    if originator != peer and sender.row.via != peer:
        raise IntegrityFailure(
            "originator-mismatch", f"{peer} may not hand over envelopes of {originator} to this hub."
        )
    if not sender.active:
        raise Refused("partner-suspended", f"{originator} is suspended here; nothing is taken from it now.")
    return sender


def repeat(sealed: sealing.Sealed, before: InboxEntry) -> Outcome:
    """Answer a repeat with the receipt it got the first time; refuse other bytes under the same id."""
    if before.digest != sealed.digest:
        raise IntegrityFailure(
            "envelope-id-reused",
            "This envelope id came before with other bytes; a new envelope needs a new id.",
        )
    if not before.receipt:
        return Outcome(envelope_id=sealed.header.envelope_id, relayed=True)
    return Outcome(envelope_id=sealed.header.envelope_id, receipt=before.receipt)


def refuse_stale(
    broker: Broker,
    view: View,
    actor: Actor,
    answers: Sequence[Answer],
    at: datetime,
) -> list[Answer]:
    """Refuse records that are here already or stand before in the batch, and order those overtaken.

    Only versions of the same originator's record count: nobody's record keeps another's out.
    """
    ids = [a.row.record_id for a in answers if isinstance(a, Admitted)]
    newest = dict(view.records.newest(ids)) if ids else {}
    came: set[tuple[str, str, int]] = set()
    checked: list[Answer] = []
    for answer in answers:
        if not isinstance(answer, Admitted):
            checked.append(answer)
            continue
        row = answer.row
        record, version = (row.originator, row.record_id), (row.originator, row.record_id, row.version)
        before = newest.get(record)
        here = view.records.get_many([version]).get(version) if before is not None else None
        if here is not None and here.digest == row.digest:
            checked.append(_again(answer, here))
            continue
        if version in came or here is not None:
            refusal = Refused("conflict", f"Version {row.version} came before in another envelope.")
            checked.append(
                reject(broker, actor, answer.sealed, refusal, at, stated=answer.stated, relied=answer.relied)
            )
            continue
        came.add(version)
        if before is None or before.version < row.version:
            newest[record] = row
        checked.append(_in_order(answer, before))
    return checked


def _again(admitted: Admitted, here: RecordRow) -> Admitted:
    """Return what is admitted of a version that is here already with the same content: its envelope alone.

    An originator whose first envelope's life ended before a receipt came seals the record anew. What came by
    a passage first is from its originator now.
    """
    if here.via is not None:
        return replace(admitted, again=True, before=here)
    return replace(admitted, again=True, deliveries=(), entry=replace(admitted.entry, body_id=here.body_id))


def _in_order(admitted: Admitted, newest: RecordRow | None) -> Admitted:
    """Return the envelope with its record's state set by the highest version that came before it."""
    if newest is None or newest.version < admitted.row.version:
        return admitted
    withdrawn = newest.action == "withdrawal"
    state = RecordState.WITHDRAWN if withdrawn else RecordState.SUPERSEDED
    return replace(admitted, row=replace(admitted.row, state=state), deliveries=())
