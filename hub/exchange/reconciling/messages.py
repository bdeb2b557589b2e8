"""One message of a comparison: we state our books, the partner answers with its own, and both are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, StatementRow, Unadmitted
from hub.envelope.canonical import digest
from hub.envelope.reconciliation import BooksStatement, Conclusion, Period, Range, state_books, verify_books
from hub.errors import PeerFault
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.reconciling.comparing import Difference, Kind
from hub.exchange.reconciling.ledgers import Ledger, extent_of
from hub.exchange.relying import stage_relying
from hub.records.actor import Actor
from hub.records.ids import new_id


@dataclass(kw_only=True)
class Comparison:
    """One comparison under way."""

    broker: Broker
    partner: Counterparty
    actor: Actor
    period: Period | None
    run: str = field(default_factory=new_id)
    compared: int = 0
    messages: int = 0
    found: dict[tuple[str, int, Kind], Difference] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    notes: dict[int, Unadmitted] = field(default_factory=dict)

    @property
    def agency(self) -> str:
        """Return the partner's agency."""
        return self.partner.row.agency

    def ledger(self, direction: Direction) -> Ledger:
        """Return our side of one direction."""
        return Ledger(store=self.broker.store, partner=self.agency, direction=direction)


def exchange(
    run: Comparison,
    *,
    sent: Sequence[Range] = (),
    received: Sequence[Range] = (),
    rows: bool = False,
    outcome: Conclusion | None = None,
) -> BooksStatement:
    """State our books over some ranges, and return what the partner states; both are stored."""
    broker, partner = run.broker, run.partner
    run.messages += 1
    if run.messages > broker.limits.reconcile_messages_max:
        raise PeerFault(
            "partner-misbehaved", f"After {run.messages - 1} messages {run.agency} still tells other numbers."
        )
    with broker.store.read() as view:
        extent = extent_of(view, run.agency, run.period)
    at = broker.clock.now()
    statement = BooksStatement(
        by=broker.agency,
        to=run.agency,
        run=run.run,
        issued_at=at,
        extent=extent,
        sent=tuple(sent),
        received=tuple(received),
        rows=rows,
        period=run.period,
        outcome=outcome,
    )
    raw = state_books(statement, keys=broker.keyring.signing(), suite=partner.suite)
    answer_raw = broker.carrier.reconcile(partner.row, raw)
    answer = verify_books(answer_raw, by=partner.public, to=broker.agency, allowed=partner.allowed)
    if answer.answers != digest(raw).hex() or answer.run != run.run:
        raise PeerFault("partner-misbehaved", f"{run.agency} answered another message about its books.")
    _need_answers(run, sent, answer.received)
    _need_answers(run, received, answer.sent)
    rows_kept = [
        StatementRow(digest=digest(one).hex(), signer=signer, at=at, raw=one)
        for signer, one in ((broker.agency, raw), (run.agency, answer_raw))
    ]
    run.statements += [row.digest for row in rows_kept]
    with broker.store.work() as work:
        work.books.add_statements(rows_kept)
        event = _event(run, *[row.digest for row in rows_kept])
        stage_relying(broker, work, [partner], [event])
        work.commit()
    return answer


def _event(run: Comparison, request: str, answer: str) -> AuditEvent:
    return run.broker.event(
        Act.RECONCILED,
        run.actor,
        run.agency,
        run.broker.clock.now(),
        run=run.run,
        request=request,
        answer=answer,
        trust=run.partner.trust.digest,
    )


def _need_answers(run: Comparison, asked: Sequence[Range], told: Sequence[Range]) -> None:
    fit = len(asked) == len(told) and all(
        one.first == other.first and other.last <= one.last for one, other in zip(asked, told, strict=True)
    )
    if not fit:
        raise PeerFault("partner-misbehaved", f"{run.agency} told of other numbers than it was asked for.")
