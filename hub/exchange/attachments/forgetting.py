"""What is never used is forgotten after a day, and what nothing needs any more after an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.audit.events import Act, AuditEvent
from hub.entries import AttachmentRow
from hub.errors import Refused
from hub.exchange.attachments.naming import first_name, give_up
from hub.exchange.broker import Broker


def forget_unused(broker: Broker, at: datetime) -> int:
    """Discard attachments that nothing came to name in time, or needs any more; return how many.

    What every record that names it has ended, and no live entry carries, is let go of now and discarded when
    `attachment_let_go_s` has passed: until then a resumed entry or a new draft may take it up again. Each is
    forgotten with an audit event of its own. What is being written right now is left for later.
    """
    _let_go(broker, at)
    limits = broker.limits
    with broker.store.read() as view:
        rows = view.attachments.unused(
            created_before=at - timedelta(seconds=limits.attachment_unused_s),
            let_go_before=at - timedelta(seconds=limits.attachment_let_go_s),
            limit=limits.page_max,
        )
    return sum(_forget(broker, row, at) for row in rows)


def _let_go(broker: Broker, at: datetime) -> None:
    with broker.store.read() as view:
        rows = view.attachments.unneeded(broker.limits.page_max)
    if rows:
        with broker.store.work() as work:
            for row in rows:
                work.attachments.let_go(row.digest, at)
            work.commit()


def _forget(broker: Broker, row: AttachmentRow, at: datetime) -> bool:
    reason = "unused" if row.let_go_at is None else "no longer needed"
    event = broker.event(
        Act.ERASED, broker.itself, row.upload_id or row.digest, at, justification=reason, owner=row.owner
    )
    try:
        with broker.blobs.hold(first_name(row)):
            if row.complete:
                return _forget_whole(broker, row, event)
            give_up(broker, row, event)
            return True
    except Refused:  # someone is writing to it
        return False


def _forget_whole(broker: Broker, row: AttachmentRow, event: AuditEvent) -> bool:
    with broker.store.work() as work:
        if not work.attachments.remove_unused(row.digest):
            return False
        if row.secret_body_id is not None:
            work.bodies.erase(row.secret_body_id)
        work.stage([event])
        # While the row is locked: who sends the same bytes again can store its row only after this commit,
        # and names its blob after that. A crash in between leaves a row without bytes, which is not whole.
        broker.blobs.discard(row.digest)
        broker.blobs.discard(first_name(row))
        work.commit()
    return True
