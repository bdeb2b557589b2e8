"""What originators have consented to; few rows, read whole with the standing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import bindparam, delete, insert

from hub.entries import ConsentRow
from hub.storage import tables
from hub.storage.directory import BUMP
from hub.storage.session import Session, Shape

_T: Final = tables.consents
_SHAPE: Final = Shape(ConsentRow, _T)
_FORGET: Final = delete(_T).where(_T.c.originator == bindparam("by"), _T.c.consent_id == bindparam("which"))
_ADD: Final = insert(_T)
_ENDED: Final = delete(_T).where(_T.c.until < bindparam("today"))
_STANDING: Final = _SHAPE.select().order_by(_T.c.originator, _T.c.record_id, _T.c.pass_to)


class ConsentStore:
    """Implements `hub.ports.Consents`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def replace(self, originator: str, consent_id: str, rows: Sequence[ConsentRow], *, today: date) -> None:
        """Put what one consent grants now in place of what it granted."""
        self._session.change()
        self._session.run(BUMP)
        self._session.run(_FORGET, {"by": originator, "which": consent_id})
        self._session.run(_ENDED, {"today": today.isoformat()})
        if rows:
            self._session.run(_ADD, [vars(row) for row in rows])

    def standing(self) -> Sequence[ConsentRow]:
        """Return all that was granted."""
        return _SHAPE.load(self._session.rows(_STANDING))
