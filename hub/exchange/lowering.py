"""A label is lowered by two people: whoever drafted the next version, and a releaser who says why."""

from __future__ import annotations

from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.entries import Direction, RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.ports import View
from hub.records.actor import Actor
from hub.records.label import Label
from hub.records.lattice import LABEL_PARTS, looser
from hub.records.lifecycle import RecordState

#: What was never released leaves no label that others honour.
_UNRELEASED = frozenset({RecordState.DRAFT, RecordState.REJECTED, RecordState.DISCARDED})


def lowered(view: View, row: RecordRow) -> tuple[str, ...]:
    """Return the parts of a version's label that ask for less than the version released before it.

    Of a derived record also those that ask for less than the master that it was torn from.
    """
    found = {*_than_before(view, row), *_than_master(view, row)}
    return tuple(name for name in LABEL_PARTS if name in found)


def _than_master(view: View, row: RecordRow) -> tuple[str, ...]:
    if row.direction is Direction.IN or (tie := view.tears.get(row.record_id, row.version)) is None:
        return ()
    master = view.records.get(tie.master_id, tie.master_version, originator=row.originator)
    return () if master is None else looser(Label.of(row.label), than=Label.of(master.label))


def _than_before(view: View, row: RecordRow) -> tuple[str, ...]:
    if row.version == 1:
        return ()
    earlier = [
        one
        for one in view.records.versions(row.record_id, originator=row.originator)
        if one.version < row.version and one.state not in _UNRELEASED
    ]
    return looser(Label.of(row.label), than=Label.of(earlier[-1].label)) if earlier else ()


def lowering(
    broker: Broker,
    actor: Actor,
    row: RecordRow,
    parts: tuple[str, ...],
    *,
    reason: str | None,
    at: datetime,
) -> list[AuditEvent]:
    """Return the entry of a lowered label, or none where nothing is lowered.

    Raises Refused `label-lowered` without a reason, `justification-missing` for one that cannot be used.
    """
    if not parts:
        return []
    if reason is None:
        before = "the one before" if row.version > 1 else "the record it was derived from"
        raise Refused(
            "label-lowered",
            f"This version asks for less than {before} in {', '.join(parts)}; "
            "whoever releases it says why the label is lowered.",
        )
    why = justified(reason)
    told = {"version": str(row.version), "parts": ",".join(parts), "author": row.author}
    return [broker.event(Act.LABEL_LOWERED, actor, row.record_id, at, justification=why, **told)]
