"""What the ledger is counted from: the rows of a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from hub.entries import RecordRow
from hub.records.lifecycle import EntryState, RecordState
from hub.storage import tables
from hub.storage.session import Session, Shape

_T: Final = tables.records
_O: Final = tables.outbox
_SHAPE: Final = Shape(RecordRow, _T)
_gone: Final = _T.c.state.not_in([RecordState.DRAFT, RecordState.REJECTED, RecordState.DISCARDED])
_MADE: Final = (
    _SHAPE.select()
    .where(
        _T.c.position > bindparam("after"),
        _T.c.created_at >= bindparam("start"),
        _T.c.created_at < bindparam("end"),
        _gone,
    )
    .order_by(_T.c.position)
    .limit(bindparam("most"))
)
_IN_CONVERSATIONS: Final = (
    _SHAPE.select()
    .where(_T.c.conversation.in_(bindparam("which", expanding=True)), _gone)
    .order_by(_T.c.position)
)
_UNDELIVERED: Final = (
    select(_O.c.recipient, func.count().label("waiting"))
    .where(
        _O.c.created_at >= bindparam("start"),
        _O.c.created_at < bindparam("end"),
        _O.c.origin.is_(None),
        _O.c.state != EntryState.ACCEPTED,
    )
    .group_by(_O.c.recipient)
)


class LedgerStore:
    """Implements `hub.ports.Ledger`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def made(self, *, start: datetime, end: datetime, after: int, limit: int) -> Sequence[RecordRow]:
        """Return versions made in a period that were released or came."""
        asked = {"start": start, "end": end, "after": after, "most": limit}
        return _SHAPE.load(self._session.rows(_MADE, asked))

    def in_conversations(self, conversations: Sequence[str]) -> Sequence[RecordRow]:
        """Return versions in some conversations that were released or came."""
        asked = {"which": sorted(set(conversations))}
        return _SHAPE.load(self._session.rows(_IN_CONVERSATIONS, asked))

    def undelivered(self, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return how many envelopes of a period no receipt has come for."""
        rows = self._session.rows(_UNDELIVERED, {"start": start, "end": end})
        return {row.recipient: row.waiting for row in rows}
