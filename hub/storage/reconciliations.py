"""What comparisons with partners came to, and when tasks that one process does are due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from hub.entries import ReconciliationRow
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.reconciliations
_SHAPE: Final = Shape(ReconciliationRow, _T)
_ADD: Final = insert(_T)
_newest = (
    select(_T.c.reconciliation_id)
    .where(_T.c.partner == tables.partners.c.agency)
    .order_by(_T.c.at.desc(), _T.c.reconciliation_id.desc())
    .limit(1)
    .correlate(tables.partners)
    .scalar_subquery()
)
# One look into the index for each partner, whatever the number of comparisons.
_ALL: Final = _SHAPE.select().join(tables.partners, _T.c.reconciliation_id == _newest)
_OF: Final = _ALL.where(tables.partners.c.agency == bindparam("which"))

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

    def newest_reconciliations(self, partner: str | None = None) -> Mapping[str, ReconciliationRow]:
        """Return the last comparison with each partner, or with one."""
        rows = self._session.rows(_OF, {"which": partner}) if partner else self._session.rows(_ALL)
        return {row.partner: row for row in _SHAPE.load(rows)}

    def take_duty(self, name: str, *, at: datetime, until: datetime) -> bool:
        """Take a task that is due, so that nobody else does it `until` then; tell whether it was due."""
        self._session.change(audited=False)
        return bool(self._session.rows(_TAKE, {"name": name, "due_at": until, "at": at}))

    def due(self, name: str) -> datetime | None:
        """Return when a task is due again, once it was taken."""
        row = self._session.row(_DUE, {"which": name})
        return None if row is None else row.due_at
