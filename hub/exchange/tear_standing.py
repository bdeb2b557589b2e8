"""tear → stands: an officer decides that a correction of the master changes nothing for those who got a part.

What was derived stays as it was torn, from the older version of its master; the next correction asks anew.
"""

from __future__ import annotations

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import RecordRow, TearRow
from hub.errors import Refused
from hub.exchange.access import refuse_access
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.exchange.drafting import refuse_unless_drafter
from hub.exchange.tearing import IN_FORCE
from hub.policy.access import Doing
from hub.ports import View
from hub.records.actor import Actor


def let_stand(
    broker: Broker, actor: Actor, record_id: str, *, master_version: int, justification: str | None
) -> TearRow:
    """State that a derived record needs no new version after corrections of its master; return its tie.

    `master_version` is the one in force that the officer compared with it. Raises Refused `role-missing`,
    `justification-missing`, `not-found`, `tear-invalid` for what was not derived, `transition-invalid` where
    no correction waits, `conflict` where another version is in force by now, and what the rules answer whom
    they keep from the master.
    """
    refuse_unless_drafter(actor)
    why, at = justified(justification), broker.clock.now()
    with broker.store.work() as work:
        derived, tie = _derived(work, record_id)
        master = _in_force(work, tie.master_id)
        refuse_access(broker, work, master, actor, Doing.DERIVE)
        if derived.tear_due_at is None:
            raise Refused("transition-invalid", "No correction of its master waits for it; nothing to state.")
        if master.version != master_version:
            raise Refused(
                "conflict",
                f"Version {master.version} of its master is in force, not {master_version}; compare that.",
            )
        work.tears.note_changed(derived.record_id, derived.version, ())
        work.dues.put_off(derived.originator, derived.record_id, "tear_due_at", None)
        told = {
            "version": str(derived.version),
            "master": tie.master_id,
            "master_version": str(master.version),
            "torn_from": str(tie.master_version),
            "parts": ",".join(tie.changed),
        }
        work.stage([broker.event(Act.TEAR_STANDS, actor, record_id, at, justification=why, **told)])
        work.commit()
    return tie


def _derived(view: View, record_id: str) -> tuple[RecordRow, TearRow]:
    """Return the version in force of a derived record, with its tie."""
    find_row(view, record_id)
    versions = view.records.versions(record_id)
    current = next((one for one in reversed(versions) if one.state in IN_FORCE), None)
    tie = None if current is None else view.tears.get(record_id, current.version)
    if current is None or tie is None:
        raise Refused("tear-invalid", f"No version of {record_id} that was derived is in force.")
    return current, tie


def _in_force(view: View, master_id: str) -> RecordRow:
    """Return the version in force of a master, and keep it so until the unit of work ends."""
    for row in reversed(view.records.versions(master_id)):
        if row.state in IN_FORCE and view.records.held_state(row) in IN_FORCE:
            return row
    raise Refused("conflict", "Its master is not in force any more.")
