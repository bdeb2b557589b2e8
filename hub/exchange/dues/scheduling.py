"""When what falls due with a record: written into its row as it is released or admitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.entries import Direction, RecordRow, changed
from hub.exchange.broker import Standing
from hub.policy.dues import dues, terms_between
from hub.records.record import Record


def scheduled(standing: Standing, row: RecordRow, record: Record, *, agency: str, at: datetime) -> RecordRow:
    """Return the row of a record that goes or came at a time, with what falls due with it."""
    came = row.direction is Direction.IN
    sender = row.via or row.originator
    pairs = [(sender, agency)] if came else [(agency, recipient) for recipient in row.recipients]
    found = (terms_between(standing.agreements, row.agreement, *pair) for pair in pairs)
    due = dues(record, [one for one in found if one is not None], direction=row.direction, at=at)
    ground = record.details.get("ground")
    return changed(
        row,
        reply_due_at=due.reply_due_at,
        confirm_by=due.confirm_by,
        review_at=due.review_at,
        retain_until=due.retain_until,
        outcome=record.details.get("outcome") if record.kind.value == "assistance-answer" else None,
        ground=ground.get("ground") if isinstance(ground, Mapping) else None,
    )
