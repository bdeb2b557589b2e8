"""Encrypted bytes at rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from hub.entries import Body
from hub.storage import tables
from hub.storage.session import Session, Shape

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
