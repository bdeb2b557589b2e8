"""Whether the log in the database is the one that was signed: before the hub goes on, and at leisure in full.

A database that was restored from a backup is behind what was signed since. What remembers it outside the
database are the published files, and the witnesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.audit.checkpoints import Checkpoint
from hub.audit.merkle import hash_leaf
from hub.audit.tiles import TILE_WIDTH, Tile, root_of
from hub.errors import IntegrityFailure
from hub.exchange.log.epochs import OwnKeys
from hub.ports import CheckpointRow, Log

_SET_BACK: Final = (
    "Nothing goes on here. Put a newer database in its place, or, where there is none, take back what is "
    "missing with `hub log recover --reason TEXT`; see the runbook, A log that was set back."
)
_ALTERED: Final = (
    "Nothing goes on here. Keep a copy of the home and the database; `hub log verify --from 0` tells what is "
    "wrong. See the runbook, A log that forked."
)


def check_start(
    log: Log,
    own: OwnKeys,
    *,
    published: bytes | None = None,
    witnessed: Sequence[Checkpoint] = (),
) -> None:
    """Compare the stored log with its newest checkpoint, the published one and those that witnesses saw.

    It reads logarithmically many nodes, and the newest entries with the events that they stand for. Raises
    IntegrityFailure `log-rolled-back` when the database is older than what was signed, `log-forked` when it
    holds another history, `log-damaged` when it is not whole, and `checkpoint-signature-invalid`.
    """
    newest = log.checkpoint()
    if newest is not None:
        _check_own(log, own, newest)
        _check_edge(log, newest.size)
    if published is not None:
        _check_seen(log, own.recognise(published), "the published files")
    for seen in witnessed:
        _check_seen(log, seen, "a witness")


def _check_own(log: Log, own: OwnKeys, newest: CheckpointRow) -> None:
    head = own.verify_row(newest.number, newest.note)
    if (head.size, head.root) != (newest.size, newest.root):
        raise IntegrityFailure(
            "log-damaged", f"Checkpoint {newest.number} is not stored as it was signed. {_ALTERED}"
        )
    _check_seen(log, head, "the database itself")


def _check_seen(log: Log, seen: Checkpoint, where: str) -> None:
    """Refuse unless the stored tree, cut to the size of a signed head, has its root."""
    size = log.size()
    if size < seen.size:
        raise IntegrityFailure(
            "log-rolled-back",
            f"The log was signed over {seen.size} entries, according to {where}; the database holds {size}: "
            f"it was set back, or restored from an older backup. {_SET_BACK}",
        )
    if root_of(seen.size, log.tile) != seen.root:
        raise IntegrityFailure(
            "log-forked",
            f"The first {seen.size} entries are not those that were signed, as {where} shows. {_ALTERED}",
        )


def _check_edge(log: Log, size: int) -> None:
    """Compare the last entries with their events: the youngest are the likeliest to be damaged."""
    if not size:
        return
    index = (size - 1) // TILE_WIDTH
    width = size - index * TILE_WIDTH
    hashes = log.tile(Tile(level=0, index=index, width=width))
    entries = log.entries(index * TILE_WIDTH, width)
    if b"".join(hash_leaf(entry.leaf) for entry in entries) != hashes:
        raise IntegrityFailure(
            "log-damaged", f"The last {width} entries of the log are not their events' leaves. {_ALTERED}"
        )
