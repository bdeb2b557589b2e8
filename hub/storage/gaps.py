"""Numbers that have not come although later ones have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from hub.entries import Gap
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.gaps
_SHAPE: Final = Shape(Gap, _T)
_ALL: Final = _SHAPE.select().order_by(_T.c.originator, _T.c.first).limit(bindparam("most"))
_OF: Final = _ALL.where(_T.c.originator == bindparam("which"), _T.c.first > bindparam("after"))
_GONE: Final = delete(_T).where(_T.c.originator == bindparam("which"), _T.c.first == bindparam("number"))
_COME: Final = insert(_T).on_conflict_do_nothing()
_COUNTS: Final = select(_T.c.originator, func.count().label("gaps")).group_by(_T.c.originator)

_C: Final = tables.gaps_checked
_CHECKED: Final = select(_C.c.to).where(_C.c.originator == bindparam("which"))
_check = insert(_C)
_CHECK: Final = _check.on_conflict_do_update(
    index_elements=[_C.c.originator], set_={"to": _check.excluded["to"]}
)


class GapStore:
    """The gaps' part of `hub.ports.Books`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def gaps(self, originator: str | None = None, *, after: int = 0, limit: int) -> Sequence[Gap]:
        """Return the gaps of an originator that begin after a number, or those of all."""
        if originator is None:
            return _SHAPE.load(self._session.rows(_ALL, {"most": limit}))
        asked = {"most": limit, "which": originator, "after": after}
        return _SHAPE.load(self._session.rows(_OF, asked))

    def replace_gaps(self, gone: Sequence[Gap], come: Sequence[Gap]) -> None:
        """Remove gaps and store others. Bookkeeping."""
        self._session.change(audited=False)
        if gone:
            self._session.run(_GONE, [{"which": gap.originator, "number": gap.first} for gap in gone])
        if come:
            self._session.run(_COME, [vars(gap) for gap in come])

    def gap_counts(self) -> Mapping[str, int]:
        """Return how many gaps each originator has that has any."""
        return {row.originator: row.gaps for row in self._session.rows(_COUNTS)}

    def checked_to(self, originator: str) -> int:
        """Return up to which number gaps were looked for."""
        row = self._session.row(_CHECKED, {"which": originator})
        return 0 if row is None else int(row[0])

    def check_to(self, originator: str, number: int) -> None:
        """Note up to which number gaps were looked for. Bookkeeping."""
        self._session.change(audited=False)
        self._session.run(_CHECK, {"originator": originator, "to": number})
