"""A database that was restored from a backup gets back the entries that it lost, from the published files.

The files hold every entry that was signed for: ids and commitments. With them the log goes on where it was,
so nothing that others hold of it is disproved. What the lost events said is gone, as after an erasure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from hub.audit.checkpoints import Checkpoint, read_checkpoint
from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.audit.leaves import read_leaf
from hub.audit.notes import Note, read_note
from hub.audit.tiles import TILE_WIDTH, EntryTile, root_of, tiles_of, unpack_entries
from hub.errors import IntegrityFailure, Refused
from hub.exchange.broker import Broker
from hub.exchange.log.epoch_files import EPOCHS, read_epochs
from hub.exchange.log.epochs import OwnKeys, own_keys
from hub.exchange.log.publishing import CHECKPOINT
from hub.exchange.log.sequencing import append
from hub.ports import CheckpointRow, Log, Waiting
from hub.records.actor import Actor

#: Returns a published file by its path under the log's prefix; None where there is none.
FileReader = Callable[[str], bytes | None]


def recover(broker: Broker, actor: Actor, read: FileReader, *, reason: str) -> tuple[int, int]:
    """Take the entries that the database lacks from published files; return its size before and after.

    All or nothing: what comes out must have the root of the published checkpoint, which our keys signed.
    Raises Refused `conflict` when the database lacks nothing, `not-found` for a file that is missing, and
    IntegrityFailure `log-forked` when the database has entries or events that were never in that log.
    """
    reason = justified(reason)
    note = read_note(_needed(read, CHECKPOINT))
    with broker.store.read() as view:
        own = own_keys(view.log, broker.keyring)
    head = own.recognise(note.as_bytes())
    keys = [key for one in own.sets for key in one]
    at = broker.clock.now()
    with broker.store.work() as work:
        work.log.lock(wait=True)
        size = work.log.size()
        if size >= head.size:
            raise Refused("conflict", f"The database has {size} entries, and {head.size} are published.")
        for leaves in _lost(read, size, head.size):
            append(work.log, _as_events(broker, work.log, leaves, at))
        if root_of(head.size, work.log.tile) != head.root:
            raise _forked(head)
        _take_epochs(work.log, read, own, head.size, at)
        last = work.log.checkpoint()
        ours = tuple(line for line in note.signatures if any(line.is_by(key) for key in keys))
        work.log.add_checkpoint(
            CheckpointRow(
                number=1 if last is None else last.number + 1,
                size=head.size,
                root=head.root,
                at=at,
                note=Note(text=note.text, signatures=ours).as_bytes(),
            )
        )
        span = {"first": str(size), "entries": str(head.size - size)}
        work.stage([broker.event(Act.RECOVERED, actor, broker.agency, at, justification=reason, **span)])
        work.commit()
    return size, head.size


def _take_epochs(log: Log, read: FileReader, own: OwnKeys, most: int, at: datetime) -> None:
    """Take back the changes of keys that the database lacks, each with the checkpoint that both signed."""
    raw = read(EPOCHS)
    there = len(log.epochs())
    for row, note in [] if raw is None else read_epochs(raw, own)[there:]:
        if row.size > most:
            continue
        number = row.checkpoint
        if number:
            last = log.checkpoint()
            number = 1 if last is None else last.number + 1
            root = root_of(row.size, log.tile)
            switch = read_checkpoint(read_note(note))  # verified when it was read
            if switch.root != root:
                raise _forked(switch)
            log.add_checkpoint(CheckpointRow(number=number, size=row.size, root=root, at=at, note=note))
        log.add_epoch(replace(row, checkpoint=number))


def _lost(read: FileReader, size: int, published: int) -> Iterator[Sequence[bytes]]:
    """Yield the published entries from an index on, bundle by bundle."""
    for tile in tiles_of(published, 0):
        entries = EntryTile(tile.index, tile.width)
        if entries.first + tile.width > size:
            leaves = unpack_entries(_needed(read, entries.path))
            if len(leaves) != tile.width:
                raise IntegrityFailure("log-tile-invalid", f"The published {entries.path} is not whole.")
            yield leaves[max(0, size - entries.first) :]


def _as_events(broker: Broker, log: Log, leaves: Sequence[bytes], at: datetime) -> Sequence[Waiting]:
    """Return the events that these leaves are of: those that wait, then one for each that was lost."""
    there = log.waiting(TILE_WIDTH)[: len(leaves)]
    if [one.leaf for one in there] != list(leaves[: len(there)]):
        raise IntegrityFailure(
            "log-forked", "The database holds events that were never in the published log; restore it anew."
        )
    lost = leaves[len(there) :]
    log.add_lost(
        [
            AuditEvent(
                event_id=read_leaf(leaf).event_id,
                at=at,
                act=Act.LOST,
                actor=broker.itself,
                subject=broker.agency,
            )
            for leaf in lost
        ],
        lost,
    )
    return log.waiting(len(leaves))


def _needed(read: FileReader, path: str) -> bytes:
    content = read(path)
    if content is None:
        raise Refused("not-found", f"There is no {path} among the published files of the log.")
    return content


def _forked(head: Checkpoint) -> IntegrityFailure:
    return IntegrityFailure(
        "log-forked",
        f"The database's entries and the published ones do not make the {head.size} that were signed for.",
    )
