"""What is known of attachments, and how much of its quota each owner has used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, delete, exists, or_, select, update

from hub.entries import AttachmentRow
from hub.ports import RecordKey
from hub.records.lifecycle import RecordState
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
_names = tables.attachment_names
_n, _r, _o, _e = _names.c, tables.records.c, tables.outbox_attachments.c, tables.outbox.c
_ENDED: Final = (RecordState.WITHDRAWN, RecordState.DISCARDED)
_named = exists().where(
    _n.digest == _T.c.digest,
    _r.record_id == _n.record_id,
    _r.originator == _n.originator,
    _r.version == _n.version,
    _r.state.not_in(_ENDED),
)
_carried = exists().where(_o.digest == _T.c.digest, _e.entry_id == _o.entry_id, tables.LIVE)
_needed = or_(_named, _carried)
_NEEDED: Final = select(_T.c.digest).where(_T.c.digest == bindparam("which"), _needed)
# All that is kept is looked at; it is asked for every few minutes, and in a view.
_UNNEEDED: Final = (
    _SHAPE.select()
    .where(_T.c.used, ~_needed)
    .order_by(_T.c.created_at, _T.c.digest)
    .limit(bindparam("limit"))
)
_LET_GO: Final = (
    update(_T).where(_T.c.digest == bindparam("which")).values(used=False, let_go_at=bindparam("at"))
)
_UNNAME: Final = delete(_names).where(
    _n.record_id == bindparam("of_record"),
    _n.originator == bindparam("of_originator"),
    _n.version == bindparam("of_version"),
)
_FORGET_NAMES: Final = delete(_names).where(_n.digest == bindparam("which"))
_NAME: Final = insert(_names).on_conflict_do_nothing()
_OF_RECORD: Final = (
    _SHAPE.select()
    .where(
        _n.digest == _T.c.digest,
        _n.record_id == bindparam("of_record"),
        _n.originator == bindparam("of_originator"),
        _n.version == bindparam("of_version"),
    )
    .order_by(_T.c.created_at, _T.c.digest)
)
_UNUSED: Final = (
    _SHAPE.select()
    .where(
        tables.UNUSED,
        or_(
            and_(_T.c.let_go_at.is_(None), _T.c.created_at < bindparam("created_before")),
            _T.c.let_go_at < bindparam("let_go_before"),
        ),
        ~_needed,
    )
    .order_by(_T.c.created_at, _T.c.digest)
    .limit(bindparam("limit"))
)
_ADD: Final = insert(_T).on_conflict_do_nothing(index_elements=[_T.c.digest]).returning(_T.c.digest)
_REMOVE: Final = delete(_T).where(_T.c.digest == bindparam("which"))
_MARK: Final = (
    update(_T)
    .where(_T.c.digest.in_(bindparam("which", expanding=True)), _T.c.complete)
    .values(used=True, let_go_at=None)
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

    def name(self, record: RecordKey, digests: Sequence[str]) -> None:
        """Note which attachments a record's version names, in place of those it named before."""
        self._session.change()
        key = _key(record)
        self._session.run(_UNNAME, key)
        if digests:
            originator, record_id, version = record
            told = {"originator": originator, "record_id": record_id, "version": version}
            self._session.run(_NAME, [{**told, "digest": digest} for digest in sorted(set(digests))])

    def of_record(self, record: RecordKey) -> Sequence[AttachmentRow]:
        """Return what a record's version names, oldest first."""
        return _SHAPE.load(self._session.rows(_OF_RECORD, _key(record)))

    def unneeded(self, limit: int) -> Sequence[AttachmentRow]:
        """Return used rows that nothing needs any more."""
        return _SHAPE.load(self._session.rows(_UNNEEDED, {"limit": limit}))

    def let_go(self, digest: str, at: datetime) -> bool:
        """Mark a row that nothing needs as no longer used; tell whether it is so still."""
        row = self.get(digest)  # and keeps whoever would use it waiting
        if row is None or not row.used or self._is_needed(digest):
            return False
        self._session.change(audited=False)
        self._session.run(_LET_GO, {"which": digest, "at": at})
        return True

    def remove(self, digest: str) -> None:
        """Remove a row if it is there."""
        row = self.get(digest)
        if row is not None:
            self._remove(row)

    def remove_unused(self, digest: str) -> bool:
        """Remove a row that is still neither used nor needed; tell whether it was removed."""
        row = self.get(digest)
        if row is None or row.used or self._is_needed(digest):
            return False
        self._remove(row)
        return True

    def unused(
        self, *, created_before: datetime, let_go_before: datetime, limit: int
    ) -> Sequence[AttachmentRow]:
        """Return what nothing needs, complete or not, oldest first: never used, or let go before a time."""
        asked = {"created_before": created_before, "let_go_before": let_go_before, "limit": limit}
        return _SHAPE.load(self._session.rows(_UNUSED, asked))

    def used_bytes(self, owner: str) -> int:
        """Return the announced bytes of an owner; in a unit of work nobody adds to them until the end."""
        if self._session.writes:
            return self._count(owner, 0)
        row = self._session.row(_USED, {"which": owner})
        return 0 if row is None else int(row.used_bytes)

    def _is_needed(self, digest: str) -> bool:
        return self._session.row(_NEEDED, {"which": digest}) is not None

    def _one(self, query: Kept, which: str) -> AttachmentRow | None:
        return _SHAPE.load_one(self._session.kept_row(query, {"which": which}))

    def _remove(self, row: AttachmentRow) -> None:
        self._session.change()
        self._session.run(_REMOVE, {"which": row.digest})
        self._session.run(_FORGET_NAMES, {"which": row.digest})
        self._count(row.owner, -row.size_bytes)

    def _count(self, owner: str, size_bytes: int) -> int:
        return int(self._session.rows(_USE, {"owner": owner, "used_bytes": size_bytes})[0].used_bytes)


def _key(record: RecordKey) -> dict[str, object]:
    originator, record_id, version = record
    return {"of_originator": originator, "of_record": record_id, "of_version": version}
