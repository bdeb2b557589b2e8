"""Answers remembered under idempotency keys."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete

from hub.entries import Replay
from hub.errors import Refused
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.replays
_SHAPE: Final = Shape(Replay, _T)
_GET: Final = _SHAPE.select().where(_T.c.client == bindparam("client"), _T.c.key == bindparam("key"))
_PUT: Final = insert(_T).on_conflict_do_nothing().returning(_T.c.key)
_FORGET: Final = delete(_T).where(_T.c.at < bindparam("before"))


class ReplayStore:
    """Implements `hub.ports.Replays`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, client: str, key: str) -> Replay | None:
        """Return what a client's key was answered with."""
        return _SHAPE.load_one(self._session.row(_GET, {"client": client, "key": key}))

    def put(self, replay: Replay) -> None:
        """Store; raise Refused `conflict` when the key is there, or another worker stores it just now."""
        self._session.change(audited=False)
        if self._session.row(_PUT, vars(replay)) is None:
            raise Refused("conflict", "This idempotency key was used meanwhile.")

    def forget_before(self, at: datetime) -> int:
        """Delete answers older than a time; return how many."""
        self._session.change(audited=False)
        return self._session.run(_FORGET, {"before": at})
