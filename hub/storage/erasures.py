"""Erasing content: what was decided, and what is overwritten beside the key itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, update

from hub.entries import ErasureRow
from hub.storage import tables
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert

_T: Final = tables.erasures
_SHAPE: Final = Shape(ErasureRow, _T)
_GET: Final = kept(
    _SHAPE.select().where(_T.c.originator == bindparam("by"), _T.c.record_id == bindparam("which"))
)
_new: Final = insert(_T)
_PUT: Final = _new.on_conflict_do_update(
    index_elements=[_T.c.originator, _T.c.record_id],
    set_={column.name: _new.excluded[column.name] for column in _T.c if not column.primary_key},
)
#: In place of the SHA-256 of content that is gone.
_ZEROS: Final = bytes(32)
_FORGET: Final = tuple(
    update(table)
    .where(table.c.originator == bindparam("by"), table.c.record_id == bindparam("which"))
    .values(digest=_ZEROS)
    for table in (tables.records, tables.releases)
)
_ERASE_SECRETS: Final = (
    update(tables.events)
    .where(
        tables.events.c.event_id.in_(bindparam("which", expanding=True)), tables.events.c.secret.is_not(None)
    )
    .values(secret=None)
)


class ErasureStore:
    """Implements `hub.ports.Erasures`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, originator: str, record_id: str) -> ErasureRow | None:
        """Return the latest erasure of a record."""
        asked = {"by": originator, "which": record_id}
        return _SHAPE.load_one(self._session.kept_row(_GET, asked))

    def put(self, row: ErasureRow) -> None:
        """Store the erasure of a record."""
        self._session.change()
        self._session.run(_PUT, vars(row))

    def forget_digests(self, originator: str, record_id: str) -> None:
        """Overwrite the digests of a record's versions and releases."""
        self._session.change()
        self._session.write_first()
        for statement in _FORGET:
            self._session.run(statement, {"by": originator, "which": record_id})

    def erase_secrets(self, event_ids: Sequence[str]) -> None:
        """Destroy the secrets of audit events."""
        self._session.change()
        self._session.run(_ERASE_SECRETS, {"which": sorted(set(event_ids))})
