"""Cosignatures given and got: what we cosigned is compared and replaced in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, or_, select, update

from hub.audit.witnessing import Contradiction
from hub.ports import (
    CosignatureRow,
    ForkRow,
    QuorumState,
    TimestampRow,
    WitnessedRow,
    WitnessState,
)
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert
from hub.storage.witness_tables import (
    cosignatures,
    log_forks,
    quorum_state,
    timestamps,
    witness_states,
    witnessed_logs,
)

_W: Final = witnessed_logs.c
_F: Final = log_forks.c
_C: Final = cosignatures.c
_T: Final = timestamps.c
_Q: Final = quorum_state.c

_WITNESSED: Final = Shape(WitnessedRow, witnessed_logs)
_OF_ORIGIN: Final = _WITNESSED.select().where(_W.origin == bindparam("which"))
_OF_HASH: Final = _WITNESSED.select().where(_W.origin_hash == bindparam("which"))
_ALL_WITNESSED: Final = _WITNESSED.select().order_by(_W.origin)
_FIRST: Final = insert(witnessed_logs).on_conflict_do_nothing().returning(_W.origin)
_ADVANCE: Final = (
    update(witnessed_logs)
    .where(
        _W.origin == bindparam("which"),
        _W.size == bindparam("old_size"),
        _W.root == bindparam("old_root"),
    )
    .values({name: bindparam(f"new_{name}") for name in ("agency", "size", "root", "at", "note")})
    .returning(_W.origin)
)

_FORKS: Final = Shape(ForkRow, log_forks)
_FORK_PAGE: Final = (
    _FORKS.select().where(_F.number > bindparam("after")).order_by(_F.number).limit(bindparam("most"))
)
_FORK_NUMBER: Final = select(func.coalesce(func.max(_F.number), 0) + 1)
_FORK_COUNT: Final = select(func.count()).where(_F.kind == bindparam("of_kind"))
_FORK_COUNT_OF: Final = _FORK_COUNT.where(_F.origin == bindparam("of_origin"))
_ADD_FORK: Final = insert(log_forks).on_conflict_do_nothing().returning(_F.number)

_COSIGNATURES: Final = Shape(CosignatureRow, cosignatures)
_COSIGNED: Final = _COSIGNATURES.select().where(_C.size == bindparam("which")).order_by(_C.witness)
_ADD_COSIGNATURES: Final = insert(cosignatures).on_conflict_do_nothing()
_COSIGNED_SIZE: Final = (
    select(_C.size)
    .where(_C.size >= bindparam("least"))
    .group_by(_C.size)
    .having(func.count() >= bindparam("needed"))
    .order_by(_C.size)
    .limit(1)
)

_TIMESTAMPS: Final = Shape(TimestampRow, timestamps)
_STAMPED: Final = _TIMESTAMPS.select().where(_T.number == bindparam("which")).order_by(_T.at, _T.tsa)
_COVERING: Final = (
    _TIMESTAMPS.select().where(_T.size >= bindparam("which")).order_by(_T.size, _T.number, _T.at).limit(1)
)
_LAST_STAMP: Final = _TIMESTAMPS.select().order_by(_T.number.desc(), _T.at.desc()).limit(1)
_ADD_TIMESTAMP: Final = insert(timestamps).on_conflict_do_nothing()

_STATES: Final = Shape(WitnessState, witness_states)
_ALL_STATES: Final = _STATES.select()
_NEW_STATE = insert(witness_states)
_PUT_STATE: Final = _NEW_STATE.on_conflict_do_update(
    index_elements=["witness"],
    set_={c.name: _NEW_STATE.excluded[c.name] for c in witness_states.c if c.name != "witness"},
)

_QUORUM: Final = Shape(QuorumState, quorum_state)
_KEPT_QUORUM: Final = kept(_QUORUM.select().where(_Q.id == 1))
_PUT_QUORUM: Final = update(quorum_state).where(_Q.id == 1)
_LEASE: Final = (
    update(quorum_state)
    .where(
        _Q.id == 1,
        or_(
            _Q.worker.is_(None),
            _Q.worker == bindparam("mine"),
            _Q.leased_until <= bindparam("now"),
            # A clock that was set back must not leave the task to nobody.
            _Q.leased_until > bindparam("latest"),
        ),
    )
    .values(worker=bindparam("mine"), leased_until=bindparam("until"))
    .returning(_Q.id)
)


class WitnessingStore:
    """Implements `hub.ports.Witnessing`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def witnessed(self, origin: str) -> WitnessedRow | None:
        """Return what was cosigned last for a log."""
        return _WITNESSED.load_one(self._session.row(_OF_ORIGIN, {"which": origin}))

    def witnessed_by_hash(self, origin_hash: str) -> WitnessedRow | None:
        """Return what was cosigned last for the log whose origin has this hash."""
        return _WITNESSED.load_one(self._session.row(_OF_HASH, {"which": origin_hash}))

    def witnessed_logs(self) -> Sequence[WitnessedRow]:
        """Return what was cosigned last, for every log, by origin."""
        return _WITNESSED.load(self._session.rows(_ALL_WITNESSED))

    def advance(self, row: WitnessedRow, *, before: WitnessedRow | None) -> bool:
        """Remember a checkpoint in place of `before`; False when another request was first."""
        self._session.change(audited=before is None)
        if before is None:
            return self._session.row(_FIRST, vars(row)) is not None
        told = {"which": before.origin, "old_size": before.size, "old_root": before.root}
        new = {f"new_{name}": getattr(row, name) for name in ("agency", "size", "root", "at", "note")}
        return self._session.row(_ADVANCE, told | new) is not None

    def add_fork(self, row: ForkRow, *, most: int) -> bool:
        """Keep evidence; False when it is kept already, or as much of that kind against the log."""
        self._session.change()
        self._session.lock()  # numbers have no gaps, and nobody counts while another adds
        told = {"of_kind": row.kind, "of_origin": row.origin}
        if self._session.rows(_FORK_COUNT_OF, told)[0][0] >= most:
            return False
        number = self._session.rows(_FORK_NUMBER)[0][0]
        return self._session.row(_ADD_FORK, {**vars(row), "number": number}) is not None

    def forks(self, *, after: int = 0, limit: int) -> Sequence[ForkRow]:
        """Return evidence with a number above `after`, lowest first."""
        return _FORKS.load(self._session.rows(_FORK_PAGE, {"after": after, "most": limit}))

    def fork_count(self, kind: Contradiction) -> int:
        """Return how much evidence of a kind there is."""
        return int(self._session.rows(_FORK_COUNT, {"of_kind": kind})[0][0])

    def add_cosignatures(self, rows: Sequence[CosignatureRow]) -> None:
        """Store what witnesses said of our checkpoints; what is there already stays."""
        self._session.change(audited=False)
        if rows:
            self._session.run(_ADD_COSIGNATURES, [vars(row) for row in rows])

    def cosignatures(self, size: int) -> Sequence[CosignatureRow]:
        """Return what was said of our log when it had so many entries, by witness."""
        return _COSIGNATURES.load(self._session.rows(_COSIGNED, {"which": size}))

    def cosigned_size(self, least: int, *, needed: int = 1) -> int | None:
        """Return the smallest size from `least` on of which so many witnesses have said something."""
        found = self._session.row(_COSIGNED_SIZE, {"least": least, "needed": needed})
        return None if found is None else int(found[0])

    def add_timestamp(self, row: TimestampRow) -> None:
        """Store a time stamp; one that is there already stays."""
        self._session.change(audited=False)
        self._session.run(_ADD_TIMESTAMP, vars(row))

    def timestamps(self, number: int) -> Sequence[TimestampRow]:
        """Return the time stamps of one checkpoint, oldest first."""
        return _TIMESTAMPS.load(self._session.rows(_STAMPED, {"which": number}))

    def timestamp_covering(self, size: int) -> TimestampRow | None:
        """Return the first time stamp over a checkpoint of at least so many entries."""
        return _TIMESTAMPS.load_one(self._session.row(_COVERING, {"which": size}))

    def last_timestamp(self) -> TimestampRow | None:
        """Return the newest time stamp."""
        return _TIMESTAMPS.load_one(self._session.row(_LAST_STAMP))

    def states(self) -> Mapping[str, WitnessState]:
        """Return how asking went last, by witness."""
        return {row.witness: row for row in _STATES.load(self._session.rows(_ALL_STATES))}

    def put_states(self, rows: Sequence[WitnessState]) -> None:
        """Store how asking went."""
        self._session.change(audited=False)
        for row in sorted(rows, key=lambda one: one.witness):
            self._session.run(_PUT_STATE, vars(row))

    def quorum(self) -> QuorumState:
        """Return how our log stands with its witnesses; a unit of work keeps it from others until its end."""
        row = self._session.kept_row(_KEPT_QUORUM, {})
        return _QUORUM.load([] if row is None else [row])[0]

    def put_quorum(self, row: QuorumState) -> None:
        """Store how our log stands with its witnesses; that it is still so is bookkeeping."""
        before = self.quorum()
        same = (row.missing_since is None) == (before.missing_since is None) and row.alarm is before.alarm
        self._session.change(audited=not same)
        self._session.run(_PUT_QUORUM, vars(row))

    def lease(self, worker: str, *, at: datetime, until: datetime) -> bool:
        """Take or keep the task of asking the witnesses; False while another worker has it."""
        self._session.change(audited=False)
        told = {"mine": worker, "now": at, "until": until, "latest": until + (until - at)}
        return self._session.row(_LEASE, told) is not None
