"""What was sent and received under which number, read along the indexes over numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select, union_all, update

from hub.entries import Line, StatementRow, Unadmitted
from hub.ports import NUMBER_MAX
from hub.records.lifecycle import EntryState
from hub.storage import tables
from hub.storage.gaps import GapStore
from hub.storage.reconciliations import ReconciliationStore
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_OUT: Final = tables.outbox.c
_IN: Final = tables.inbox.c
_NOTE: Final = tables.unadmitted.c
_NOTES: Final = Shape(Unadmitted, tables.unadmitted)
_OF: Final[Any] = bindparam("which")
_FIRST: Final[Any] = bindparam("first")
_LAST: Final[Any] = bindparam("last")
_MOST: Final[Any] = bindparam("most")

_SENT: Final = (
    select(_OUT.number, _OUT.envelope_id, _OUT.digest, _OUT.state, _OUT.reason)
    .where(tables.SENT, _OUT.recipient == _OF, _OUT.number.between(_FIRST, _LAST))
    .order_by(_OUT.number)
    .limit(_MOST)
)
_RECEIVED: Final = (
    select(_IN.number, _IN.envelope_id, _IN.digest)
    .where(tables.RECEIVED, _IN.originator == _OF, _IN.number.between(_FIRST, _LAST))
    .order_by(_IN.number)
    .limit(_MOST)
)
_LAST_SENT: Final = select(tables.numbering.c.last).where(tables.numbering.c.recipient == _OF)
_numbering = tables.numbering
_on = insert(_numbering)
_NUMBER_ON: Final = _on.on_conflict_do_update(
    index_elements=[_numbering.c.recipient],
    set_={"last": _on.excluded.last},
    where=_numbering.c.last < _on.excluded.last,
)
_LAST_RECEIVED: Final = select(func.max(_IN.number)).where(tables.RECEIVED, _IN.originator == _OF)
_AT: Final = (
    select(_OUT.number, _OUT.created_at)
    .where(tables.SENT, _OUT.recipient == _OF, _OUT.number >= _FIRST)
    .order_by(_OUT.number)
    .limit(1)
)
_came = (
    select(_IN.number, _IN.received_at.label("at"))
    .where(tables.RECEIVED, _IN.originator == _OF, _IN.number.between(_FIRST, _LAST))
    .order_by(_IN.number)
    .limit(_MOST)
    .subquery()
)
_lost = (
    select(_NOTE.number, _NOTE.at)
    .where(_NOTE.originator == _OF, _NOTE.number.between(_FIRST, _LAST))
    .order_by(_NOTE.number)
    .limit(_MOST)
    .subquery()
)
_both = union_all(select(_came.c.number, _came.c.at), select(_lost.c.number, _lost.c.at)).subquery()
_ARRIVALS: Final = (
    select(_both.c.number, func.min(_both.c.at, type_=_IN.received_at.type).label("at"))
    .group_by(_both.c.number)
    .order_by(_both.c.number)
    .limit(_MOST)
)
_NOTED: Final = (
    _NOTES.select()
    .where(_NOTE.originator == _OF, _NOTE.number.between(_FIRST, _LAST))
    .order_by(_NOTE.number)
    .limit(_MOST)
)
_note = insert(tables.unadmitted)
_ADD_NOTE: Final = _note.on_conflict_do_update(
    index_elements=[_NOTE.originator, _NOTE.number],
    set_={name: _note.excluded[name] for name in ("envelope_id", "state", "reason", "at", "digest")},
)
_STATEMENTS: Final = tables.statements.c
_ADD_STATEMENT: Final = insert(tables.statements).on_conflict_do_nothing()
_KEEP_RUN: Final = (
    update(tables.statements).where(tables.OF_RUN, _STATEMENTS.run == bindparam("which")).values(run=None)
)
_OLD: Final = (
    select(_STATEMENTS.digest)
    .where(tables.OF_RUN, _STATEMENTS.at < bindparam("before", type_=_STATEMENTS.at.type))
    .order_by(_STATEMENTS.at)
    .limit(_MOST)
)
_FORGET: Final = delete(tables.statements).where(
    _STATEMENTS.digest.in_(bindparam("which", expanding=True)), tables.OF_RUN
)
_GET_STATEMENTS: Final = select(_STATEMENTS.digest, _STATEMENTS.raw).where(
    _STATEMENTS.digest.in_(bindparam("which", expanding=True))
)


class BookStore(GapStore, ReconciliationStore):
    """Implements `hub.ports.Books`. `flush_queue` writes the entries that are kept back."""

    def __init__(self, session: Session, flush_queue: Callable[[], None]) -> None:
        super().__init__(session)
        self._flush_queue = flush_queue

    def add_statements(self, rows: Sequence[StatementRow]) -> None:
        """Store signed statements; one that is there is left as it is. Bookkeeping."""
        self._session.change(audited=False)
        if rows:
            # In one order everywhere, so that two workers with the same ones cannot wait for each other.
            ordered = sorted({row.digest: row for row in rows}.values(), key=lambda row: row.digest)
            self._session.run(_ADD_STATEMENT, [vars(row) for row in ordered])

    def keep_run(self, run: str) -> None:
        """Keep the statements of a comparison for good."""
        self._session.change(audited=False)
        self._session.run(_KEEP_RUN, {"which": run})

    def forget_books(self, before: datetime, *, limit: int) -> int:
        """Delete what comparisons in which nothing differed have left from before a time; return how many."""
        rows = self._session.rows(_OLD, {"before": before, "most": limit})
        gone = sorted(row.digest for row in rows)
        if gone:
            self._session.change()
            self._session.run(_FORGET, {"which": gone})
        return len(gone) + self.forget_equal(before, limit=limit)

    def statements(self, digests: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bytes of those statements that exist, by their digests."""
        if not digests:
            return {}
        rows = self._session.rows(_GET_STATEMENTS, {"which": sorted(set(digests))})
        return {row.digest: row.raw for row in rows}

    def sent(self, recipient: str, *, first: int, last: int, limit: int) -> Sequence[Line]:
        """Return what started here for a recipient, from one number to another."""
        self._flush_queue()
        asked = {"which": recipient, "first": first, "last": last, "most": limit}
        return [
            Line(
                number=row.number,
                envelope_id=row.envelope_id,
                digest=None if row.digest is None else row.digest.hex(),
                state=row.state,
                reason=row.reason,
            )
            for row in self._session.rows(_SENT, asked)
        ]

    def received(self, originator: str, *, first: int, last: int, limit: int) -> Sequence[Line]:
        """Return what was admitted from an originator, from one number to another."""
        asked = {"which": originator, "first": first, "last": last, "most": limit}
        return [
            Line(
                number=row.number,
                envelope_id=row.envelope_id,
                digest=row.digest.hex(),
                state=EntryState.ACCEPTED,
            )
            for row in self._session.rows(_RECEIVED, asked)
        ]

    def last_sent(self, recipient: str) -> int:
        """Return the last number given for a recipient; 0 when there is none."""
        self._flush_queue()
        row = self._session.row(_LAST_SENT, {"which": recipient})
        return 0 if row is None else int(row[0])

    def number_on(self, recipient: str, last: int) -> int:
        """Give the next envelope a number above `last`; return the last number given before."""
        self._session.change()
        self._session.lock()
        before = self.last_sent(recipient)
        self._session.run(_NUMBER_ON, {"recipient": recipient, "last": last})
        return before

    def last_received(self, originator: str) -> int:
        """Return the highest number admitted from an originator; 0 when there is none."""
        row = self._session.row(_LAST_RECEIVED, {"which": originator})
        return 0 if row is None else int(row[0] or 0)

    def first_sent_at(self, recipient: str, at: datetime) -> int:
        """Return the first number that was queued at a time or later, else the one to be given next."""
        low, high = 1, self.last_sent(recipient) + 1
        while low < high:
            middle = (low + high) // 2
            row = self._session.row(_AT, {"which": recipient, "first": middle})
            if row is not None and row.created_at < at:
                low = row.number + 1
            else:
                high = middle
        return low

    def arrivals(
        self, originator: str, *, after: int, last: int = NUMBER_MAX, limit: int
    ) -> Sequence[tuple[int, datetime]]:
        """Return the numbers above one, and up to another, that came, whatever came of them, and when."""
        asked = {"which": originator, "first": after + 1, "last": last, "most": limit}
        return [(row.number, row.at) for row in self._session.rows(_ARRIVALS, asked)]

    def note(self, rows: Sequence[Unadmitted]) -> None:
        """Store why numbers came to nothing here; what is told later replaces what was told before."""
        self._session.change(audited=bool(rows))
        if rows:
            last = {(row.originator, row.number): row for row in rows}
            self._session.run(_ADD_NOTE, [vars(last[key]) for key in sorted(last)])

    def noted(self, originator: str, *, first: int, last: int, limit: int) -> Sequence[Unadmitted]:
        """Return what is known of numbers that came to nothing."""
        asked = {"which": originator, "first": first, "last": last, "most": limit}
        return _NOTES.load(self._session.rows(_NOTED, asked))
