"""Encrypted bytes at rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from hub.entries import Body, RewrapRow, WrappedKey
from hub.storage import tables
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert as upsert

_T: Final = tables.bodies
_SHAPE: Final = Shape(Body, _T)
_ADD: Final = insert(_T)
_GET: Final = _SHAPE.select().where(
    _T.c.body_id.in_(bindparam("which", expanding=True)), _T.c.wrapped_key.is_not(None)
)
_SIZES: Final = select(_T.c.body_id, func.length(_T.c.ciphertext).label("size")).where(
    _T.c.body_id.in_(bindparam("which", expanding=True))
)
_ERASE: Final = update(_T).where(_T.c.body_id == bindparam("which")).values(wrapped_key=None)
_WRAPPED: Final = Shape(WrappedKey, _T)
_KEYS: Final = (
    _WRAPPED.select()
    .where(_T.c.body_id > bindparam("after"), _T.c.wrapped_key.is_not(None))
    .order_by(_T.c.body_id)
    .limit(bindparam("most"))
)
_REPLACE: Final = (
    update(_T)
    .where(_T.c.body_id == bindparam("which"), _T.c.wrapped_key == bindparam("old"))
    .values(wrapped_key=bindparam("new"))
)
_R: Final = tables.rewraps
_REWRAP: Final = Shape(RewrapRow, _R)
_REWRAPPING: Final = kept(_REWRAP.select().order_by(_R.c.number.desc()).limit(1))
_new_rewrap = upsert(_R)
_PUT_REWRAPPING: Final = _new_rewrap.on_conflict_do_update(
    index_elements=[_R.c.number],
    set_={column.name: _new_rewrap.excluded[column.name] for column in _R.c if not column.primary_key},
)


class BodyStore:
    """Implements `hub.ports.Bodies`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept: list[Body] = []
        session.goes_first(self.flush)

    def add(self, bodies: Sequence[Body]) -> None:
        """Store bodies, at the latest at commit."""
        self._session.change(audited=bool(bodies))
        self._kept.extend(bodies)

    def flush(self) -> None:
        """Write what was kept back."""
        if self._kept:
            self._session.run(_ADD, [vars(body) for body in self._kept])
            self._kept.clear()

    def get_many(self, body_ids: Sequence[str]) -> Mapping[str, Body]:
        """Return those that exist and were not erased."""
        self.flush()
        found = _SHAPE.load(self._session.rows(_GET, {"which": list(body_ids)}))
        return {body.body_id: body for body in found}

    def sizes(self, body_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many bytes those have that exist, without reading them."""
        self.flush()
        found = self._session.rows(_SIZES, {"which": list(body_ids)})
        return {row.body_id: row.size for row in found}

    def erase(self, body_id: str) -> None:
        """Destroy the wrapped key; what is left cannot be read."""
        self._session.change()
        self.flush()
        self._session.run(_ERASE, {"which": body_id})

    def wrapped_keys(self, *, after: str, limit: int) -> Sequence[WrappedKey]:
        """Return wrapped keys of bodies with an id above `after`, lowest first; erased ones have none."""
        self.flush()
        return _WRAPPED.load(self._session.rows(_KEYS, {"after": after, "most": limit}))

    def replace_keys(self, keys: Sequence[tuple[WrappedKey, bytes]]) -> int:
        """Put wrapped keys in place of those that are still there; return how many."""
        self._session.change(audited=False)
        told = [{"which": was.body_id, "old": was.wrapped_key, "new": new} for was, new in keys]
        return sum(self._session.run(_REPLACE, one) for one in told)

    def rewrapping(self) -> RewrapRow | None:
        """Return how far the newest change of the master key has come."""
        return _REWRAP.load_one(self._session.kept_row(_REWRAPPING, {}))

    def put_rewrapping(self, row: RewrapRow) -> None:
        """Store how far it has come."""
        self._session.change(audited=False)
        self._session.run(_PUT_REWRAPPING, vars(row))
