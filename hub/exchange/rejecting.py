"""What a refused envelope leaves: the outcome its sender is told, a leaf, and a note about its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import Unadmitted
from hub.envelope import sealing
from hub.envelope.receipts import Statement, issue
from hub.envelope.suites import Suite
from hub.errors import HubError
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker
from hub.exchange.numbering import Stated
from hub.ports import Outcome
from hub.records.actor import Actor
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, ReceiptStatus


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """An envelope that was not taken: the outcome the peer is told and the leaf it leaves.

    `note` says what became of its number, where the refusal is final.
    """

    outcome: Outcome
    event: AuditEvent
    note: Unadmitted | None = None


def statement_about(
    broker: Broker,
    sealed: sealing.Sealed,
    status: ReceiptStatus,
    at: datetime,
    *,
    record_id: str | None = None,
    refusal: HubError | None = None,
) -> Statement:
    """Return what we state to its originator about an envelope."""
    return Statement(
        receipt_id=new_id(),
        envelope_id=sealed.header.envelope_id,
        envelope_digest=sealed.digest.hex(),
        by=broker.agency,
        to=sealed.header.originator,
        status=status,
        at=at,
        record_id=record_id,
        reason=refusal.code if refusal else None,
        sentence=refusal.sentence if refusal else None,
    )


def reject(
    broker: Broker,
    actor: Actor,
    sealed: sealing.Sealed | None,
    error: HubError,
    at: datetime,
    *,
    known: bool = True,
    stated: Stated | None = None,
    relied: Mapping[str, str] | None = None,
) -> Rejected:
    """Refuse one envelope: with a signed receipt where it is final, for us, and the originator is known.

    A temporary failure is told by its code alone, so that the sender keeps the entry and tries again. So
    is a relay's: only a recipient states something about an envelope. `relied` names what was trusted.
    """
    envelope_id = sealed.header.envelope_id if sealed else ""
    receipt = None
    ours = sealed is not None and broker.agency in sealed.header.recipients
    if sealed is not None and ours and known and error.code not in TEMPORARY:
        suite: Suite = sealed.header.suite
        statement = statement_about(broker, sealed, ReceiptStatus.REFUSED, at, refusal=error)
        receipt = issue(statement, broker.keyring.signing(), suite)
    number = {} if stated is None else {"number": str(stated.number)}
    return Rejected(
        outcome=Outcome(envelope_id=envelope_id, receipt=receipt, code=error.code, sentence=error.sentence),
        event=broker.event(
            Act.REFUSED, actor, envelope_id or actor.id, at, code=error.code, **number, **(relied or {})
        ),
        note=None
        if sealed is None or stated is None or receipt is None
        else _note(sealed, stated, error, at),
    )


def _note(sealed: sealing.Sealed, stated: Stated, error: HubError, at: datetime) -> Unadmitted:
    return Unadmitted(
        originator=sealed.header.originator,
        number=stated.number,
        envelope_id=sealed.header.envelope_id,
        state=EntryState.REFUSED,
        reason=error.code,
        at=at,
        digest=sealed.digest,
    )
