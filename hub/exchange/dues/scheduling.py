"""When what falls due with a record: written into its row as it is released or admitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from hub.entries import Direction, RecordRow, changed
from hub.exchange.broker import Standing
from hub.policy.dues import dues, terms_between
from hub.records.record import Record


def scheduled(
    standing: Standing,
    row: RecordRow,
    record: Record,
    *,
    agency: str,
    at: datetime,
    keep_by: date | None = None,
) -> RecordRow:
    """Return the row of a record that goes or came at a time, with what falls due with it.

    `keep_by` is the last day that the rules of a partner without a hub allow.
    """
    came = row.direction is Direction.IN
    sender = row.via or row.originator
    pairs = [(sender, agency)] if came else [(agency, recipient) for recipient in row.recipients]
    found = (terms_between(standing.agreements, row.agreement, *pair) for pair in pairs)
    terms = [one for one in found if one is not None]
    due = dues(record, terms, direction=row.direction, at=at, keep_by=keep_by)
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
