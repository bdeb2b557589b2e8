"""tear → approve: a version of our record for others, with parts left out.

What is derived is a record of its own: own id, conversation, label, draft and release. Nothing in it, in its
envelope or in its approval says that there is a master; the tie is kept here and in the log (ADR 33).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from hub.audit.events import Act
from hub.entries import Direction, Priority, RecordRow, TearRow
from hub.errors import Refused
from hub.exchange.access import refuse_access
from hub.exchange.attachments import attach
from hub.exchange.broker import Broker
from hub.exchange.confining import confine_alike
from hub.exchange.contents import find_row, read_content
from hub.exchange.drafting import described, refuse_known, refuse_unless_drafter
from hub.exchange.preparing import new_identity, prepare
from hub.exchange.recalling import everyone_who_got
from hub.policy.access import Doing
from hub.ports import View
from hub.records.actor import Actor
from hub.records.details import SHAPES
from hub.records.kinds import Action, Kind
from hub.records.lifecycle import RecordState
from hub.records.record import Record
from hub.records.tearing import Torn, changed_parts, said_again, tear

#: Versions that went out and hold.
IN_FORCE: Final = frozenset({RecordState.RELEASED, RecordState.ANSWERED})
#: What a derived record has of its own, and what ties a record to others.
_OWN: Final = ("id", "version", "action", "created_at", "conversation", "in_reply_to", "label")


def tear_record(
    broker: Broker,
    actor: Actor,
    master_id: str,
    *,
    leave_out: Sequence[str],
    recipients: Sequence[str] = (),
    label: Mapping[str, object] | None = None,
    may_stay: Sequence[str] = (),
    again: str | None = None,
    priority: Priority = Priority.ROUTINE,
) -> RecordRow:
    """Draft a record derived from the version in force of ours, without the parts that these paths name.

    `label` are the parts of the label that differ from the master's. `again` names a record that was derived
    from it before: then this is its next version, for everyone who got it and for `recipients`, and its label
    is as before. What was left out must not be said elsewhere in it, but at the places that `may_stay` names.
    Whoever wrote the master or derives the version does not release it.

    Raises Refused `tear-invalid`, `tear-leaks`, `tear-outdated` where the master changed meanwhile,
    `transition-invalid` for what cannot be a master, what drafting raises, and what the rules
    answer whom they keep from the master.
    """
    refuse_unless_drafter(actor)
    at = broker.clock.now()
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        master = _master(view, master_id)
        refuse_access(broker, view, master, actor, Doing.DERIVE)
        record = read_content(broker, view, master)
        before = None if again is None else _derived(view, again, master_id)
        torn = tear(record.document, leave_out)
        values = torn.values | (frozenset() if before is None else _left_out_before(broker, view, before[1]))
    _refuse_said_again(torn, values, may_stay)
    own = dict(master.label if before is None else before[0].label) | dict(label or {})
    document = {name: value for name, value in torn.document.items() if name not in _OWN} | {"label": own}
    if record.reply_due_at is not None and record.reply_due_at <= at:
        document.pop("reply_due_at")
    names = list(recipients)
    if before is None:
        document = dict(new_identity(document))
    else:
        with broker.store.read() as view:
            names += everyone_who_got(view, before[0].record_id)
        document |= _next(before[0])
    drafted = prepare(broker, standing, actor, document, recipients=names, priority=priority, at=at)
    writers = {master.author, *master.editors} - {str(actor)}
    row = replace(drafted.row, created_at=at, editors=tuple(sorted(writers)))
    tie = TearRow(
        record_id=row.record_id,
        version=row.version,
        master_id=master.record_id,
        master_version=master.version,
        left_out=torn.left_out,
        may_stay=tuple(may_stay),
    )
    with broker.store.work() as work:
        if before is None:
            refuse_known(work, [drafted])
        elif find_row(work, row.record_id).revision != before[0].revision:
            raise Refused("conflict", "The derived record was changed meanwhile; look at it again.")
        if work.records.held_state(master) not in IN_FORCE:
            raise _outdated()
        attach(work, broker, actor, drafted.record)
        work.bodies.add([drafted.body])
        work.records.add([row])
        work.tears.add(tie)
        refuse_access(broker, work, master, actor, Doing.DERIVE)
        alike = confine_alike(work, row, actor, [master.record_id], at)
        told = {
            "version": str(row.version),
            "master": tie.master_id,
            "master_version": str(tie.master_version),
            "left_out": ",".join(tie.left_out),
            "may_stay": ",".join(tie.may_stay),
        }
        work.stage(
            [
                broker.event(
                    Act.DRAFTED, actor, row.record_id, at, action=row.action, **described(row), **alike
                ),
                broker.event(Act.TORN, actor, row.record_id, at, **told),
            ]
        )
        work.commit()
    return row


def refuse_outdated(view: View, row: RecordRow, *, held: bool = False) -> None:
    """Raise Refused `tear-outdated` for a derived draft whose master is not in force as it was torn.

    `held` keeps the master as it is until the unit of work ends.
    """
    tie = view.tears.get(row.record_id, row.version) if row.direction is Direction.OUT else None
    if tie is None:
        return
    master = view.records.get(tie.master_id, tie.master_version, originator=row.originator)
    state = None if master is None else view.records.held_state(master) if held else master.state
    if state not in IN_FORCE:
        raise _outdated()


def _outdated() -> Refused:
    return Refused(
        "tear-outdated", "Its master was corrected or withdrawn since it was derived; derive it anew."
    )


def _master(view: View, record_id: str) -> RecordRow:
    """Return the version in force of a record of ours that others may be derived from."""
    newest = find_row(view, record_id)
    if newest.direction is Direction.IN:
        raise Refused(
            "policy-denied",
            f"{newest.originator} made it; only its originator derives versions with parts left out.",
        )
    if view.tears.get(record_id) is not None:
        raise Refused("policy-denied", "It is derived itself; derive another one from its master.")
    if SHAPES[Kind(newest.kind)].answers or newest.kind == Kind.CONSENT_REQUEST.value:
        raise Refused("transition-invalid", f"A record of kind {newest.kind} is for whom it names alone.")
    for row in reversed(view.records.versions(record_id)):
        if row.state in IN_FORCE and row.action != Action.WITHDRAWAL.value:
            return row
    raise Refused(
        "transition-invalid", f"A master is in force; version {newest.version} is {newest.state.value}."
    )


def _derived(view: View, record_id: str, master_id: str) -> tuple[RecordRow, TearRow]:
    """Return the newest version of a record that was derived from a master, with its tie."""
    row, tie = find_row(view, record_id), view.tears.get(record_id)
    if tie is None or tie.master_id != master_id:
        raise Refused("tear-invalid", f"Record {record_id} was not derived from this one.")
    if row.state in (RecordState.DRAFT, RecordState.REJECTED):
        raise Refused("conflict", f"Version {row.version} of {record_id} is still a draft; discard it first.")
    if row.action == Action.WITHDRAWAL.value:
        raise Refused("transition-invalid", "It was withdrawn; nothing follows a withdrawal.")
    if not any(one.state in IN_FORCE for one in view.records.versions(record_id)):
        raise Refused("transition-invalid", "It was never released; derive a new one.")
    return row, tie


def _next(before: RecordRow) -> dict[str, object]:
    return {
        "id": before.record_id,
        "version": before.version + 1,
        "action": Action.CORRECTION.value,
        "conversation": before.conversation,
    }


def _left_out_before(broker: Broker, view: View, tie: TearRow) -> frozenset[str]:
    """Return what was left out of the version before, so that a list that moved brings none of it back."""
    earlier = view.records.get(tie.master_id, tie.master_version, originator=broker.agency)
    if earlier is None or not view.bodies.get_many([earlier.body_id]):
        return frozenset()
    return tear(read_content(broker, view, earlier).document, tie.left_out).values


def _refuse_said_again(torn: Torn, values: frozenset[str], may_stay: Sequence[str]) -> None:
    if places := said_again(torn, values, may_stay=may_stay):
        shown = ", ".join(places[:10]) + (f" and {len(places) - 10} more" if len(places) > 10 else "")
        raise Refused(
            "tear-leaks",
            f"What is left out is said again at {shown}; leave that out too, or say that it may stay.",
            places=list(places),
        )


def parts_changed(broker: Broker, view: View, tie: TearRow, after: Record) -> tuple[str, ...]:
    """Return the parts of a master that are not as they were when a version was torn from it."""
    earlier = view.records.get(tie.master_id, tie.master_version, originator=broker.agency)
    if earlier is None or not view.bodies.get_many([earlier.body_id]):
        return ()
    return changed_parts(read_content(broker, view, earlier).document, after.document)
