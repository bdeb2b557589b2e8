"""One message of a comparison: we state our books, the partner answers with its own, and both are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, StatementRow, Unadmitted
from hub.envelope.canonical import digest
from hub.envelope.messages import About
from hub.envelope.reconciliation import BooksStatement, Conclusion, Period, Range, state_books, verify_books
from hub.errors import PeerFault
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.messages.asking import Pause, ask
from hub.exchange.reconciling.comparing import Difference, Kind
from hub.exchange.reconciling.ledgers import Ledger, extent_of
from hub.exchange.relying import relied_on, stage_relying
from hub.ports import BooksAnswer
from hub.records.actor import Actor
from hub.records.ids import new_id

#: Where every line differs, a message settles three times as many.
_LINES_A_MESSAGE: Final = 64
#: The statements that a comparison names in its row; all of them are kept, and named by the log.
STATEMENTS_MAX: Final = 100


def _nobody(_page: Sequence[Difference]) -> None:
    """Tell no one: what is kept of the differences is enough."""


@dataclass(kw_only=True)
class Comparison:
    """One comparison under way.

    `found` are the differences that were not looked at again yet; `differences` counts the others, of which
    the first are `kept` and all were told, a page at a time. `walked` counts the lines of ours that were
    compared: the longer our books, the more messages they take.
    """

    broker: Broker
    partner: Counterparty
    actor: Actor
    period: Period | None
    tell: Callable[[Sequence[Difference]], None] = _nobody
    pause: Pause = time.sleep
    run: str = field(default_factory=new_id)
    compared: int = 0
    messages: int = 0
    walked: int = 0
    differences: int = 0
    found: dict[tuple[str, int, Kind], Difference] = field(default_factory=dict)
    kept: list[Difference] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    notes: dict[int, Unadmitted] = field(default_factory=dict)

    @property
    def agency(self) -> str:
        """Return the partner's agency."""
        return self.partner.row.agency

    def is_page(self) -> bool:
        """Tell whether so much was found that it is told before more is looked for."""
        return len(self.found) >= self.broker.limits.reconcile_differences_max

    def turn_page(self) -> None:
        """Count, keep and tell what was found, and go on with an empty page."""
        page, self.found = list(self.found.values()), {}
        self.differences += sum(one.count for one in page)
        self.kept += page[: max(0, self.broker.limits.reconcile_differences_max - len(self.kept))]
        if page:
            self.tell(page)

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
    if run.messages > broker.limits.reconcile_messages_max + run.walked // _LINES_A_MESSAGE:
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
    if partner.row.via is None:
        said = broker.carrier.reconcile(partner.row, raw)
    else:
        said = BooksAnswer(statement=ask(broker, partner, About.BOOKS, raw, pause=run.pause))
    answer_raw = said.statement
    answer = verify_books(answer_raw, by=partner.public, to=broker.agency, allowed=partner.allowed)
    if answer.answers != digest(raw).hex() or answer.run != run.run:
        raise PeerFault("partner-misbehaved", f"{run.agency} answered another message about its books.")
    _need_answers(run, sent, answer.received)
    _need_answers(run, received, answer.sent)
    rows_kept = [
        StatementRow(digest=digest(one).hex(), signer=signer, at=at, raw=one, run=run.run)
        for signer, one in ((broker.agency, raw), (run.agency, answer_raw))
    ]
    run.statements = [*run.statements, *[row.digest for row in rows_kept]][-STATEMENTS_MAX:]
    with broker.store.work() as work:
        work.books.add_statements(rows_kept)
        work.books.note(list(run.notes.values()))
        event = _event(run, *[row.digest for row in rows_kept], leaf=said.leaf)
        stage_relying(broker, work, [partner], [event], leaves=() if said.leaf is None else (said.leaf,))
        work.commit()
    run.notes.clear()
    return answer


def _event(run: Comparison, request: str, answer: str, *, leaf: bytes | None) -> AuditEvent:
    return run.broker.event(
        Act.RECONCILED,
        run.actor,
        run.agency,
        run.broker.clock.now(),
        run=run.run,
        request=request,
        answer=answer,
        **relied_on(run.partner, leaf=leaf),
    )


def _need_answers(run: Comparison, asked: Sequence[Range], told: Sequence[Range]) -> None:
    fit = len(asked) == len(told) and all(
        one.first == other.first and other.last <= one.last for one, other in zip(asked, told, strict=True)
    )
    if not fit:
        raise PeerFault("partner-misbehaved", f"{run.agency} told of other numbers than it was asked for.")
