"""How far partners know of our card, and which of their cards wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam

from hub.entries import IntroductionRow
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_I: Final = tables.introductions
_SHAPE: Final = Shape(IntroductionRow, _I)
_ALL: Final = _SHAPE.select().order_by(_I.c.agency)
_ONE: Final = _SHAPE.select().where(_I.c.agency == bindparam("which"))
_NEW: Final = insert(_I)
_PUT: Final = _NEW.on_conflict_do_update(
    index_elements=[_I.c.agency],
    set_={column.name: _NEW.excluded[column.name] for column in _I.c if column.name != "agency"},
)


class IntroductionStore:
    """Implements `hub.ports.Introductions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, agency: str) -> IntroductionRow | None:
        """Return a partner's row."""
        return _SHAPE.load_one(self._session.row(_ONE, {"which": agency}))

    def all(self) -> Sequence[IntroductionRow]:
        """Return all rows by agency."""
        return _SHAPE.load(self._session.rows(_ALL))

    def put(self, row: IntroductionRow) -> None:
        """Store or replace."""
        self._session.change(audited=False)
        self._session.run(_PUT, vars(row))
