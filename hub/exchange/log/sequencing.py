"""Give staged events their places in the log, in batches, one sequencer at a time.

A transaction that changes state stages its events under positions that grow in the order of commits, so a
sequencer that takes the lowest ones never skips any. It reads what is committed and so is durable; an
index is given in the same transaction in which the entry, and every tile that it fills, is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hub.audit.merkle import hash_leaf
from hub.audit.tiles import TILE_WIDTH, Tile, tile_root
from hub.exchange.broker import Broker
from hub.ports import Log, LogEntry, TileRow, Waiting

_TILE_BYTES: Final = TILE_WIDTH * 32
#: Writers take turns at the database. Where many are at it, each turn must be worth several of theirs.
_BATCHES_A_COMMIT: Final = 4


def sequence(broker: Broker, *, wait: bool = False) -> int:
    """Put waiting events into the log, a few batches at most; return how many.

    Without `wait` it leaves the work to another sequencer that is at it now.
    """
    with broker.store.read() as view:  # so that an idle hub writes nothing
        if not view.log.waiting(1):
            return 0
    done = 0
    with broker.store.work() as work:
        if not work.log.lock(wait=wait):
            return 0
        for _ in range(_BATCHES_A_COMMIT):
            waiting = work.log.waiting(broker.limits.log_batch_max_entries)
            if waiting:
                append(work.log, waiting)
                done += len(waiting)
            if len(waiting) < broker.limits.log_batch_max_entries:
                break
        if done:
            work.commit()
    return done


def append(log: Log, waiting: Sequence[Waiting]) -> None:
    """Add events to the end of the log, under its lock."""
    size = log.size()
    entries = [
        LogEntry(index=index, position=one.position, event_id=one.event_id, leaf=one.leaf)
        for index, one in enumerate(waiting, size)
    ]
    hashes = [hash_leaf(one.leaf) for one in waiting]
    log.append(entries, hashes, list(filled(log, size, hashes)))


def filled(log: Log, size: int, hashes: Sequence[bytes]) -> Iterator[TileRow]:
    """Yield the tiles, lowest level first, that leaf hashes fill when they are added to a tree.

    On each level no more is read than the hashes of the one tile that was partial until now.
    """
    level, first, added = 0, size, list(hashes)
    while first % TILE_WIDTH + len(added) >= TILE_WIDTH:
        index, width = divmod(first, TILE_WIDTH)
        before = log.tile(Tile(level=level, index=index, width=width)) if width else b""
        run = before + b"".join(added)
        roots: list[bytes] = []
        for start in range(0, len(run) - _TILE_BYTES + 1, _TILE_BYTES):
            tile = run[start : start + _TILE_BYTES]
            roots.append(tile_root(tile))
            yield TileRow(level=level, index=index + len(roots) - 1, hashes=tile, root=roots[-1])
        level, first, added = level + 1, index, roots
