"""What is known of attachments, and how much of its quota each owner has used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from hub.entries import AttachmentRow
from hub.storage import tables
from hub.storage.session import Kept, Session, Shape, kept
from hub.storage.upsert import insert

_T: Final = tables.attachments
_SHAPE: Final = Shape(AttachmentRow, _T)
_GET: Final = kept(_SHAPE.select().where(_T.c.digest == bindparam("which")))
_BY_UPLOAD: Final = kept(_SHAPE.select().where(_T.c.upload_id == bindparam("which")))
_BY_CONTENT: Final = (
    _SHAPE.select().where(_T.c.plain_digest == bindparam("which")).order_by(_T.c.created_at, _T.c.digest)
)
_UNUSED: Final = (
    _SHAPE.select()
    .where(tables.UNUSED, _T.c.created_at < bindparam("before"))
    .order_by(_T.c.created_at, _T.c.digest)
    .limit(bindparam("limit"))
)
_ADD: Final = insert(_T).on_conflict_do_nothing(index_elements=[_T.c.digest]).returning(_T.c.digest)
_REMOVE: Final = delete(_T).where(_T.c.digest == bindparam("which"))
_MARK: Final = (
    update(_T).where(_T.c.digest.in_(bindparam("which", expanding=True)), _T.c.complete).values(used=True)
)
_usage = tables.attachment_usage
_more = insert(_usage)
_USE: Final = _more.on_conflict_do_update(
    index_elements=[_usage.c.owner], set_={"used_bytes": _usage.c.used_bytes + _more.excluded.used_bytes}
).returning(_usage.c.used_bytes)
_USED: Final = select(_usage.c.used_bytes).where(_usage.c.owner == bindparam("which"))


class AttachmentStore:
    """Implements `hub.ports.Attachments`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, digest: str) -> AttachmentRow | None:
        """Return one attachment; in a unit of work it is kept from others until the end."""
        return self._one(_GET, digest)

    def by_upload(self, upload_id: str) -> AttachmentRow | None:
        """Return what an upload of ours is, or has become."""
        return self._one(_BY_UPLOAD, upload_id)

    def by_plain_digest(self, plain_digest: str) -> Sequence[AttachmentRow]:
        """Return our complete attachments with this content, oldest first."""
        return _SHAPE.load(self._session.rows(_BY_CONTENT, {"which": plain_digest}))

    def add(self, row: AttachmentRow) -> None:
        """Store a row, unless there is one with the same digest already."""
        self._session.change()
        self._session.write_first()
        if self._session.row(_ADD, vars(row)) is not None:
            self._count(row.owner, row.size_bytes)

    def use(self, digests: Sequence[str]) -> int:
        """Mark complete rows as used; return how many of the digests there are."""
        self._session.change()
        return self._session.run(_MARK, {"which": sorted(set(digests))})

    def remove(self, digest: str) -> None:
        """Remove a row if it is there."""
        row = self.get(digest)
        if row is not None:
            self._remove(row)

    def remove_unused(self, digest: str) -> bool:
        """Remove a row that is still not used; tell whether it was removed."""
        row = self.get(digest)
        if row is None or row.used:
            return False
        self._remove(row)
        return True

    def unused(self, before: datetime, limit: int) -> Sequence[AttachmentRow]:
        """Return rows created before a time and never used, complete or not, oldest first."""
        return _SHAPE.load(self._session.rows(_UNUSED, {"before": before, "limit": limit}))

    def used_bytes(self, owner: str) -> int:
        """Return the announced bytes of an owner; in a unit of work nobody adds to them until the end."""
        if self._session.writes:
            return self._count(owner, 0)
        row = self._session.row(_USED, {"which": owner})
        return 0 if row is None else int(row.used_bytes)

    def _one(self, query: Kept, which: str) -> AttachmentRow | None:
        return _SHAPE.load_one(self._session.kept_row(query, {"which": which}))

    def _remove(self, row: AttachmentRow) -> None:
        self._session.change()
        self._session.run(_REMOVE, {"which": row.digest})
        self._count(row.owner, -row.size_bytes)

    def _count(self, owner: str, size_bytes: int) -> int:
        return int(self._session.rows(_USE, {"owner": owner, "used_bytes": size_bytes})[0].used_bytes)
