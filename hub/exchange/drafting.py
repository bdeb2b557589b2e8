"""draft: an officer or a member's system writes a record; nothing leaves until a second person agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.audit.events import Act
from hub.entries import Direction, Priority, RecordRow
from hub.errors import Refused
from hub.exchange.access import kept_from, refuse_access
from hub.exchange.approving import void
from hub.exchange.attachments import attach
from hub.exchange.broker import Broker
from hub.exchange.confining import confine_alike
from hub.exchange.contents import find_row, read_content
from hub.exchange.hubless.translating import judged, prepare_all
from hub.exchange.preparing import Drafted, new_identity, prepare
from hub.exchange.recalling import refuse_beyond_recall, refuse_own_text
from hub.exchange.recipients import Verdict, judge_all
from hub.policy.access import Doing
from hub.policy.decision import Deny
from hub.policy.four_eyes import may_draft
from hub.ports import View
from hub.records.actor import Actor, Role
from hub.records.kinds import Action
from hub.records.lifecycle import RECORD_STEPS, RecordState, step
from hub.records.record import Record


def draft(
    broker: Broker,
    actor: Actor,
    document: Mapping[str, object],
    *,
    recipients: Sequence[str],
    priority: Priority = Priority.ROUTINE,
    made_from: Sequence[str] = (),
    told: Mapping[str, str] | None = None,
) -> RecordRow:
    """Check a document and store it as a draft for its recipients (names and groups).

    What the hub knows is filled in when absent: id, version, action, originator, created_at, conversation.
    `told` is what its entry says beside: ids, never content. It is confined as what it answers and is
    `made_from`.
    Raises Refused `record-invalid`, `kind-unknown`, `record-too-large`, `role-missing`, `partner-unknown`.
    """
    refuse_unless_drafter(actor)
    at = broker.clock.now()
    standing = broker.standing()
    drafted = prepare(
        broker, standing, actor, new_identity(document), recipients=recipients, priority=priority, at=at
    )
    with broker.store.work() as work:
        refuse_known(work, [drafted])
        refuse_unanswerable(work, drafted.record)
        attach(work, broker, actor, drafted.record)
        work.bodies.add([drafted.body])
        work.records.add([drafted.row])
        alike = confine_alike(work, drafted.row, actor, [drafted.record.in_reply_to, *made_from], at)
        said = {**described(drafted.row), **alike, **(told or {})}
        work.stage([broker.event(Act.DRAFTED, actor, drafted.row.record_id, at, **said)])
        work.commit()
    return drafted.row


def answer(
    broker: Broker,
    actor: Actor,
    record_id: str,
    document: Mapping[str, object],
    *,
    originator: str | None = None,
    priority: Priority = Priority.ROUTINE,
) -> RecordRow:
    """Draft the answer to a received record, for its originator and in its conversation.

    Raises what `draft` raises, Refused `conflict` where several originators sent a record with this id and
    none is named, `transition-invalid` for our own record and for one that was withdrawn, and what the rules
    answer whom they keep from it.
    """
    refuse_unless_drafter(actor)
    with broker.store.read() as view:
        asked = find_row(view, record_id, originator=originator)
        refuse_access(broker, view, asked, actor, Doing.ANSWER)
    if asked.direction is Direction.OUT:
        raise Refused("transition-invalid", f"Record {record_id} is our own; what came in is answered.")
    if asked.action == Action.WITHDRAWAL.value or asked.state is RecordState.WITHDRAWN:
        raise Refused("transition-invalid", f"Record {record_id} was withdrawn; it is not answered any more.")
    tied = dict(document) | {"in_reply_to": record_id, "conversation": asked.conversation}
    return draft(broker, actor, tied, recipients=[asked.originator], priority=priority)


def refuse_known(view: View, drafts: Sequence[Drafted]) -> None:
    """Raise Refused `conflict` when a new record's id is known here, as anybody's."""
    ids = [drafted.record.id for drafted in drafts]
    if view.records.newest(ids) or len(set(ids)) < len(ids):
        raise Refused("conflict", "A new record has an id of its own; this one is used already.")


def revise(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    expected_revision: int,
    document: Mapping[str, object] | None = None,
    recipients: Sequence[str] | None = None,
    priority: Priority | None = None,
    attached: Sequence[Mapping[str, object]] = (),
) -> RecordRow:
    """Change a draft, or take a rejected one up again; the revision must be the one last seen.

    Whoever edits becomes the author and stays an editor: none of them may release it. What corrects or
    withdraws keeps its identity; the recipients of a correction can only grow, and a withdrawal says its
    reason to those who got the record. What is `attached` is named beside the attachments that it named
    before. Raises Refused `policy-denied`, also for the text of a derived record.
    """
    refuse_unless_drafter(actor)
    at = broker.clock.now()
    standing = broker.standing()
    with broker.store.work() as work:
        row = find_row(work, record_id)
        if row.state is not RecordState.DRAFT:
            step(RECORD_STEPS, row.state, RecordState.DRAFT)
        if document is not None or attached:
            refuse_own_text(work, row)
        told = document if document is not None else read_content(broker, work, row).document
        named = told.get("attachments", ())
        if attached and isinstance(named, Sequence):
            told = {**told, "attachments": [*named, *attached]}
        fixed = {"id": row.record_id, "version": row.version, "action": row.action}
        if row.version > 1:
            fixed |= {"kind": row.kind, "conversation": row.conversation}
        drafted = prepare(
            broker,
            standing,
            actor,
            dict(told) | fixed,
            recipients=row.recipients if recipients is None else recipients,
            priority=priority or row.priority,
            at=at,
        )
        if row.version > 1 and not set(row.recipients) <= set(drafted.row.recipients):
            raise Refused(
                "policy-denied", "A correction or withdrawal goes to everyone who ever got the record."
            )
        refuse_beyond_recall(work, drafted.row, drafted.record)
        refuse_unanswerable(work, drafted.record)
        attach(work, broker, actor, drafted.record, revised=True)
        work.bodies.add([drafted.body])
        edited = replace(drafted.row, editors=tuple(sorted({*row.editors, row.author, str(actor)})))
        work.records.replace(edited, expected_revision=expected_revision)
        work.bodies.erase(row.body_id)
        voided = void(work, row)
        revised = replace(edited, revision=expected_revision + 1)
        work.stage([broker.event(Act.REVISED, actor, record_id, at, **described(revised), **voided)])
        work.commit()
    return revised


def discard(broker: Broker, actor: Actor, record_id: str, *, expected_revision: int | None = None) -> None:
    """Give a draft up and erase its content; a revision other than the one last seen is a `conflict`."""
    refuse_unless_drafter(actor)
    at = broker.clock.now()
    with broker.store.work() as work:
        row = find_row(work, record_id)
        if expected_revision not in (None, row.revision):
            raise Refused("conflict", "The draft was changed meanwhile; look at it again.")
        work.records.advance(row, to=RecordState.DISCARDED)
        work.bodies.erase(row.body_id)
        voided = void(work, row)
        work.stage([broker.event(Act.DISCARDED, actor, record_id, at, version=str(row.version), **voided)])
        work.commit()


def preview(broker: Broker, record_id: str, actor: Actor | None = None) -> Sequence[Verdict]:
    """Return what the rules say of each expanded recipient of a draft, before anyone releases it.

    Of a releaser it is asked too what the policy of this hub lets them release to whom.
    """
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, record_id)
        record = read_content(broker, view, row)
        releases = actor is not None and Role.RELEASER in actor.roles
        kept = kept_from(broker, view, row, actor) if actor is not None and releases else {}
    at = broker.clock.now()
    verdicts = judge_all(standing, record, row.recipients, agency=broker.agency, at=at)
    verdicts = judged(verdicts, prepare_all(broker, standing, record, row.recipients, at=at))
    return [
        replace(one, decision=Deny(reasons=(*one.reasons, *kept[one.recipient])))
        if one.recipient in kept
        else one
        for one in verdicts
    ]


def refuse_unless_drafter(actor: Actor) -> None:
    """Raise Refused `role-missing` unless the actor may draft."""
    decision = may_draft(actor)
    if isinstance(decision, Deny):
        raise Refused("role-missing", decision.reasons[0].sentence)


def refuse_unanswerable(view: View, record: Record) -> None:
    """Raise Refused `not-found` when the record answers one that is not here."""
    if record.in_reply_to is not None and not view.records.newest([record.in_reply_to]):
        raise Refused("not-found", f"in_reply_to names record {record.in_reply_to}, which is not here.")


def basis(row: RecordRow) -> str:
    """Return why a record is disclosed where no person says it: its purpose and its agreement."""
    return f"{row.purpose} under {row.agreement}"


def described(row: RecordRow) -> dict[str, str]:
    """Return what an audit event says of a row: never content."""
    return {
        "version": str(row.version),
        "kind": row.kind,
        "digest": row.digest.hex(),
        "recipients": ",".join(row.recipients),
    }
