"""What a relay tells an originator of an envelope that it does not hand on: a refusal in its own name.

Without it what is held, refused or given up at a relay looks at its originator as if it were on its way. The
statement goes to the agency that handed the envelope over, which tells the next one in its own name again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from hub.entries import Body, OutboxEntry, ReceiptRow
from hub.envelope import sealing
from hub.envelope.receipts import Statement, issue
from hub.envelope.vault import unlock
from hub.errors import HubError
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker, Counterparty, Standing
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, ReceiptStatus

_STOPPED = frozenset({EntryState.HELD, EntryState.REFUSED, EntryState.DEAD})


def for_good(reason: str | None) -> bool:
    """Tell whether a relay's reason says that it gave up, and not that it waits."""
    return reason not in TEMPORARY


def refusals(
    broker: Broker,
    standing: Standing,
    entries: Iterable[OutboxEntry],
    body_of: Callable[[str], Body | None],
    *,
    at: datetime,
    answered: Iterable[ReceiptRow] = (),
) -> Sequence[ReceiptRow]:
    """Return a signed refusal for each relayed entry that has stopped here, with the entry's reason.

    Those that the recipient `answered` itself need none. To be called before the transaction: signing takes
    milliseconds. What does not open any more cannot be named, and is visible here alone.
    """
    done = {receipt.envelope_id for receipt in answered}
    made = []
    for entry in entries:
        if entry.origin is None or entry.state not in _STOPPED or entry.envelope_id in done:
            continue
        origin, body = standing.partners.get(entry.origin), body_of(entry.body_id)
        if origin is None or body is None:
            continue
        if receipt := _refusal(broker, origin, entry, body, at):
            made.append(receipt)
    return made


def _refusal(
    broker: Broker, origin: Counterparty, entry: OutboxEntry, body: Body, at: datetime
) -> ReceiptRow | None:
    try:
        raw = unlock(body, master_key=broker.keyring.master_key())
        sealed = sealing.peek(raw, max_bytes=len(raw))
    except HubError:
        return None
    statement = Statement(
        receipt_id=new_id(),
        envelope_id=entry.envelope_id,
        envelope_digest=sealed.digest.hex(),
        by=broker.agency,
        to=sealed.header.originator,
        status=ReceiptStatus.REFUSED,
        at=at,
        reason=entry.reason,
    )
    return ReceiptRow(
        receipt_id=statement.receipt_id,
        envelope_id=entry.envelope_id,
        by=broker.agency,
        to=origin.row.agency,
        status=statement.status,
        at=at,
        raw=issue(statement, broker.keyring.signing(), origin.suite),
        reason=entry.reason,
    )
