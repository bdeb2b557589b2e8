"""Sealed messages by way of relays, on their way or come to their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update

from hub.ports import MessageRow, MessageState
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.messages
_C: Final = _T.c
_SHAPE: Final = Shape(MessageRow, _T)
_WAITS: Final = tables.MESSAGE_WAITS
_ADD: Final = insert(_T).on_conflict_do_nothing().returning(_C.message_id)
_GET: Final = _SHAPE.select().where(_C.message_id == bindparam("which"))
_ANSWER: Final = (
    _SHAPE.select()
    .where(tables.MESSAGE_ANSWERS, _C.answers == bindparam("which"), _C.state == MessageState.ARRIVED)
    .order_by(_C.at.desc(), _C.message_id.desc())
    .limit(1)
)
_WAITING: Final = (
    _SHAPE.select()
    .where(_WAITS, _C.next == bindparam("to"))
    .order_by(_C.at, _C.message_id)
    .limit(bindparam("most"))
)
_of_peer = select(_C.message_id).where(_WAITS, _C.peer == bindparam("peer")).limit(bindparam("most"))
_WAITING_OF: Final = select(func.count()).select_from(_of_peer.subquery())
_PARTNERS: Final = select(_C.next).where(_WAITS).distinct()
_SETTLE: Final = (
    update(_T)
    .where(_C.message_id == bindparam("which"), _WAITS)
    .values(state=bindparam("state_now"), code=bindparam("why"), raw=b"")
)
_FORGET: Final = delete(_T).where(_C.expires_at <= bindparam("at"))


class MessageStore:
    """Implements `hub.ports.Messages`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: MessageRow) -> bool:
        """Store a message; tell whether its id is new."""
        self._session.change(audited=False)
        return self._session.row(_ADD, vars(row)) is not None

    def get(self, message_id: str) -> MessageRow | None:
        """Return a message."""
        return _SHAPE.load_one(self._session.row(_GET, {"which": message_id}))

    def answer_to(self, message_id: str) -> MessageRow | None:
        """Return what arrived in answer to a message of ours, the last one where there are several."""
        return _SHAPE.load_one(self._session.row(_ANSWER, {"which": message_id}))

    def waiting(self, to: str, limit: int) -> Sequence[MessageRow]:
        """Return what waits to be handed to a hub, oldest first."""
        return _SHAPE.load(self._session.rows(_WAITING, {"to": to, "most": limit}))

    def waiting_of(self, peer: str, *, most: int) -> int:
        """Return how many messages wait here that one hub handed to us, counting no further than `most`."""
        row = self._session.row(_WAITING_OF, {"peer": peer, "most": most})
        return 0 if row is None else int(row[0])

    def partners_waiting(self) -> Sequence[str]:
        """Return the hubs that something waits for; what waits is bounded by its quotas and its life."""
        return [row.next for row in self._session.rows(_PARTNERS)]

    def settle(self, message_id: str, *, code: str | None = None) -> None:
        """Mark one that waited as taken by the next hub, or as refused; its bytes are let go."""
        self._session.change(audited=False)
        state = MessageState.TAKEN if code is None else MessageState.REFUSED
        self._session.run(_SETTLE, {"which": message_id, "state_now": state, "why": code})

    def forget_expired(self, at: datetime) -> int:
        """Delete what has expired, in whatever state; return how many."""
        self._session.change(audited=False)
        return self._session.run(_FORGET, {"at": at})
