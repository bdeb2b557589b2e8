"""What comparisons with partners came to, and when tasks that one process does are due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, select

from hub.entries import ReconciliationRow
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.reconciliations
_SHAPE: Final = Shape(ReconciliationRow, _T)
_ADD: Final = insert(_T)
_AGENCY: Final = tables.partners.c.agency


def _newest(by: ColumnElement[str]) -> Select[Any]:
    """Return the query for the last comparison with each partner that one of the two sides has made.

    It looks once into the index for each partner, whatever the number of comparisons.
    """
    last = (
        select(_T.c.reconciliation_id)
        .where(_T.c.partner == _AGENCY, _T.c.by == by)
        .order_by(_T.c.at.desc(), _T.c.reconciliation_id.desc())
        .limit(1)
        .correlate(tables.partners)
        .scalar_subquery()
    )
    return _SHAPE.select().join(tables.partners, _T.c.reconciliation_id == last)


_OURS: Final = _newest(bindparam("us", type_=_T.c.by.type))
_THEIRS: Final = _newest(_AGENCY)
_ONE: Final = bindparam("which") == _AGENCY
_OUR_ONE, _THEIR_ONE = _OURS.where(_ONE), _THEIRS.where(_ONE)

_later = _T.alias("later")
_EQUAL: Final = (
    select(_T.c.reconciliation_id)
    .where(
        tables.EQUAL,
        _T.c.at < bindparam("before", type_=_T.c.at.type),
        exists().where(_later.c.partner == _T.c.partner, _later.c.by == _T.c.by, _later.c.at > _T.c.at),
    )
    .order_by(_T.c.at)
    .limit(bindparam("most"))
)
_FORGET: Final = delete(_T).where(_T.c.reconciliation_id.in_(bindparam("which", expanding=True)))

_D: Final = tables.duties
_duty = insert(_D)
_TAKE: Final = _duty.on_conflict_do_update(
    index_elements=[_D.c.name],
    set_={"due_at": _duty.excluded.due_at},
    where=_D.c.due_at <= bindparam("at", type_=_D.c.due_at.type),
).returning(_D.c.name)
_DUE: Final = select(_D.c.due_at).where(_D.c.name == bindparam("which"))


class ReconciliationStore:
    """The comparisons' part of `hub.ports.Books`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_reconciliation(self, row: ReconciliationRow) -> None:
        """Store what a comparison came to."""
        self._session.change()
        self._session.run(_ADD, vars(row))

    def forget_equal(self, before: datetime, *, limit: int) -> int:
        """Delete old comparisons that found nothing, but for the last with each partner; return how many."""
        rows = self._session.rows(_EQUAL, {"before": before, "most": limit})
        if rows:
            self._session.change()
            self._session.run(_FORGET, {"which": sorted(row.reconciliation_id for row in rows)})
        return len(rows)

    def newest_reconciliations(self, us: str, partner: str | None = None) -> Mapping[str, ReconciliationRow]:
        """Return the last comparison with each partner, or with one, by whichever side found more."""
        if partner is None:
            rows = [*self._session.rows(_OURS, {"us": us}), *self._session.rows(_THEIRS)]
        else:
            ours = self._session.rows(_OUR_ONE, {"us": us, "which": partner})
            rows = [*ours, *self._session.rows(_THEIR_ONE, {"which": partner})]
        found: dict[str, ReconciliationRow] = {}
        for row in _SHAPE.load(rows):
            first = found.get(row.partner)
            if first is None or (not first.differences and (row.differences or row.at > first.at)):
                found[row.partner] = row
        return found

    def take_duty(self, name: str, *, at: datetime, until: datetime) -> bool:
        """Take a task that is due, so that nobody else does it `until` then; tell whether it was due."""
        self._session.change(audited=False)
        return bool(self._session.rows(_TAKE, {"name": name, "due_at": until, "at": at}))

    def due(self, name: str) -> datetime | None:
        """Return when a task is due again, once it was taken."""
        row = self._session.row(_DUE, {"which": name})
        return None if row is None else row.due_at
