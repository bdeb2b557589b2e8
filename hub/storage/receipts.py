"""Signed statements about envelopes: those given to us, and ours on their way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import bindparam, func, select, update

from hub.entries import ReceiptRow
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.receipts
_C: Final = _T.c
_SHAPE: Final = Shape(ReceiptRow, _T)
_AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_due = _C.due_at <= bindparam("due")
_ADD: Final = insert(_T).on_conflict_do_nothing(index_elements=[_C.receipt_id])
_OF_ENVELOPE: Final = (
    _SHAPE.select().where(_C.envelope_id == bindparam("which")).order_by(_C.at, _C.receipt_id)
)
_OF_RECORD: Final = _SHAPE.select().where(_C.record_id == bindparam("which")).order_by(_C.at, _C.receipt_id)
_UNSENT: Final = (
    _SHAPE.select()
    .where(tables.WAITING, _C.to == bindparam("partner"), _due)
    .order_by(_C.due_at, _C.at, _C.receipt_id)
    .limit(bindparam("most"))
)
_AMONG: Final = select(_C.receipt_id).where(
    tables.WAITING, _C.to == bindparam("partner"), _C.receipt_id.in_(bindparam("which", expanding=True))
)
_PUT_OFF: Final = (
    update(_T)
    .where(_C.receipt_id == bindparam("which"), tables.WAITING)
    .values(due_at=bindparam("until"), offers=_C.offers + 1)
)
_SENT: Final = (
    update(_T)
    .where(_C.receipt_id.in_(bindparam("which", expanding=True)), tables.WAITING)
    .values(waiting=False)
)

# From one partner to the next along the index, instead of over everything that waits.
_hop = select(func.min(_C.to).label("partner")).where(tables.WAITING, _due).cte("hop", recursive=True)
_next = (
    select(func.min(_C.to))
    .where(tables.WAITING, _due, _C.to > _hop.c.partner)
    .correlate(_hop)
    .scalar_subquery()
)
_hop = _hop.union_all(select(_next).where(_hop.c.partner.is_not(None)))
_PARTNERS: Final = select(_hop.c.partner).where(_hop.c.partner.is_not(None))


class ReceiptStore:
    """Implements `hub.ports.Receipts`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept: list[tuple[ReceiptRow, bool]] = []
        session.goes_first(self.flush)

    def add(self, rows: Sequence[ReceiptRow]) -> None:
        """Store receipts; one that is there already is left as it is."""
        self._session.change(audited=bool(rows))
        self._kept.extend((row, False) for row in rows)

    def queue(self, rows: Sequence[ReceiptRow]) -> None:
        """Store our own receipts and mark them to be sent."""
        self._session.change(audited=bool(rows))
        self._kept.extend((row, True) for row in rows)

    def flush(self) -> None:
        """Write what was kept back."""
        if self._kept:
            rows = [{**vars(row), "waiting": waiting, "due_at": _AT_ONCE} for row, waiting in self._kept]
            self._session.run(_ADD, sorted(rows, key=lambda row: row["receipt_id"]))
            self._kept.clear()

    def of_envelope(self, envelope_id: str) -> Sequence[ReceiptRow]:
        """Return the receipts about an envelope, oldest first."""
        self.flush()
        return _SHAPE.load(self._session.rows(_OF_ENVELOPE, {"which": envelope_id}))

    def of_record(self, record_id: str) -> Sequence[ReceiptRow]:
        """Return the receipts about any version of a record, oldest first."""
        self.flush()
        return _SHAPE.load(self._session.rows(_OF_RECORD, {"which": record_id}))

    def unsent(self, to: str, limit: int, *, due: datetime = _EVER) -> Sequence[ReceiptRow]:
        """Return our receipts that this partner has not been given yet, what it did not take last."""
        self.flush()
        return _SHAPE.load(self._session.rows(_UNSENT, {"partner": to, "most": limit, "due": due}))

    def unsent_among(self, to: str, receipt_ids: Collection[str]) -> Collection[str]:
        """Return those of some receipts that this partner has not been given yet."""
        self.flush()
        asked = {"partner": to, "which": sorted(set(receipt_ids))}
        return {row.receipt_id for row in self._session.rows(_AMONG, asked)}

    def put_off(self, until: Mapping[str, datetime]) -> None:
        """Note that receipts were offered to the partner, and when each is due again."""
        self._session.change(audited=False)
        self.flush()
        if until:
            self._session.run(_PUT_OFF, [{"which": name, "until": until[name]} for name in sorted(until)])

    def sent(self, receipt_ids: Sequence[str]) -> None:
        """Mark receipts as taken by the partner."""
        self._session.change(audited=False)
        self.flush()
        self._session.run(_SENT, {"which": sorted(receipt_ids)})

    def partners_waiting(self, *, due: datetime = _EVER) -> Sequence[str]:
        """Return the partners for whom receipts wait that are due."""
        self.flush()
        return [row.partner for row in self._session.rows(_PARTNERS, {"due": due})]
