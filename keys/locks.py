"""The locks of a key store: files that one process holds at a time, and that its end lets go of."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_STORE: Final = "store.lock"
_NOTING: Final = "noting.lock"
_LEAF: Final = "leaf.lock"


@contextmanager
def changing(directory: Path) -> Iterator[None]:
    """Hold the store's lock: whoever else would change keys waits until the block ends.

    Inside, read the inventory first: another process may just have written it.
    """
    with _held(directory / _STORE):
        yield


@contextmanager
def noting(directory: Path) -> Iterator[None]:
    """Hold the lock of who puts steps into the audit log. Keys may change meanwhile."""
    with _held(directory / _NOTING):
        yield


@contextmanager
def renewing(directory: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the lock of who renews the hub's leaf; without `wait` tell whether nobody else has it."""
    with _held(directory / _LEAF, wait=wait) as is_held:
        yield is_held


@contextmanager
def _held(lock: Path, *, wait: bool = True) -> Iterator[bool]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(handle, wait=wait)
    finally:
        os.close(handle)


def _taken(handle: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
