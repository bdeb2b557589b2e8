"""What falls due with a record, and when: the answer, its confirmation in writing, its review, its end.

All come from what the record says and from what its agreement does. The earlier of two dates holds; a day
ends at midnight UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from hub.entries import Direction
from hub.policy.calendar import Calendar
from hub.policy.terms import Agreement, Flow
from hub.records.kinds import Action, Kind
from hub.records.record import Record


class Due(Enum):
    """What can fall due."""

    REPLY = "reply"
    CONFIRMATION = "confirmation"
    REVIEW = "review"
    TEAR = "tear"
    RETENTION = "retention"


@dataclass(frozen=True, kw_only=True)
class Dues:
    """When each falls due for one version of a record; None where nothing says so.

    `retain_until` is the first moment at which the content is not kept any more.
    """

    reply_due_at: datetime | None = None
    confirm_by: datetime | None = None
    review_at: datetime | None = None
    retain_until: datetime | None = None


def dues(
    record: Record,
    terms: Sequence[tuple[Agreement, Flow]],
    *,
    direction: Direction,
    at: datetime,
    keep_by: date | None = None,
) -> Dues:
    """Return what falls due with a record that went, or came, at a time under these terms.

    `terms` are those of every recipient of what goes, or of the sender of what came. How long what goes is
    kept here is for its own originator alone to say: an agreement binds whoever receives. `keep_by` is the
    last day that the rules of a partner without a hub allow, both ways.
    """
    since = at.astimezone(UTC).date()
    kept = [_day(since, flow.retention(record.kind)) for _, flow in terms if direction is Direction.IN]
    kept.append(keep_by)
    if record.action is Action.WITHDRAWAL:  # what it recalls is still here, and ends with it
        return Dues(retain_until=_earliest([record.retain_until, *kept]))
    reviewed = [_day(since, flow.review_days.get(record.kind)) for _, flow in terms]
    return Dues(
        reply_due_at=record.reply_due_at or _earliest(_replies(record.kind, terms, since)),
        confirm_by=min(_confirmations(record, terms, at), default=None),
        review_at=_earliest([record.review_on, *reviewed]),
        retain_until=_earliest([record.retain_until, *kept]),
    )


def terms_between(
    agreements: Sequence[Agreement], agreement: str, sender: str, recipient: str
) -> tuple[Agreement, Flow] | None:
    """Return the newest version of an agreement with its flow between two parties, if it has one."""
    of_id = [one for one in agreements if one.id == agreement]
    newest = max(of_id, key=lambda one: one.version, default=None)
    flow = None if newest is None else newest.flow(sender, recipient)
    return None if newest is None or flow is None else (newest, flow)


def reply_day(calendar: Calendar | None, start: date, days: int) -> date:
    """Return the last day of a deadline in days: working days where the agreement has a calendar."""
    return start + timedelta(days=days) if calendar is None else calendar.after(start, days)


def unconfirmed(record: Record) -> bool:
    """Tell whether a request is urgent and its confirmation in writing still to come."""
    urgent = record.details.get("urgency", "routine") != "routine"
    return urgent and record.kind is Kind.ASSISTANCE_REQUEST and not record.details.get("confirms_in_writing")


def _replies(kind: Kind, terms: Sequence[tuple[Agreement, Flow]], since: date) -> Iterator[date | None]:
    for agreement, flow in terms:
        days = flow.reply_days.get(kind)
        yield None if days is None else reply_day(agreement.calendar, since, days)


def _confirmations(
    record: Record, terms: Sequence[tuple[Agreement, Flow]], at: datetime
) -> Iterator[datetime]:
    if unconfirmed(record):
        yield from (at + timedelta(hours=flow.confirm_hours) for _, flow in terms)


def _day(since: date, days: int | None) -> date | None:
    return None if days is None else since + timedelta(days=days)


def _earliest(days: Sequence[date | None] | Iterator[date | None]) -> datetime | None:
    return _ends(min((day for day in days if day is not None), default=None))


def _ends(day: date | None) -> datetime | None:
    """Return the moment at which a day is over (UTC)."""
    return None if day is None else datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
