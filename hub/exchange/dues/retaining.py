"""The end of retention: content is erased on the day, unless two people decided before to keep it longer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import KeepingRow, RecordRow
from hub.errors import HubError, Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.exchange.erasing import authors_of, ended_with, erase_by_rule
from hub.policy.decision import require
from hub.policy.four_eyes import may_confirm_erasure, may_propose_erasure
from hub.records.actor import Actor

log = logging.getLogger("hub.dues")

_PAGE: Final = 100


def propose_keeping(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    until: date,
    justification: str | None,
    originator: str | None = None,
) -> KeepingRow:
    """Ask for a record to be kept through a day although its retention ends before; nothing changes yet.

    Raises Refused `justification-missing`, `role-missing`, `four-eyes`, `not-found`, and `retention-invalid`
    for a day that is past, not later than what holds now, or further away than `keep_longer_max_s`.
    """
    why, at = justified(justification), broker.clock.now()
    ends = datetime.combine(until + timedelta(days=1), time(), tzinfo=UTC)
    with broker.store.work() as work:
        row = find_row(work, record_id, originator=originator)
        require(may_propose_erasure(actor, authors_of(work, row)))
        _refuse_unfit(broker, row, ends, at)
        keeping = KeepingRow(
            originator=row.originator,
            record_id=record_id,
            until=ends,
            proposed_by=str(actor),
            proposed_at=at,
            justification=why,
        )
        work.dues.put_keeping(keeping)
        told = {"originator": row.originator, "until": until.isoformat()}
        work.stage([broker.event(Act.KEEPING_PROPOSED, actor, record_id, at, justification=why, **told)])
        work.commit()
    return keeping


def confirm_keeping(
    broker: Broker, actor: Actor, record_id: str, *, until: date, originator: str | None = None
) -> KeepingRow:
    """Keep a record through the day that another officer has proposed, and that was read.

    Raises Refused `not-found` without a proposal, `conflict` where another day was proposed meanwhile, and
    what proposing raises.
    """
    at = broker.clock.now()
    with broker.store.work() as work:
        row = find_row(work, record_id, originator=originator)
        work.records.held_state(row)  # an erasure that ends meanwhile is waited for, and seen
        row = find_row(work, record_id, originator=originator)
        proposed = work.dues.keeping(row.originator, record_id)
        if proposed is None or proposed.confirmed_by is not None:
            raise Refused("not-found", f"Nobody has proposed to keep record {record_id} longer.")
        require(may_confirm_erasure(actor, authors_of(work, row), proposed.proposed_by))
        if last_day(proposed.until) != until:
            raise Refused(
                "conflict",
                f"What is proposed is to keep it through {last_day(proposed.until).isoformat()}, "
                f"not through {until.isoformat()}.",
            )
        _refuse_unfit(broker, row, proposed.until, at)
        done = replace(proposed, confirmed_by=str(actor), confirmed_at=at)
        work.dues.put_keeping(done)
        work.dues.put_off(row.originator, record_id, "retain_until", done.until)
        work.stage(
            [
                broker.event(
                    Act.KEPT,
                    actor,
                    record_id,
                    at,
                    justification=done.justification,
                    originator=row.originator,
                    proposed_by=done.proposed_by,
                    until=last_day(done.until).isoformat(),
                )
            ]
        )
        work.commit()
    return done


def last_day(ends: datetime) -> date:
    """Return the last day on which something is kept that is over at a moment."""
    return (ends - timedelta(microseconds=1)).astimezone(UTC).date()


def _refuse_unfit(broker: Broker, row: RecordRow, ends: datetime, at: datetime) -> None:
    if row.retain_until is None:
        raise Refused("retention-invalid", "Nothing ends the retention of this record; it stays as it is.")
    if ends <= max(at, row.retain_until):
        kept = last_day(row.retain_until).isoformat()
        raise Refused(
            "retention-invalid", f"The record is kept through {kept} as it is; give a later day, not past."
        )
    most = at + timedelta(seconds=broker.limits.keep_longer_max_s)
    if ends > most:
        raise Refused(
            "retention-invalid",
            f"A record is kept longer through {last_day(most).isoformat()} at most; then it is decided anew.",
        )


def erase_ended(broker: Broker, *, at: datetime, running: Callable[[], bool]) -> int:
    """Erase what is kept no longer, record by record; return how many.

    What cannot be erased yet, because an envelope of it is on its way, is left for the next time.
    """
    erased, after = 0, None
    while running():
        with broker.store.read() as view:
            rows = view.dues.due("retain_until", before=at, after=after, limit=_PAGE)
        for row in rows:
            erased += _erase(broker, row, at)
        if not rows:
            break
        after = rows[-1].retain_until or at, rows[-1].position
    return erased


def _erase(broker: Broker, row: RecordRow, at: datetime) -> int:
    try:
        with broker.store.read() as view:
            versions = view.records.versions(row.record_id, originator=row.originator)
        if not ended_with(versions, row, at=at):
            return 0
        erase_by_rule(broker, row, why=f"Its retention ended with {last_day(row.retain_until or at)}.", at=at)
    except HubError as failure:
        log.warning("what is to be erased is not yet", extra={"code": failure.code, "record": row.record_id})
        return 0
    return 1
