"""The log's part of a bundle: entries with their proofs, under checkpoints that others cosigned."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.audit.leaves import FIELDS, disclose
from hub.audit.proofs import write_proof
from hub.audit.tiles import consistency_proof, inclusion_proof
from hub.evidence.parts import CheckpointPart, EntryPart, Mode, Shown
from hub.exchange.witness.cosigned import cosigned_note
from hub.ports import CheckpointRow, Log, View

#: The most checkpoints of a bundle, each with its cosignatures: some 15 KiB.
CHECKPOINTS_MAX: Final = 16
#: The entries whose time matters most: each hangs on the first cosigned checkpoint that covers it.
_DATED: Final = frozenset({Act.RELEASED, Act.ADMITTED, Act.RECEIPT_KEPT, Act.RECEIPT_VERIFIED, Act.ERASED})


@dataclass(frozen=True, kw_only=True)
class Proven:
    """Checkpoints in the order of their size, entries in the order of the log."""

    checkpoints: tuple[CheckpointPart, ...]
    entries: tuple[EntryPart, ...]


def prove(view: View, events: Sequence[AuditEvent], mode: Mode, *, witnesses: int) -> Proven:
    """Prove that events are in the log, each under a signed checkpoint; what is not signed for is left out.

    `witnesses` is how many there may be: where one checkpoint has more of their cosignatures than another
    that covers the same, it is taken.
    """
    log = view.log
    head = log.checkpoint()
    placed = sorted((index, event) for event in events if (index := log.index_of(event.event_id)) is not None)
    placed = [(index, event) for index, event in placed if head is not None and index < head.size]
    if head is None or not placed:
        return Proven(checkpoints=(), entries=())
    rows = _chosen(view, placed, head, witnesses=witnesses)
    parts = [_checkpoint(view, row, before) for row, before in zip(rows, [None, *rows], strict=False)]
    sizes = [row.size for row in rows]
    entries = []
    for index, event in placed:
        under = bisect_right(sizes, index)
        entries.append(_entry(log, index, event, under, sizes[under], mode))
    return Proven(checkpoints=tuple(parts), entries=tuple(entries))


def _chosen(
    view: View, placed: Sequence[tuple[int, AuditEvent]], head: CheckpointRow, *, witnesses: int
) -> Sequence[CheckpointRow]:
    """Choose checkpoints: the first that others confirmed after each dated entry, and one that covers all."""
    last = placed[-1][0]
    needed, final = _most_cosigned(view, last + 1, witnesses)
    chosen = {final.number: final} if final is not None else {head.number: head}
    closing = next(iter(chosen.values()))
    if view.log.epochs():  # so that the keys of now speak for what older ones signed
        _add(head, chosen)
    if (stamp := view.witnessing.timestamp_covering(last + 1)) is not None:
        _add(view.log.checkpoint(stamp.number), chosen)
    for index, event in placed:
        if event.act in _DATED and len(chosen) < CHECKPOINTS_MAX:
            size = view.witnessing.cosigned_size(index + 1, needed=needed) if needed else None
            _add(None if size is None else view.log.checkpoint_covering(size - 1), chosen)
            stamp = view.witnessing.timestamp_covering(index + 1)
            _add(None if stamp is None else view.log.checkpoint(stamp.number), chosen)
    # Of several checkpoints of one size only one can stand in a bundle: the one that was stamped.
    by_size: dict[int, CheckpointRow] = {}
    for row in sorted(chosen.values(), key=lambda row: bool(view.witnessing.timestamps(row.number))):
        by_size[row.size] = row
    assert closing.size in by_size
    return [by_size[size] for size in sorted(by_size)]


def _add(row: CheckpointRow | None, chosen: dict[int, CheckpointRow]) -> None:
    if row is not None:
        chosen.setdefault(row.number, row)


def _most_cosigned(view: View, least: int, witnesses: int) -> tuple[int, CheckpointRow | None]:
    """Return the checkpoint from a size on that most witnesses cosigned, and how many those are."""
    for needed in range(witnesses, 0, -1):
        size = view.witnessing.cosigned_size(least, needed=needed)
        if size is not None and (row := view.log.checkpoint_covering(size - 1)) is not None:
            return needed, row
    return 0, None


def _checkpoint(view: View, row: CheckpointRow, before: CheckpointRow | None) -> CheckpointPart:
    cosigned = cosigned_note(view, row).removeprefix(row.note)
    proof = () if before is None else consistency_proof(before.size, row.size, view.log.tile)
    return CheckpointPart(
        note=row.note.decode("utf-8"),
        cosignatures=cosigned.decode("utf-8"),
        consistency=tuple(proof),
        timestamps=tuple(one.token for one in view.witnessing.timestamps(row.number)),
    )


def _entry(log: Log, index: int, event: AuditEvent, under: int, size: int, mode: Mode) -> EntryPart:
    entry = log.entry(index)
    assert entry is not None
    head = write_proof(index, inclusion_proof(index, size, log.tile), b"")
    # A justification is words, and may name people.
    fields = FIELDS if mode is Mode.FULL else tuple(name for name in FIELDS if name != "justification")
    return EntryPart(
        leaf=entry.leaf.decode("ascii"),
        proof=head.decode("ascii"),
        checkpoint=under,
        shown=Shown.ERASED if event.salt is None else Shown.DISCLOSED,
        disclosed=() if event.salt is None else disclose(event, fields),
    )
