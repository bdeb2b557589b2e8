"""Check the whole log again: every event and its leaf, every node of the tree, everything that was signed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from hub.audit.events import AuditEvent
from hub.audit.leaves import leaf_entry, read_leaf
from hub.audit.merkle import hash_leaf
from hub.audit.tiles import TILE_WIDTH, EntryTile, Tile, pack_entries
from hub.errors import HubError
from hub.exchange.log.epochs import OwnKeys
from hub.exchange.log.places import Growth, Place
from hub.exchange.log.vouched import Vouchers
from hub.ports import CheckpointRow, Log, LogEntry, Store, View

#: More is not told: where the tree differs early, all after it differs too.
FINDINGS_MAX: Final = 100
_PAGE: Final = 256

#: Returns a published file by its path under the log's prefix; None where there is none.
FileReader = Callable[[str], bytes | None]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it must be, and at which index of the log."""

    code: str
    index: int
    sentence: str

    @property
    def path(self) -> str:
        """Return where it is, in words."""
        return f"entry {self.index}"


@dataclass(kw_only=True)
class Verification:
    """A check of the log from a place on; `steps` moves it on, tile by tile."""

    store: Store
    own: OwnKeys
    others: Vouchers = field(default_factory=Vouchers)
    published: FileReader = lambda _path: None
    place: Place = field(default_factory=Place)
    findings: list[Finding] = field(default_factory=list)
    _forked: bool = False
    _whole: bool = True

    def steps(self) -> Iterator[Place]:
        """Check up to the end of the log as it stands at the start; yield where each step has come to."""
        with self.store.read() as view:
            size = view.log.size()
        while self._whole and self.place.index < size and len(self.findings) < FINDINGS_MAX:
            with self.store.read() as view:
                self._step(view, min(size, (self.place.index // TILE_WIDTH + 1) * TILE_WIDTH))
            yield self.place
        with self.store.read() as view:
            self._check_end(view.log)

    def _step(self, view: View, end: int) -> None:
        """Check the entries up to an index within one tile, and the checkpoints over trees that end there."""
        place, log = self.place, view.log
        entries = log.entries(place.index, end - place.index)
        events = dict(view.events(after=place.position, limit=end - place.index))
        self._check_order(place.index, end, entries, list(events))
        tree, erased, number = Growth(place.index, place.edge), place.erased, place.number
        vouched = None
        waiting = deque(entries)
        for row in chain(_signed(log, after=place.number, most=end), [None]):
            while waiting and tree.size < (end if row is None else row.size):
                entry = waiting.popleft()
                erased += self._check_entry(entry, events)
                for tile, hashes in tree.add(hash_leaf(entry.leaf)):
                    self._check_tile(log, tile, hashes)
            if row is not None:
                self._check_checkpoint(row, tree, after=number)
                self._check_vouched(view, row, grown=row.size != vouched)
                number, vouched = row.number, row.size
        self._check_bundle(entries)
        self._whole = tree.size == end  # beyond a hole there is no tree to compare with
        self.place = Place(
            index=tree.size,
            position=entries[-1].position if entries else place.position,
            number=number,
            erased=erased,
            edge=tree.edge,
        )

    def _check_order(
        self, first: int, end: int, entries: Sequence[LogEntry], positions: Sequence[int]
    ) -> None:
        """Each event once, in the order in which it was committed, and none left out."""
        if [entry.index for entry in entries] != list(range(first, end)):
            self._found("log-damaged", first, f"Some of the entries from {first} to {end - 1} are missing.")
        if [entry.position for entry in entries] != positions:
            self._found(
                "log-damaged",
                first,
                f"The entries from {first} to {end - 1} are not the events in the order of their commits.",
            )

    def _check_entry(self, entry: LogEntry, events: Mapping[int, AuditEvent]) -> int:
        """Compare an entry with its event; return 1 when the event was erased."""
        event = events.get(entry.position)
        try:
            leaf = read_leaf(entry.leaf)
        except HubError as failure:
            self._found(failure.code, entry.index, f"Entry {entry.index}: {failure.sentence}")
            return 0
        if event is None or not leaf.event_id == event.event_id == entry.event_id:
            self._found("log-damaged", entry.index, f"Entry {entry.index} names another event than its own.")
        elif event.salt is None:
            return 1
        elif leaf_entry(event) != entry.leaf:
            self._found(
                "log-commitment-mismatch",
                entry.index,
                f"Entry {entry.index}: event {event.event_id} is not what was logged.",
            )
        return 0

    def _check_tile(self, log: Log, tile: Tile, hashes: bytes) -> None:
        """Compare the hashes over the entries with those that are stored, and published."""
        index = tile.index * TILE_WIDTH ** (tile.level + 1)
        try:
            if log.tile(tile) != hashes:
                self._found("log-damaged", index, f"The stored {tile.path} is not what its entries give.")
        except HubError as failure:
            self._found(failure.code, index, failure.sentence)
        self._check_published(tile.path, hashes, index)

    def _check_bundle(self, entries: Sequence[LogEntry]) -> None:
        if len(entries) == TILE_WIDTH:
            bundle = EntryTile(entries[0].index // TILE_WIDTH)
            self._check_published(bundle.path, pack_entries([one.leaf for one in entries]), bundle.first)

    def _check_published(self, path: str, content: bytes, index: int) -> None:
        if self.published(path) not in (None, content):
            self._found("log-damaged", index, f"The published {path} is not what the log has.")

    def _check_checkpoint(self, row: CheckpointRow, tree: Growth, *, after: int) -> None:
        """Check a checkpoint's place, signatures and root; one tree has all roots, so they are consistent."""
        try:
            head = self.own.verify_row(row.number, row.note)
        except HubError as failure:
            self._found(failure.code, row.size, f"Checkpoint {row.number}: {failure.sentence}")
            return
        signed = (head.size, head.root) == (row.size, row.root)
        if not signed or row.number != after + 1 or row.size != tree.size:
            self._found("log-damaged", row.size, f"Checkpoint {row.number} is not stored as it was signed.")
        elif row.root != tree.root() and not self._forked:
            self._forked = True  # every later one differs too
            self._found(
                "log-forked",
                row.size,
                f"Checkpoint {row.number} was signed over other entries than the {row.size} that are there.",
            )

    def _check_vouched(self, view: View, row: CheckpointRow, *, grown: bool) -> None:
        """Check what witnesses and time stamping authorities are stored to have said of a checkpoint."""
        try:
            faults = list(self.others.faults(view, row, grown=grown))
        except HubError:
            return  # the checkpoint itself cannot be read, which is told already
        for who, failure in faults:
            self._found(failure.code, row.size, f"Checkpoint {row.number}, {who}: {failure.sentence}")

    def _check_end(self, log: Log) -> None:
        """Compare the partial tiles, and refuse checkpoints over more entries than there are."""
        for tile, hashes in Growth(self.place.index, self.place.edge).partial() if self._whole else ():
            self._check_tile(log, tile, hashes)
        last, size = log.checkpoint(), log.size()
        if last is not None and last.size > size:
            self._found("log-rolled-back", size, f"{last.size} entries were signed for; {size} are there.")

    def _found(self, code: str, index: int, sentence: str) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code=code, index=index, sentence=sentence))


def _signed(log: Log, *, after: int, most: int) -> Iterator[CheckpointRow]:
    """Yield the checkpoints over at most so many entries, in their order."""
    while rows := log.checkpoints(after=after, limit=_PAGE):
        for row in rows:
            if row.size > most:
                return
            yield row
        after = rows[-1].number
