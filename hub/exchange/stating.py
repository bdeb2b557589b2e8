"""What became of a received record here, stated to who sent it: signed first, queued with the change.

That is its originator, or the hub that passed it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.entries import Direction, ReceiptRow, RecordRow
from hub.envelope.receipts import Statement, issue
from hub.exchange.broker import Broker, Standing
from hub.exchange.weighing import receipt_row
from hub.ports import View
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus


@dataclass(frozen=True, kw_only=True)
class Told:
    """One record of which its originator is told, and the member that the statement is about, if any."""

    row: RecordRow
    member: str | None = None


def state_all(
    broker: Broker,
    view: View,
    standing: Standing,
    told: Sequence[Told],
    status: ReceiptStatus,
    *,
    at: datetime,
) -> Sequence[ReceiptRow | None]:
    """Return a signed receipt for each, addressed to the lane it goes out by; None for records of our own.

    To be called before the transaction that queues them: a signature takes milliseconds, and all others
    would wait for it.
    """
    keys = [key for one in told if (key := _envelope(one.row)) is not None]
    came = view.inbox.seen(keys) if keys else {}
    receipts: list[ReceiptRow | None] = []
    for one in told:
        key = _envelope(one.row)
        if key is None:
            receipts.append(None)
            continue
        sender = standing.partner(key[0])
        statement = Statement(
            receipt_id=new_id(),
            envelope_id=key[1],
            envelope_digest=came[key].digest.hex(),
            by=broker.agency,
            to=key[0],
            status=status,
            at=at,
            record_id=came[key].record_id,
            member=one.member,
        )
        raw = issue(statement, broker.keyring.signing(), sender.suite)
        receipts.append(replace(receipt_row(statement, raw, record_id=came[key].record_id), to=sender.lane))
    return receipts


def _envelope(row: RecordRow) -> tuple[str, str] | None:
    """Return what admitted a received record: its envelope, or that of who passed it on; our own has none."""
    if row.direction is Direction.OUT or row.envelope_id is None:
        return None
    return row.via or row.originator, row.envelope_id
