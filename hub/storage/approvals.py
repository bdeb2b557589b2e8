"""Officers' keys, and what they approved with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete

from hub.entries import ApprovalRow, OfficerKeyRow
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_A: Final = tables.approvals
_K: Final = tables.officer_keys
_APPROVALS: Final = Shape(ApprovalRow, _A)
_KEYS: Final = Shape(OfficerKeyRow, _K)
_of_record = (_A.c.originator == bindparam("originated"), _A.c.record_id == bindparam("which"))
_OF_RECORD: Final = _APPROVALS.select().where(*_of_record).order_by(_A.c.version, _A.c.at, _A.c.by)
_OF_VERSION: Final = (
    _APPROVALS.select().where(*_of_record, _A.c.version == bindparam("of_version")).order_by(_A.c.at, _A.c.by)
)
_ADD: Final = insert(_A)
_VOID: Final = delete(_A).where(
    *_of_record, _A.c.version == bindparam("of_version"), _A.c.by == bindparam("whose")
)
_KEYS_OF: Final = (
    _KEYS.select()
    .where(_K.c.officer == bindparam("whose"))
    # Of two that were registered in one moment the one that was ended comes first.
    .order_by(_K.c.registered_at, _K.c.revoked_at.is_(None), _K.c.kid)
)
_KEY: Final = _KEYS.select().where(_K.c.kid == bindparam("which"))
_NEW_KEY: Final = insert(_K)
_PUT_KEY: Final = _NEW_KEY.on_conflict_do_update(
    index_elements=[_K.c.kid],
    set_={name: _NEW_KEY.excluded[name] for name in ("revoked_at", "revoked_by", "body_id")},
)


class ApprovalStore:
    """Implements `hub.ports.Approvals`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_record(self, originator: str, record_id: str) -> Sequence[ApprovalRow]:
        """Return the approvals of all versions, by version and time."""
        asked = {"originated": originator, "which": record_id}
        return _APPROVALS.load(self._session.rows(_OF_RECORD, asked))

    def of_version(self, originator: str, record_id: str, version: int) -> Sequence[ApprovalRow]:
        """Return the approvals of one version, the first before the others."""
        asked = {"originated": originator, "which": record_id, "of_version": version}
        return _APPROVALS.load(self._session.rows(_OF_VERSION, asked))

    def add(self, rows: Sequence[ApprovalRow]) -> None:
        """Store approvals whose bodies are stored."""
        if rows:
            self._session.change()
            self._session.write_first()
            self._session.run(_ADD, [dict(vars(row)) for row in rows])

    def void(self, row: ApprovalRow) -> None:
        """Forget an approval."""
        self._session.change()
        asked = {"originated": row.originator, "which": row.record_id, "of_version": row.version}
        self._session.run(_VOID, {**asked, "whose": row.by})


class OfficerKeyStore:
    """Implements `hub.ports.OfficerKeys`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_officer(self, officer: str) -> Sequence[OfficerKeyRow]:
        """Return an officer's keys, also revoked ones, the first before the others."""
        return _KEYS.load(self._session.rows(_KEYS_OF, {"whose": officer}))

    def get(self, kid: str) -> OfficerKeyRow | None:
        """Return one key."""
        return _KEYS.load_one(self._session.row(_KEY, {"which": kid}))

    def put(self, row: OfficerKeyRow) -> None:
        """Store a key, or that it was revoked; nothing else of it ever changes."""
        self._session.change()
        self._session.write_first()
        self._session.run(_PUT_KEY, dict(vars(row)))
