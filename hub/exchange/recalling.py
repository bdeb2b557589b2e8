"""What a withdrawal may be: a reason, for those who got the record, and nothing else.

It goes with one officer, past agreements and checks, because it must reach everyone. So it carries nothing
that those would have to allow, and goes to nobody that they would have to allow it to.
"""

from __future__ import annotations

from hub.entries import Direction, RecordRow
from hub.errors import Refused
from hub.ports import View
from hub.records.kinds import Action
from hub.records.record import Record


def everyone_who_got(view: View, record_id: str) -> tuple[str, ...]:
    """Return every recipient of every release of a record: whoever got one version must get the next."""
    return tuple(sorted({who for release in view.records.releases(record_id) for who in release.recipients}))


def refuse_beyond_recall(view: View, row: RecordRow, record: Record) -> None:
    """Raise Refused `policy-denied` for a withdrawal of our own that says or reaches more than a recall."""
    if record.action is not Action.WITHDRAWAL:
        return
    if strangers := sorted(set(row.recipients) - set(everyone_who_got(view, row.record_id))):
        raise Refused(
            "policy-denied",
            f"A withdrawal goes to those alone who got the record; {strangers[0]} never did.",
        )
    said = record.document
    if said.get("subjects") or said.get("attachments") or said.get("narrative") != record.details["reason"]:
        raise Refused(
            "policy-denied",
            "A withdrawal says its reason and nothing else: no subjects and attachments, and the reason as "
            "its narrative.",
        )


def refuse_own_text(view: View, row: RecordRow) -> None:
    """Raise Refused `policy-denied` for a derived record: its text follows from its master alone.

    Its recall says its own reason.
    """
    if row.direction is Direction.IN or row.action == Action.WITHDRAWAL.value:
        return
    if (tie := view.tears.get(row.record_id)) is not None:
        raise Refused(
            "policy-denied",
            f"The text of a derived record follows from its master; `hub record tear {tie.master_id} --again "
            f"{row.record_id}` derives its next version, and its draft may be discarded.",
        )
