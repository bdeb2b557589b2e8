"""The audit log: entries in their order, full tiles of the tree over them, signed checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, insert, literal, select, text

from hub.audit.events import AuditEvent
from hub.audit.tiles import Tile
from hub.errors import IntegrityFailure
from hub.ports.log import CheckpointRow, EpochRow, LogEntry, TileRow, Waiting
from hub.storage import tables
from hub.storage.events import logged_row
from hub.storage.session import Session, Shape

_E: Final = tables.events.c
_L: Final = tables.log_entries.c
_T: Final = tables.log_tiles.c
_CHECKPOINT: Final = Shape(CheckpointRow, tables.checkpoints)

#: Its number is no other lock's; held to the end of the transaction.
_TRY: Final = text("SELECT pg_try_advisory_xact_lock(7305803106)")
_WAIT: Final = text("SELECT pg_advisory_xact_lock(7305803106)")

_SIZE: Final = select(func.max(_L.index))
_last = select(func.coalesce(func.max(_L.position), 0)).scalar_subquery()
_STAGED: Final = Shape(Waiting, tables.events)
_ENTRY: Final = Shape(LogEntry, tables.log_entries, tables.events)
_WAITING: Final = _STAGED.select().where(_E.position > _last).order_by(_E.position).limit(bindparam("most"))
_COUNT: Final = select(func.count()).select_from(
    select(literal(1)).where(_E.position > _last).limit(bindparam("most")).subquery()
)
_ENTRIES: Final = (
    _ENTRY.select()
    .join_from(tables.log_entries, tables.events, _E.position == _L.position)
    .where(_L.index >= bindparam("first"), _L.index < bindparam("end"))
    .order_by(_L.index)
)
_INDEX_OF: Final = (
    select(_L.index)
    .join_from(tables.events, tables.log_entries, _E.position == _L.position)
    .where(_E.event_id == bindparam("which"))
)
_FULL: Final = select(_T.hashes).where(_T.level == bindparam("level"), _T.index == bindparam("which"))
_LEAF_HASHES: Final = (
    select(_L.leaf_hash).where(_L.index >= bindparam("first"), _L.index < bindparam("end")).order_by(_L.index)
)
_ROOTS: Final = (
    select(_T.root)
    .where(_T.level == bindparam("below"), _T.index >= bindparam("first"), _T.index < bindparam("end"))
    .order_by(_T.index)
)
_ADD_EVENTS: Final = insert(tables.events)
_ADD_ENTRIES: Final = insert(tables.log_entries)
_ADD_TILES: Final = insert(tables.log_tiles)
_ADD_CHECKPOINT: Final = insert(tables.checkpoints)
_C: Final = tables.checkpoints.c
_NEWEST: Final = _CHECKPOINT.select().order_by(_C.number.desc()).limit(1)
_NUMBERED: Final = _CHECKPOINT.select().where(_C.number == bindparam("which"))
_PAGE: Final = (
    _CHECKPOINT.select().where(_C.number > bindparam("after")).order_by(_C.number).limit(bindparam("most"))
)
_COVERING: Final = (
    _CHECKPOINT.select().where(_C.size > bindparam("which")).order_by(_C.size, _C.number).limit(1)
)
_EPOCH: Final = Shape(EpochRow, tables.log_epochs)
_EPOCHS: Final = _EPOCH.select().order_by(tables.log_epochs.c.number)
_ADD_EPOCH: Final = insert(tables.log_epochs)


class LogStore:
    """Implements `hub.ports.Log`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, *, wait: bool = False) -> bool:
        """Keep every other sequencer out until the unit of work ends; False when one is at work now.

        On SQLite a unit of work is alone from its start.
        """
        self._session.change(audited=False)
        if self._session.on_sqlite:
            return True
        row = self._session.row(_WAIT if wait else _TRY)
        return wait or (row is not None and bool(row[0]))

    def size(self) -> int:
        """Return how many entries there are."""
        last = self._session.rows(_SIZE)[0][0]
        return 0 if last is None else int(last) + 1

    def waiting(self, limit: int) -> Sequence[Waiting]:
        """Return staged events that have no index yet, in the order in which they were committed.

        Nothing below the last one's position can appear later: see `hub.storage.session`.
        """
        return _STAGED.load(self._session.rows(_WAITING, {"most": limit}))

    def waiting_count(self, most: int) -> int:
        """Return how many staged events have no index yet; it counts up to `most`."""
        return int(self._session.rows(_COUNT, {"most": most})[0][0])

    def entries(self, first: int, count: int) -> Sequence[LogEntry]:
        """Return at most `count` entries from an index on, lowest first."""
        return _ENTRY.load(self._session.rows(_ENTRIES, {"first": first, "end": first + count}))

    def entry(self, index: int) -> LogEntry | None:
        """Return one entry."""
        found = self.entries(index, 1)
        return found[0] if found else None

    def index_of(self, event_id: str) -> int | None:
        """Return the index of an event; None while it waits, or when there is no such event."""
        row = self._session.row(_INDEX_OF, {"which": event_id})
        return None if row is None else int(row[0])

    def tile(self, tile: Tile) -> bytes:
        """Return a tile's hashes, 32 bytes each."""
        row = self._session.row(_FULL, {"level": tile.level, "which": tile.index})
        if row is not None:
            return bytes(row.hashes[: 32 * tile.width])
        first = tile.index * 256
        span: dict[str, int] = {"first": first, "end": first + tile.width}
        if tile.level == 0:
            rows = self._session.rows(_LEAF_HASHES, span)
        else:
            rows = self._session.rows(_ROOTS, span | {"below": tile.level - 1})
        if len(rows) != tile.width:
            raise IntegrityFailure(
                "log-damaged",
                f"{tile.path} of the audit log takes {tile.width} hashes, and {len(rows)} are stored.",
            )
        return b"".join(row[0] for row in rows)

    def append(self, entries: Sequence[LogEntry], hashes: Sequence[bytes], tiles: Sequence[TileRow]) -> None:
        """Store entries with their leaf hashes, and the tiles that they fill."""
        self._session.change(audited=False)
        if entries:
            rows = [
                {"index": entry.index, "position": entry.position, "leaf_hash": leaf_hash}
                for entry, leaf_hash in zip(entries, hashes, strict=True)
            ]
            self._session.run(_ADD_ENTRIES, rows)
        if tiles:
            self._session.run(_ADD_TILES, [vars(tile) for tile in tiles])

    def add_lost(self, events: Sequence[AuditEvent], leaves: Sequence[bytes]) -> None:
        """Store events without salts beside the leaves that were logged of them; they wait like others."""
        self._session.change()
        if events:
            first = self._session.take(len(events))
            rows = [logged_row(event, leaf) for event, leaf in zip(events, leaves, strict=True)]
            for position, row in enumerate(rows, first):
                row["position"] = position
            self._session.run(_ADD_EVENTS, rows)

    def checkpoint(self, number: int | None = None) -> CheckpointRow | None:
        """Return a checkpoint; the newest one without a number."""
        if number is None:
            return _CHECKPOINT.load_one(self._session.row(_NEWEST))
        return _CHECKPOINT.load_one(self._session.row(_NUMBERED, {"which": number}))

    def checkpoints(self, *, after: int, limit: int) -> Sequence[CheckpointRow]:
        """Return checkpoints with a number above `after`, lowest first."""
        return _CHECKPOINT.load(self._session.rows(_PAGE, {"after": after, "most": limit}))

    def checkpoint_covering(self, index: int) -> CheckpointRow | None:
        """Return the first checkpoint whose tree has an entry."""
        return _CHECKPOINT.load_one(self._session.row(_COVERING, {"which": index}))

    def add_checkpoint(self, row: CheckpointRow) -> None:
        """Store a checkpoint."""
        self._session.change(audited=False)
        self._session.run(_ADD_CHECKPOINT, vars(row))

    def epochs(self) -> Sequence[EpochRow]:
        """Return the changes of the log's keys, in their order."""
        return _EPOCH.load(self._session.rows(_EPOCHS))

    def add_epoch(self, row: EpochRow) -> None:
        """Store a change of the log's keys."""
        self._session.change()
        self._session.run(_ADD_EPOCH, vars(row))
