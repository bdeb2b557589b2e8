"""The review of what is kept: a person says why it still is needed, and when it is looked at again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.policy.decision import require
from hub.policy.four_eyes import may_review
from hub.records.actor import Actor


def review(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    justification: str | None,
    again_on: date | None,
    originator: str | None = None,
) -> RecordRow:
    """Note that a record was looked at and is still needed; it is due again after a day, or never.

    Raises Refused `justification-missing`, `role-missing`, `not-found`, and `retention-invalid` where no
    review is due or the day is past or after the record's end.
    """
    require(may_review(actor))
    why, at = justified(justification), broker.clock.now()
    again = None if again_on is None else datetime.combine(again_on + timedelta(days=1), time(), tzinfo=UTC)
    with broker.store.work() as work:
        row = find_row(work, record_id, originator=originator)
        if row.review_at is None:
            raise Refused("retention-invalid", "No review of this record falls due.")
        if again is not None and (again <= at or (row.retain_until is not None and again > row.retain_until)):
            raise Refused(
                "retention-invalid", "The next review is on a day that is not past, and before its end."
            )
        work.dues.put_off(row.originator, record_id, "review_at", again)
        told = {"originator": row.originator} | ({} if again_on is None else {"again": again_on.isoformat()})
        work.stage([broker.event(Act.REVIEWED, actor, record_id, at, justification=why, **told)])
        work.commit()
    return row
