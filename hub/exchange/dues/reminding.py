"""Look at what falls due: tell people before, on the day and when it is long overdue, each once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from hub.audit.events import Act
from hub.entries import RecordRow, ReminderRow
from hub.exchange.broker import Broker
from hub.limits import Limits
from hub.policy.dues import Due
from hub.ports import View

log = logging.getLogger("hub.dues")

_PAGE: Final = 200
#: The column of a record's row that says when.
COLUMNS: Final[Mapping[Due, str]] = {
    Due.REPLY: "reply_due_at",
    Due.CONFIRMATION: "confirm_by",
    Due.REVIEW: "review_at",
    Due.TEAR: "tear_due_at",
    Due.RETENTION: "retain_until",
}


class Level(IntEnum):
    """How late it is."""

    SOON = 1
    DUE = 2
    OVERDUE = 3


@dataclass(frozen=True, kw_only=True)
class DueItem:
    """Something that falls due with one version of a record."""

    what: Due
    row: RecordRow
    at: datetime
    level: Level


def falling_due(
    view: View, limits: Limits, what: Due, *, at: datetime, within_s: float | None = None
) -> Iterator[DueItem]:
    """Yield what is overdue or falls due within a time, or as soon as people are told; the earliest first."""
    ahead = timedelta(seconds=_ahead(limits)[what] if within_s is None else within_s)
    column, after = COLUMNS[what], None
    while rows := view.dues.due(column, before=at + ahead, after=after, limit=_PAGE):
        for row in rows:
            due_at = getattr(row, column)
            yield DueItem(what=what, row=row, at=due_at, level=_level(limits, due_at, at))
        after = getattr(rows[-1], column), rows[-1].position


def _ahead(limits: Limits) -> Mapping[Due, float]:
    return {
        Due.REPLY: limits.reply_remind_s,
        Due.CONFIRMATION: limits.confirm_remind_s,
        Due.REVIEW: limits.review_remind_s,
        Due.TEAR: 1.0,  # at once
        Due.RETENTION: limits.retention_remind_s,
    }


def _level(limits: Limits, due_at: datetime, at: datetime) -> Level:
    if at < due_at:
        return Level.SOON
    late = at >= due_at + timedelta(seconds=limits.overdue_escalate_s)
    return Level.OVERDUE if late else Level.DUE


def tell(broker: Broker, what: Due, at: datetime) -> int:
    """Log what has come to a level that it was not told at yet, a page of records a transaction; return how
    many.
    """
    with broker.store.read() as view:
        new = _untold(view, what, list(falling_due(view, broker.limits, what, at=at)))
    for start in range(0, len(new), _PAGE):
        part = new[start : start + _PAGE]
        with broker.store.work() as work:
            work.dues.tell([_reminder(item, at) for item in part])
            work.stage(
                broker.event(
                    Act.REMINDED,
                    broker.itself,
                    item.row.record_id,
                    at,
                    what=what.value,
                    due=item.at.isoformat(),
                    level=item.level.name.lower(),
                    originator=item.row.originator,
                    version=str(item.row.version),
                )
                for item in part
            )
            work.commit()
    if new:
        fields = {"what": what.value, "records": len(new)}
        log.warning("something falls due with records; `hub record due` lists it", extra={"fields": fields})
    return len(new)


def _untold(view: View, what: Due, items: Sequence[DueItem]) -> list[DueItem]:
    new: list[DueItem] = []
    for start in range(0, len(items), _PAGE):
        part = items[start : start + _PAGE]
        told = view.dues.told(what.value, [item.row.record_id for item in part])
        seen: set[tuple[str, str, datetime]] = set()
        for item in part:
            key = item.row.originator, item.row.record_id, item.at
            if told.get(key, 0) < item.level and key not in seen:
                seen.add(key)
                new.append(item)
    return new


def _reminder(item: DueItem, at: datetime) -> ReminderRow:
    return ReminderRow(
        what=item.what.value,
        originator=item.row.originator,
        record_id=item.row.record_id,
        due_at=item.at,
        level=item.level,
        told_at=at,
    )
