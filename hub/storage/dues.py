"""What falls due with records: found by an index for each, so that a look reads what is due alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, text, tuple_, update

from hub.entries import Delivery, KeepingRow, OutboxEntry, RecordRow, ReminderRow
from hub.storage import tables
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert

_R: Final = tables.records
_RECORD: Final = Shape(RecordRow, _R)
_KEEPING: Final = Shape(KeepingRow, tables.keepings)
_REMINDER: Final = Shape(ReminderRow, tables.reminders)

_DUE: Final = {
    name: _RECORD.select()
    .where(text(where), _R.c[name] < bindparam("before"))
    .order_by(_R.c[name], _R.c.position)
    .limit(bindparam("most"))
    for name, where in tables.DUE.items()
}
_FOLLOWING: Final = {
    name: query.where(
        tuple_(_R.c[name], _R.c.position)
        > tuple_(bindparam("since", type_=_R.c[name].type), bindparam("position", type_=_R.c.position.type))
    )
    for name, query in _DUE.items()
}
_PUT_OFF: Final = {
    name: update(_R)
    .where(_R.c.record_id == bindparam("which"), _R.c.originator == bindparam("by"))
    .values({name: bindparam("moment")})
    for name in tables.DUE
}
_E: Final = tables.outbox
_ENTRY: Final = Shape(OutboxEntry, _E)
_UNACKNOWLEDGED: Final = (
    _ENTRY.select()
    .where(tables.UNFINISHED, _E.c.version > 1, _E.c.origin.is_(None), _E.c.position > bindparam("after"))
    .order_by(_E.c.position)
    .limit(bindparam("most"))
)
_D: Final = tables.deliveries
_DELIVERY: Final = Shape(Delivery, _D)
_UNCOLLECTED: Final = (
    _DELIVERY.select()
    .where(
        tables.UNCOLLECTED,
        tuple_(_D.c.member, _D.c.position)
        > tuple_(
            bindparam("of_member", type_=_D.c.member.type), bindparam("after", type_=_D.c.position.type)
        ),
    )
    .order_by(_D.c.member, _D.c.position)
    .limit(bindparam("most"))
)
_K: Final = tables.keepings
_GET_KEEPING: Final = kept(
    _KEEPING.select().where(_K.c.originator == bindparam("by"), _K.c.record_id == bindparam("which"))
)
_new: Final = insert(_K)
_PUT_KEEPING: Final = _new.on_conflict_do_update(
    index_elements=[_K.c.originator, _K.c.record_id],
    set_={column.name: _new.excluded[column.name] for column in _K.c if not column.primary_key},
)
_M: Final = tables.reminders
_TOLD: Final = _REMINDER.select().where(
    _M.c.record_id.in_(bindparam("which", expanding=True)), _M.c.what == bindparam("of")
)
_TELL: Final = insert(_M).on_conflict_do_nothing()


class DueStore:
    """Implements `hub.ports.DueRecords`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(
        self, what: str, *, before: datetime, after: tuple[datetime, int] | None = None, limit: int
    ) -> Sequence[RecordRow]:
        """Return rows due before a moment, the earliest first."""
        asked: dict[str, object] = {"before": before, "most": limit}
        if after is None:
            return _RECORD.load(self._session.rows(_DUE[what], asked))
        since, position = after
        return _RECORD.load(
            self._session.rows(_FOLLOWING[what], {**asked, "since": since, "position": position})
        )

    def unacknowledged(self, *, after: int, limit: int) -> Sequence[OutboxEntry]:
        """Return entries of later versions that no receipt has come for."""
        return _ENTRY.load(self._session.rows(_UNACKNOWLEDGED, {"after": after, "most": limit}))

    def uncollected(self, *, after: tuple[str, int], limit: int) -> Sequence[Delivery]:
        """Return deliveries of later versions that wait for a member or are held from it."""
        member, position = after
        asked = {"of_member": member, "after": position, "most": limit}
        return _DELIVERY.load(self._session.rows(_UNCOLLECTED, asked))

    def put_off(self, originator: str, record_id: str, what: str, until: datetime | None) -> None:
        """Set the moment for all versions of a record."""
        self._session.change()
        self._session.write_first()
        self._session.run(_PUT_OFF[what], {"by": originator, "which": record_id, "moment": until})

    def keeping(self, originator: str, record_id: str) -> KeepingRow | None:
        """Return the latest decision to keep a record longer."""
        asked = {"by": originator, "which": record_id}
        return _KEEPING.load_one(self._session.kept_row(_GET_KEEPING, asked))

    def put_keeping(self, row: KeepingRow) -> None:
        """Store a decision to keep a record longer."""
        self._session.change()
        self._session.run(_PUT_KEEPING, vars(row))

    def told(self, what: str, record_ids: Sequence[str]) -> Mapping[tuple[str, str, datetime], int]:
        """Return the highest level at which people were told."""
        found: dict[tuple[str, str, datetime], int] = {}
        asked = {"which": sorted(set(record_ids)), "of": what}
        for row in _REMINDER.load(self._session.rows(_TOLD, asked)):
            key = row.originator, row.record_id, row.due_at
            found[key] = max(row.level, found.get(key, 0))
        return found

    def tell(self, rows: Sequence[ReminderRow]) -> None:
        """Store that people were told."""
        self._session.change(audited=bool(rows))
        if rows:
            self._session.run(_TELL, [vars(row) for row in rows])
