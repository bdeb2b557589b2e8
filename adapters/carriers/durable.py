"""Files that last: written whole and synced before they have their name, read without following links."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.carriers.names import is_name

_UNFINISHED: Final = ".unfinished-"


def files(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder under a possible id, written first before the others; none where none is."""
    try:
        entries = [entry for entry in os.scandir(folder) if is_name(entry.name)]
        aged = sorted((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name) for entry in entries)
    except FileNotFoundError:
        return
    yield from (folder / name for _, name in aged)


def content(path: Path, max_bytes: int) -> bytes | None:
    """Return what a regular file of bounded size holds; None where there is no such file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        found = file.read(max_bytes + 1)
    return found if len(found) <= max_bytes else None


def write(path: Path, raw: bytes) -> None:
    """Write a file whole and durably before it has its name."""
    unfinished = path.with_name(f"{_UNFINISHED}{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(handle)
    unfinished.rename(path)
    sync(path.parent)


def append(path: Path, raw: bytes) -> None:
    """Add to the end of a file durably; what a crash cuts off is at its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o640)
    with os.fdopen(handle, "ab") as file:
        file.write(raw)
        file.flush()
        os.fsync(handle)
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file durably; it need not be there."""
    path.unlink(missing_ok=True)
    if path.parent.exists():
        sync(path.parent)


def sync(folder: Path) -> None:
    """Make durable which files a folder has."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
