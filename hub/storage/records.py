"""Record versions and their releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from hub.entries import Direction, RecordRow, Release
from hub.errors import Refused
from hub.records.lifecycle import RECORD_STEPS, RecordState, step
from hub.storage import tables
from hub.storage.session import Session, Shape, kept

_T: Final = tables.records
_C: Final = _T.c
_SHAPE: Final = Shape(RecordRow, _T)
_RELEASE: Final = Shape(Release, tables.releases)

_other = _T.alias("other")
_highest = (
    select(func.max(_other.c.version))
    .where(_other.c.record_id == _C.record_id, _other.c.originator == _C.originator)
    .correlate(_T)
    .scalar_subquery()
)
_ADD: Final = insert(_T)
_ADD_RELEASES: Final = insert(tables.releases)
_is_version = (
    _C.record_id == bindparam("which"),
    _C.originator == bindparam("by"),
    _C.version == bindparam("of_version"),
)
_VERSION: Final = _SHAPE.select().where(*_is_version)
_NEWEST: Final = _SHAPE.select().where(
    _C.record_id.in_(bindparam("which", expanding=True)), _C.version == _highest
)
_VERSIONS: Final = (
    _SHAPE.select()
    .where(_C.record_id == bindparam("which"), _C.originator == bindparam("by"))
    .order_by(_C.version)
)
# Versions are few, so all are read and compared: SQLite finds no index for several columns.
_MANY: Final = _SHAPE.select().where(_C.record_id.in_(bindparam("which", expanding=True)))
_STANDING: Final = kept(select(_C.state, _C.revision).where(*_is_version))
_REWRITE: Final = update(_T).where(*_is_version)
_RELEASES: Final = (
    _RELEASE.select()
    .where(tables.releases.c.record_id == bindparam("which"))
    .order_by(tables.releases.c.position)
)


class RecordStore:
    """Implements `hub.ports.Records`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: list[RecordRow] = []
        self._releases: list[Release] = []

    def add(self, rows: Sequence[RecordRow]) -> None:
        """Store new versions, at the latest at commit."""
        self._session.change(audited=bool(rows))
        self._rows.extend(rows)

    def add_releases(self, releases: Sequence[Release]) -> None:
        """Store releases, at the latest at commit."""
        self._session.change(audited=bool(releases))
        self._releases.extend(releases)

    def waiting(self) -> int:
        """Return how many positions the rows kept back need."""
        return len(self._rows) + len(self._releases)

    def flush(self) -> None:
        """Write what was kept back."""
        for rows, statement in ((self._rows, _ADD), (self._releases, _ADD_RELEASES)):
            if rows:
                first = self._session.take(len(rows))
                self._session.run(
                    statement, [{**vars(row), "position": n} for n, row in enumerate(rows, first)]
                )
                rows.clear()

    def get(
        self, record_id: str, version: int | None = None, *, originator: str | None = None
    ) -> RecordRow | None:
        """Return a version, or the highest one."""
        newest = self._newest(record_id, originator)
        if newest is None or version in (None, newest.version):
            return newest
        asked = {"which": record_id, "by": newest.originator, "of_version": version}
        return _SHAPE.load_one(self._session.row(_VERSION, asked))

    def get_many(self, keys: Sequence[tuple[str, str, int]]) -> Mapping[tuple[str, str, int], RecordRow]:
        """Return those (originator, record_id, version) that exist."""
        wanted = set(keys)
        record_ids = sorted({record_id for _, record_id, _ in wanted})
        self._flush_own(*record_ids)
        rows = self._session.rows(_MANY, {"which": record_ids})
        found = {(row.originator, row.record_id, row.version): row for row in _SHAPE.load(rows)}
        return {key: row for key, row in found.items() if key in wanted}

    def newest(self, record_ids: Sequence[str]) -> Mapping[tuple[str, str], RecordRow]:
        """Return the highest version for each (originator, record_id) that exists."""
        self._flush_own(*record_ids)
        found = _SHAPE.load(self._session.rows(_NEWEST, {"which": sorted(set(record_ids))}))
        return {(row.originator, row.record_id): row for row in found}

    def versions(self, record_id: str, *, originator: str | None = None) -> Sequence[RecordRow]:
        """Return all versions of one originator's record, lowest first."""
        newest = self._newest(record_id, originator)
        if newest is None:
            return []
        return _SHAPE.load(self._session.rows(_VERSIONS, {"which": record_id, "by": newest.originator}))

    def _newest(self, record_id: str, originator: str | None) -> RecordRow | None:
        """Return the highest version of that originator's record; of nobody's: our own, else the only one."""
        found = list(self.newest([record_id]).values())
        if originator is None:
            found = [row for row in found if row.direction is Direction.OUT] or found
        else:
            found = [row for row in found if row.originator == originator]
        return found[0] if len(found) == 1 else None

    def replace(self, row: RecordRow, *, expected_revision: int) -> None:
        """Rewrite a row of the expected revision; a change of state must be a step of the lifecycle."""
        self._session.change()
        state, revision = self._standing(row)
        if revision != expected_revision:
            raise Refused(
                "conflict",
                f"Revision {expected_revision} was expected and {revision} is stored: "
                "someone else changed the record meanwhile.",
            )
        if row.state is not state:
            step(RECORD_STEPS, state, row.state)
        values = {**vars(row), "revision": revision + 1}
        del values["position"]  # never changes
        self._rewrite(row, values)

    def readmit(self, row: RecordRow) -> None:
        """Rewrite a version that came anew, whatever became of it before: no step of the lifecycle."""
        self._session.change()
        _, revision = self._standing(row)
        values = {**vars(row), "revision": revision + 1}
        del values["position"]  # never changes
        self._rewrite(row, values)

    def advance(self, row: RecordRow, *, to: RecordState) -> None:
        """Take one step of the lifecycle; the revision grows, as what readers see has changed."""
        self._session.change()
        state, revision = self._standing(row)
        self._rewrite(row, {"state": step(RECORD_STEPS, state, to), "revision": revision + 1})

    def held_state(self, row: RecordRow) -> RecordState:
        """Return the state of a version as it is stored now; nobody else changes it until the unit ends."""
        return self._standing(row)[0]

    def page(
        self,
        *,
        after: int,
        limit: int,
        state: RecordState | None = None,
        kind: str | None = None,
        conversation: str | None = None,
    ) -> Sequence[RecordRow]:
        """Return rows with a position above `after`, lowest first."""
        self.flush()
        query = _SHAPE.select().where(_C.position > after).order_by(_C.position).limit(limit)
        if state is not None:
            query = query.where(_C.state == state)
        if kind is not None:
            query = query.where(_C.kind == kind)
        if conversation is not None:
            query = query.where(_C.conversation == conversation)
        return _SHAPE.load(self._session.built(query))

    def releases(self, record_id: str) -> Sequence[Release]:
        """Return all releases of all versions, oldest first."""
        self.flush()
        return _RELEASE.load(self._session.rows(_RELEASES, {"which": record_id}))

    def _flush_own(self, *record_ids: str) -> None:
        """Write what was kept back if one of these is in it; positions are better taken at the end."""
        wanted = set(record_ids)
        if any(row.record_id in wanted for row in self._rows):
            self.flush()

    def _standing(self, row: RecordRow) -> tuple[RecordState, int]:
        """Return state and revision of a version, kept from change by others until the end."""
        self._flush_own(row.record_id)
        stored = self._session.kept_row(_STANDING, _key(row))
        if stored is None:
            raise Refused("not-found", f"There is no version {row.version} of record {row.record_id}.")
        return stored.state, stored.revision

    def _rewrite(self, row: RecordRow, values: Mapping[str, object]) -> None:
        self._session.write_first()
        self._session.run(_REWRITE, {**values, **_key(row)})


def _key(row: RecordRow) -> Mapping[str, object]:
    return {"which": row.record_id, "by": row.originator, "of_version": row.version}
