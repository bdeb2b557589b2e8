"""The audit log's tables: what was staged, the Merkle tree over it, and what was signed of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hub.audit.events import Act, AuditEvent
from hub.audit.tiles import Tile


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A staged event without an index: its position, what its leaf says, and since when it waits."""

    position: int
    event_id: str
    at: datetime
    leaf: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """An entry of the log: its index in the tree, and the event at `position` whose leaf it is."""

    index: int
    position: int
    event_id: str
    leaf: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TileRow:
    """A full tile: its 256 hashes, and the hash of the whole subtree above them (C2SP tlog-tiles)."""

    level: int
    index: int
    hashes: bytes = field(repr=False)
    root: bytes


@dataclass(frozen=True, kw_only=True)
class CheckpointRow:
    """A signed head of the log as it was first signed; `number` counts from 1, without gaps."""

    number: int
    size: int
    root: bytes
    at: datetime
    note: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """Which sets of keys sign from a checkpoint on; the sets before and these have all signed that one.

    `number` counts from 1; the first row stands for the keys that the log began with. `sets` are texts of
    `NoteKeySet`.
    """

    number: int
    checkpoint: int
    size: int
    at: datetime
    sets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EventQuery:
    """Which audit events are looked for; what is not named fits all.

    `actor` is spelled as events have it, `officer:aigul`; `about` is the id of a record, which stands for its
    envelopes too, or of whatever else an act is about. `partner` is an agency that acted, got something, or
    is what the act is about. `since` is included, `until` is not.
    """

    actor: str | None = None
    about: str | None = None
    partner: str | None = None
    acts: frozenset[Act] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


class Log(Protocol):
    """The log: entries, full tiles and checkpoints are only ever added."""

    def lock(self, *, wait: bool = False) -> bool:
        """Keep every other sequencer out until the unit of work ends; False when one is at work now."""
        ...

    def size(self) -> int:
        """Return how many entries there are."""
        ...

    def waiting(self, limit: int) -> Sequence[Waiting]:
        """Return staged events that have no index yet, in the order in which they were committed."""
        ...

    def waiting_count(self, most: int) -> int:
        """Return how many staged events have no index yet; it counts up to `most`."""
        ...

    def entries(self, first: int, count: int) -> Sequence[LogEntry]:
        """Return at most `count` entries from an index on, lowest first."""
        ...

    def entry(self, index: int) -> LogEntry | None:
        """Return one entry."""
        ...

    def index_of(self, event_id: str) -> int | None:
        """Return the index of an event; None while it waits, or when there is no such event."""
        ...

    def tile(self, tile: Tile) -> bytes:
        """Return a tile's hashes, 32 bytes each; at most 256 small rows are read.

        Raises IntegrityFailure `log-damaged` where the log does not have all of them.
        """
        ...

    def append(self, entries: Sequence[LogEntry], hashes: Sequence[bytes], tiles: Sequence[TileRow]) -> None:
        """Store entries with their leaf hashes, and the tiles that they fill; only after `lock`."""
        ...

    def add_lost(self, events: Sequence[AuditEvent], leaves: Sequence[bytes]) -> None:
        """Store events without salts beside the leaves that were logged of them; they wait like others."""
        ...

    def checkpoint(self, number: int | None = None) -> CheckpointRow | None:
        """Return a checkpoint; the newest one without a number."""
        ...

    def checkpoints(self, *, after: int, limit: int) -> Sequence[CheckpointRow]:
        """Return checkpoints with a number above `after`, lowest first."""
        ...

    def checkpoint_covering(self, index: int) -> CheckpointRow | None:
        """Return the first checkpoint whose tree has an entry."""
        ...

    def add_checkpoint(self, row: CheckpointRow) -> None:
        """Store a checkpoint; only after `lock`."""
        ...

    def epochs(self) -> Sequence[EpochRow]:
        """Return the changes of the log's keys, in their order; none where they never changed."""
        ...

    def add_epoch(self, row: EpochRow) -> None:
        """Store a change of the log's keys; only after `lock`. It changes state."""
        ...
