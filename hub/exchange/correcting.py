"""correct and withdraw: a new version, or a recall, drafted for everyone who ever got the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.audit.events import Act
from hub.entries import Direction, Priority, RecordRow
from hub.errors import Refused
from hub.exchange.attachments import attach
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row, read_content
from hub.exchange.drafting import described, refuse_unless_drafter
from hub.exchange.preparing import prepare
from hub.exchange.recalling import everyone_who_got, refuse_own_text
from hub.ports import View
from hub.records.actor import Actor
from hub.records.kinds import Action, Kind
from hub.records.lifecycle import RecordState

_REACHED = frozenset({RecordState.RELEASED, RecordState.ANSWERED})


def correct(broker: Broker, actor: Actor, record_id: str, document: Mapping[str, object]) -> RecordRow:
    """Draft the next version of a released record; it goes to everyone who got any version.

    Identity, conversation and originator stay. A second officer releases it like any draft. A derived record
    is derived anew instead (`hub.exchange.tearing`).
    """
    with broker.store.read() as view:
        refuse_own_text(view, find_row(view, record_id))
    return _next_version(broker, actor, record_id, document, action="correction", priority=None)


def withdraw(broker: Broker, actor: Actor, record_id: str, *, reason: str) -> RecordRow:
    """Draft the recall of a released record, for everyone who got any version."""
    at = broker.clock.now()
    with broker.store.read() as view:
        row = _last_released(view, record_id)
        record = read_content(broker, view, row)
    kept = dict(record.document)
    for name in ("attachments", "reply_due_at", "grading"):
        kept.pop(name, None)
    named = {"record": record.details["record"]} if record.kind is Kind.PASSAGE else {}
    recall = kept | {
        "details": {"reason": reason, **named},
        "narrative": reason,
        "subjects": [],
        "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return _next_version(broker, actor, record_id, recall, action="withdrawal", priority=Priority.URGENT)


def _next_version(
    broker: Broker,
    actor: Actor,
    record_id: str,
    document: Mapping[str, object],
    *,
    action: str,
    priority: Priority | None,
) -> RecordRow:
    refuse_unless_drafter(actor)
    at = broker.clock.now()
    standing = broker.standing()
    with broker.store.work() as work:
        newest = find_row(work, record_id)
        if newest.state in (RecordState.DRAFT, RecordState.REJECTED):
            raise Refused("conflict", f"Version {newest.version} of this record is still a draft.")
        current = _last_released(work, record_id)
        if current.kind == Kind.PASSAGE.value and action == Action.CORRECTION.value:
            raise Refused("transition-invalid", "A passage follows its record by itself; only withdraw it.")
        told = dict(document) | {
            "id": record_id,
            "version": newest.version + 1,
            "action": action,
            "kind": current.kind,
            "conversation": current.conversation,
            "originator": broker.agency,
        }
        told.pop("in_reply_to", None)
        if current.in_reply_to is not None:
            told["in_reply_to"] = current.in_reply_to
        drafted = prepare(
            broker,
            standing,
            actor,
            told,
            recipients=everyone_who_got(work, record_id),
            priority=priority or current.priority,
            at=at,
        )
        row = replace(drafted.row, created_at=at)
        attach(work, broker, actor, drafted.record)
        work.bodies.add([drafted.body])
        work.records.add([row])
        work.stage([broker.event(Act.DRAFTED, actor, record_id, at, action=action, **described(row))])
        work.commit()
    return row


def _last_released(view: View, record_id: str) -> RecordRow:
    """Return the version in force, which must be ours and not withdrawn."""
    find_row(view, record_id)
    for row in reversed(view.records.versions(record_id)):
        if row.direction is Direction.IN:
            raise Refused(
                "policy-denied", f"Only its originator, {row.originator}, corrects or withdraws it."
            )
        if row.state is RecordState.WITHDRAWN or row.action == "withdrawal":
            raise Refused("transition-invalid", "The record was withdrawn; nothing follows a withdrawal.")
        if row.state in _REACHED:
            return row
    raise Refused("transition-invalid", "The record was never released; revise or discard its draft.")
