"""What a new version or an answer does to the records it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, RecordRow
from hub.exchange.broker import Broker
from hub.ports import View
from hub.records.assistance import STILL_OPEN
from hub.records.kinds import Kind
from hub.records.lifecycle import RECORD_STEPS, EntryState, RecordState

_REQUEST: Final = Kind.ASSISTANCE_REQUEST.value
_NEVER_ARRIVED: Final = frozenset({EntryState.REFUSED, EntryState.DEAD})
_NEVER_WENT: Final = frozenset({RecordState.DRAFT, RecordState.REJECTED, RecordState.DISCARDED})


def supersede(view: View, row: RecordRow) -> None:
    """Take every earlier version out of force: withdrawn by a withdrawal, else superseded.

    Version numbers grow and may skip: a discarded draft of a correction uses one up.
    """
    to = RecordState.WITHDRAWN if row.action == "withdrawal" else RecordState.SUPERSEDED
    for before in view.records.versions(row.record_id, originator=row.originator):
        if before.version < row.version and to in RECORD_STEPS[before.state]:
            view.records.advance(before, to=to)


def _answers(row: RecordRow, asked: RecordRow) -> bool:
    """Tell whether one of the two was asked by the other, in this conversation: others answer nothing.

    A request that was withdrawn is not answered any more.
    """
    if asked.action == "withdrawal":
        return False
    if row.conversation != asked.conversation or row.direction is asked.direction:
        return False
    ours, theirs = (asked, row) if asked.direction is Direction.OUT else (row, asked)
    return theirs.originator in ours.recipients


def _last_that_went(view: View, newest: RecordRow) -> RecordRow:
    """Return a record's newest version that is no draft: what is being corrected is answered all the same."""
    if newest.state not in _NEVER_WENT:
        return newest
    versions = view.records.versions(newest.record_id, originator=newest.originator)
    return next((one for one in reversed(versions) if one.state not in _NEVER_WENT), newest)


def mark_answered(view: View, rows: Sequence[RecordRow]) -> Sequence[tuple[RecordRow, RecordRow]]:
    """Mark the records that these rows answer as answered, at whichever side they were made.

    One that was postponed is not, nor one that others who got it have still to answer: it stays due. Return
    each answer with the record that it is tied to, for the log.
    """
    ties = []
    for place, row in enumerate(rows):
        if row.in_reply_to is None:
            continue
        for newest in view.records.newest([row.in_reply_to]).values():  # an id may have several originators
            asked = _last_that_went(view, newest)
            if _answers(row, asked) and RecordState.ANSWERED in RECORD_STEPS[asked.state]:
                if row.outcome not in STILL_OPEN and not _awaited(view, asked, rows[: place + 1]):
                    view.records.advance(asked, to=RecordState.ANSWERED)
                ties.append((row, asked))
    return ties


def _awaited(view: View, asked: RecordRow, rows: Sequence[RecordRow]) -> frozenset[str]:
    """Return which partners that got a request of ours have still to answer it; none where it went to one."""
    if asked.direction is Direction.IN or len(asked.recipients) == 1 or asked.kind != _REQUEST:
        return frozenset()
    view.records.held_state(asked)  # another answer that is being stored is waited for, and read
    went = view.outbox.of_record(asked.record_id)
    got = {one.recipient for one in went if one.state not in _NEVER_ARRIVED} & set(asked.recipients)
    said = view.ledger.in_conversations([asked.conversation])
    return frozenset(got) - {
        one.originator
        for one in (*said, *rows)
        if one.in_reply_to == asked.record_id and one.outcome not in STILL_OPEN
    }


def tied(broker: Broker, event: AuditEvent, asked: RecordRow) -> AuditEvent:
    """Return the entry that a record was tied to the one it answers, by the step that `event` tells of."""
    return broker.event(
        Act.ANSWERED,
        event.actor,
        asked.record_id,
        event.at,
        version=str(asked.version),
        answer=event.subject,
    )
