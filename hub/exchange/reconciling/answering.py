"""Answer a partner that compares its books with ours: state the same ranges as we have them."""

from __future__ import annotations

from datetime import timedelta

from hub.audit.events import Act
from hub.entries import Direction, ReconciliationRow, StatementRow
from hub.envelope.canonical import digest
from hub.envelope.reconciliation import LINES_MAX, BooksStatement, Range, state_books, verify_books
from hub.errors import PeerFault, Refused
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.reconciling.asking import concluded
from hub.exchange.reconciling.ledgers import Ledger, extent_of
from hub.exchange.relying import relied_on, stage_relying
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id


def answer_books(
    broker: Broker, peer: str, raw: bytes, *, age_max_s: float | None = None, leaf: bytes | None = None
) -> bytes:
    """Return our signed statement over the ranges that a partner names; both statements are stored.

    `age_max_s` is how long it may have been on its way; without it, as long as clocks may differ. `leaf` is
    the certificate (DER) that the partner showed.
    Raises Refused `partner-unknown`, `partner-suspended`, `request-invalid` for an answer, PeerFault
    `clock-skew`, and what `verify_books` raises.
    """
    at = broker.clock.now()
    partner = broker.standing().partner(peer)
    if not partner.active:
        raise Refused("partner-suspended", f"{peer} is suspended here; no books are compared with it now.")
    asked = verify_books(raw, by=partner.public, to=broker.agency, allowed=partner.allowed)
    if asked.answers is not None:
        raise Refused("request-invalid", "This statement answers another one; it asks for nothing.")
    skew = timedelta(seconds=broker.limits.clock_skew_s)
    late = skew if age_max_s is None else skew + timedelta(seconds=age_max_s)
    if not at - late <= asked.issued_at <= at + skew:
        raise PeerFault("clock-skew", "The statement is too old, or of a time to come: the clocks differ.")
    budget = _Budget(broker, peer, rows=asked.rows)
    received = tuple(budget.state(Direction.IN, one) for one in asked.sent)
    sent = tuple(budget.state(Direction.OUT, one) for one in asked.received)
    with broker.store.read() as view:
        extent = extent_of(view, peer, asked.period)
    statement = BooksStatement(
        by=broker.agency,
        to=peer,
        run=asked.run,
        issued_at=at,
        extent=extent,
        sent=sent,
        received=received,
        rows=asked.rows,
        answers=digest(raw).hex(),
        period=asked.period,
    )
    answer = state_books(statement, keys=broker.keyring.signing(), suite=partner.suite)
    _keep(broker, partner, asked, raw, answer, leaf)
    return answer


class _Budget:
    """States ranges until as many lines were read as one message may cost; then only their first numbers."""

    def __init__(self, broker: Broker, peer: str, *, rows: bool) -> None:
        self._broker = broker
        self._peer = peer
        self._rows = rows
        self._left = LINES_MAX if rows else broker.limits.reconcile_lines_max

    def state(self, direction: Direction, asked: Range) -> Range:
        """Return a range as our books have it, or the part of it that the budget is enough for."""
        ledger = Ledger(store=self._broker.store, partner=self._peer, direction=direction)
        if self._rows:
            if self._left == 0:
                return ledger.sum(asked.first, asked.first, most=1)
            told = ledger.rows(asked.first, asked.last, most=self._left)
            self._left -= len(told.lines or ())
            return told
        told = ledger.sum(asked.first, asked.last, most=max(1, self._left))
        self._left = max(0, self._left - told.count)
        return told


def _keep(
    broker: Broker,
    partner: Counterparty,
    asked: BooksStatement,
    raw: bytes,
    answer: bytes,
    leaf: bytes | None,
) -> None:
    """Store what both sides stated, and what the partner says came out where it has come to the end."""
    at, peer = broker.clock.now(), partner.row.agency
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    rows = [
        StatementRow(digest=digest(one).hex(), signer=signer, at=at, raw=one, run=asked.run)
        for signer, one in ((peer, raw), (broker.agency, answer))
    ]
    digests = [row.digest for row in rows]
    with broker.store.work() as work:
        work.books.add_statements(rows)
        details = {"run": asked.run, "request": digests[0], "answer": digests[1]}
        event = broker.event(Act.RECONCILED, actor, peer, at, **details, **relied_on(partner, leaf=leaf))
        stage_relying(broker, work, [partner], [event], leaves=() if leaf is None else (leaf,))
        if asked.outcome is not None:
            row = ReconciliationRow(
                reconciliation_id=new_id(),
                partner=peer,
                by=peer,
                at=at,
                compared=asked.outcome.compared,
                differences=asked.outcome.differences,
                period_from=asked.period.start if asked.period else None,
                period_to=asked.period.end if asked.period else None,
                found=tuple({**vars(one)} for one in asked.outcome.found),
                statements=tuple(digests),
            )
            work.books.add_reconciliation(row)
            if row.differences:
                work.books.keep_run(asked.run)
            work.stage([concluded(broker, actor, row, run=asked.run)])
        work.commit()
