"""Which records of ours were derived from which; a few rows for each master."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from hub.entries import TearRow
from hub.storage import tables
from hub.storage.session import Session, Shape

_T: Final = tables.tears
_SHAPE: Final = Shape(TearRow, _T)
_ADD: Final = insert(_T)
_VERSION: Final = _SHAPE.select().where(
    _T.c.record_id == bindparam("which"), _T.c.version == bindparam("of_version")
)
_NEWEST: Final = (
    _SHAPE.select().where(_T.c.record_id == bindparam("which")).order_by(_T.c.version.desc()).limit(1)
)
_other = _T.alias("other")
_highest = (
    select(func.max(_other.c.version))
    .where(_other.c.record_id == _T.c.record_id)
    .correlate(_T)
    .scalar_subquery()
)
_OF_MASTER: Final = (
    _SHAPE.select()
    .where(_T.c.master_id == bindparam("which"), _T.c.version == _highest)
    .order_by(_T.c.record_id)
)
_CHANGED: Final = (
    update(_T)
    .where(_T.c.record_id == bindparam("which"), _T.c.version == bindparam("of_version"))
    .values(changed=bindparam("parts", type_=_T.c.changed.type))
)


class TearStore:
    """Implements `hub.ports.Tears`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: TearRow) -> None:
        """Store the tie of a new version."""
        self._session.change()
        self._session.run(_ADD, vars(row))

    def get(self, record_id: str, version: int | None = None) -> TearRow | None:
        """Return the tie of a derived record's version, or of the highest one that has one."""
        if version is None:
            return _SHAPE.load_one(self._session.row(_NEWEST, {"which": record_id}))
        return _SHAPE.load_one(self._session.row(_VERSION, {"which": record_id, "of_version": version}))

    def of_master(self, master_id: str) -> Sequence[TearRow]:
        """Return the newest tie of each record that was torn from a master."""
        return _SHAPE.load(self._session.rows(_OF_MASTER, {"which": master_id}))

    def note_changed(self, record_id: str, version: int, parts: Sequence[str]) -> None:
        """Store which parts of the master were changed since a version was torn from it."""
        self._session.change()
        self._session.run(_CHANGED, {"which": record_id, "of_version": version, "parts": tuple(parts)})
