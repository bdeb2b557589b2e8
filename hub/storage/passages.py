"""Which records were passed on, by us and to us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, select, update

from hub.entries import PassageRow
from hub.storage import tables
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert

_T: Final = tables.passages
_SHAPE: Final = Shape(PassageRow, _T)
_new = insert(_T)
# The row stays the same one: a mark that waits for this to end must still find it.
_PUT: Final = _new.on_conflict_do_update(
    index_elements=[_T.c.passer, _T.c.passage_id],
    set_={
        name: _new.excluded[name] for name in ("originator", "record_id", "version", "consent_id", "behind")
    },
)
_ONE: Final = kept(
    _SHAPE.select().where(_T.c.passer == bindparam("by"), _T.c.passage_id == bindparam("which"))
)
_OF_RECORD: Final = (
    _SHAPE.select()
    .where(_T.c.record_id == bindparam("which"), _T.c.originator == bindparam("by"))
    .order_by(_T.c.passer, _T.c.passage_id)
)
_ours: Final = (_T.c.passer == bindparam("us"), _T.c.originator == bindparam("by"))
_MARK: Final = update(_T).where(*_ours, _T.c.record_id == bindparam("which")).values(behind=True)
_MARK_CONSENT: Final = update(_T).where(*_ours, _T.c.consent_id == bindparam("which")).values(behind=True)
_ABOUT_OURS: Final = update(_T).where(_T.c.originator == bindparam("by")).values(behind=True)
_MARK_OTHERS: Final = _ABOUT_OURS.where(_T.c.record_id == bindparam("which"))
_MARK_OTHERS_CONSENT: Final = _ABOUT_OURS.where(_T.c.consent_id == bindparam("which"))
_LATE: Final = select(*_SHAPE.columns).where(tables.BEHIND).order_by(_T.c.passage_id).limit(bindparam("most"))
_after: Final = _T.c.passage_id > bindparam("after")
_BEHIND: Final = _LATE.where(_T.c.passer == bindparam("us"), _after)
_AWAITED: Final = _LATE.where(_T.c.originator == bindparam("us"), _after)


class PassageStore:
    """Implements `hub.ports.Passages`. Each change goes with a step that is told of: it is bookkeeping."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, row: PassageRow) -> None:
        """Store what a passage holds now."""
        self._session.change(audited=False)
        self._session.run(_PUT, dict(vars(row)))

    def held(self, passer: str, passage_id: str) -> PassageRow | None:
        """Return a passage; in a unit of work nobody else changes or marks it until the end."""
        return _SHAPE.load_one(self._session.kept_row(_ONE, {"by": passer, "which": passage_id}))

    def get_many(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], PassageRow]:
        """Return those (passer, passage_id) that exist."""
        found = {}
        for passer, passage_id in set(keys):
            row = self._session.row(_ONE.plain, {"by": passer, "which": passage_id})
            if (one := _SHAPE.load_one(row)) is not None:
                found[passer, passage_id] = one
        return found

    def of_record(self, originator: str, record_id: str) -> Sequence[PassageRow]:
        """Return all passages of a record."""
        return _SHAPE.load(self._session.rows(_OF_RECORD, {"by": originator, "which": record_id}))

    def mark(self, passer: str, originator: str, *, record_id: str) -> int:
        """Note that a record that `passer` passed on has a later version; return how many hold it."""
        self._session.change(audited=False)
        return self._session.run(_MARK, {"us": passer, "by": originator, "which": record_id})

    def mark_consent(self, passer: str, originator: str, *, consent_id: str) -> int:
        """Note that a consent under which `passer` passed records on has changed; return how many did."""
        self._session.change(audited=False)
        return self._session.run(_MARK_CONSENT, {"us": passer, "by": originator, "which": consent_id})

    def behind(self, passer: str, *, after: str, limit: int) -> Sequence[PassageRow]:
        """Return passages by `passer` that must follow, from an id on, in its order."""
        return _SHAPE.load(self._session.rows(_BEHIND, {"us": passer, "after": after, "most": limit}))

    def mark_others(self, originator: str, *, record_id: str) -> int:
        """Note that others who pass on a record of `originator` must follow; return how many passages."""
        self._session.change(audited=False)
        return self._session.run(_MARK_OTHERS, {"by": originator, "which": record_id})

    def mark_others_consent(self, originator: str, *, consent_id: str) -> int:
        """Note that others must take back what rests on a consent of `originator`; return how many."""
        self._session.change(audited=False)
        return self._session.run(_MARK_OTHERS_CONSENT, {"by": originator, "which": consent_id})

    def awaited(self, originator: str, *, after: str, limit: int) -> Sequence[PassageRow]:
        """Return passages of records of `originator` that others must follow, from an id on, in its order."""
        return _SHAPE.load(self._session.rows(_AWAITED, {"us": originator, "after": after, "most": limit}))
