"""The log as static files (C2SP tlog-tiles) that any web server can serve.

They are also what the hub remembers outside its database: a database that was set back is behind them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hub.audit.checkpoints import read_checkpoint
from hub.audit.notes import read_note
from hub.audit.tiles import EntryTile, Tile, new_tiles, pack_entries
from hub.errors import IntegrityFailure
from hub.exchange.log.epoch_files import EPOCHS, write_epochs
from hub.exchange.witness.cosigned import cosigned_note
from hub.ports import Log, Store

CHECKPOINT: Final = "checkpoint"
_LOCK: Final = ".lock"


def publish(store: Store, folder: Path) -> bool:
    """Write what the newest checkpoint covers and was not written before, and at last that checkpoint.

    It is written again with the lines of witnesses when they have come.

    Each file is whole and durable before another names it. Returns False when another process is at it.
    Raises IntegrityFailure `log-rolled-back` when the files are ahead of the database.
    """
    folder.mkdir(mode=0o755, exist_ok=True)
    with _alone(folder) as alone:
        if alone:
            _publish(store, folder)
        return alone


def _publish(store: Store, folder: Path) -> None:
    with store.read() as view:
        newest = view.log.checkpoint()
        note = b"" if newest is None else cosigned_note(view, newest)
        epochs = write_epochs(view.log)
    there = published_checkpoint(folder)
    if newest is None or note == there:
        return
    published = 0 if there is None else read_checkpoint(read_note(there)).size
    if published > newest.size:
        raise IntegrityFailure(
            "log-rolled-back",
            f"{folder / CHECKPOINT} was signed over {published} entries; the database has {newest.size}.",
        )
    for tile in new_tiles(published, newest.size):
        with store.read() as view:
            _write_tile(view.log, folder, tile)
    if epochs is not None and epochs != _there(folder / EPOCHS):
        write_whole(folder / EPOCHS, epochs)
    write_whole(folder / CHECKPOINT, note)


def published_checkpoint(folder: Path) -> bytes | None:
    """Return the checkpoint that was published last."""
    return _there(folder / CHECKPOINT)


def _there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def bundle(log: Log, tile: EntryTile) -> bytes:
    """Return the entries of a bundle as it is served."""
    return pack_entries([entry.leaf for entry in log.entries(tile.first, tile.width)])


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place so that at every moment, and after a power cut, the old or the new one is there."""
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync_folder(path.parent)


def _write_tile(log: Log, folder: Path, tile: Tile) -> None:
    _put(folder / tile.path, log.tile(tile), full=tile.is_full)
    if tile.level == 0:
        entries = EntryTile(tile.index, tile.width)
        _put(folder / entries.path, bundle(log, entries), full=tile.is_full)


def _put(path: Path, content: bytes, *, full: bool) -> None:
    _make_folders(path.parent)
    write_whole(path, content)
    if full:  # clients fall back from a partial tile to the full one
        parts = path.with_name(path.name + ".p")
        for part in parts.iterdir() if parts.is_dir() else ():
            part.unlink()
        if parts.is_dir():
            parts.rmdir()


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, durably."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(mode=0o755, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Keep other processes out; says False when one is in."""
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
