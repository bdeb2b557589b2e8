"""Attachment ciphertext in files of one folder, whatever their size in constant memory."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

from hub.errors import OurFault, PeerFault, Refused

_NAME: Final = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_READ_BYTES: Final = 256 * 1024
_LOCKS: Final = ".locks"


class FileBlobStore:
    """Implements `hub.ports.BlobStore`: one file a name, synced, and so is the folder when names change."""

    def __init__(self, directory: Path) -> None:
        with _translated():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._locks = os.open(directory / _LOCKS, os.O_RDWR | os.O_CREAT, 0o600)
        self._directory = directory
        self._guard = Lock()
        self._held: set[str] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Keep other holders of a name out, in all processes; Refused `conflict` at once if it is held."""
        self._path(name)
        with self._guard:
            if name in self._held or not self._lock(name):
                raise Refused("conflict", "This attachment is being written by another request just now.")
            self._held.add(name)
        try:
            yield
        finally:
            with self._guard:
                self._held.remove(name)
                fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, _place(name))

    def append(self, digest: str, offset: int, parts: Iterable[bytes]) -> int:
        """Append at `offset` (PeerFault `offset-mismatch` when it is not the end); return the new end.

        What was written stays, also when `parts` raises; it is durable when this returns or raises.
        """
        path = self._path(digest)
        end = self.size(digest)
        if offset != end:
            raise PeerFault("offset-mismatch", f"{end} bytes are stored, not {offset}.", offset=end)
        with _translated():
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            for part in parts:
                with _translated():
                    _write(file, part)
                end += len(part)
        finally:
            try:
                with _translated():
                    os.fsync(file)
            finally:
                os.close(file)
            if offset == 0:
                self._sync_names()
        return end

    def truncate(self, digest: str, size: int) -> None:
        """Cut a blob to a size that is not above its own."""
        path = self._path(digest)
        end = self.size(digest)
        if size > end:
            raise PeerFault("offset-mismatch", f"{end} bytes are stored, not {size}.", offset=end)
        if size < end:
            with _translated(), path.open("r+b") as file:
                file.truncate(size)
                os.fsync(file.fileno())

    def size(self, digest: str) -> int:
        """Return how many bytes there are; 0 when there is no such blob."""
        path = self._path(digest)
        with _translated():
            try:
                return path.stat().st_size
            except FileNotFoundError:
                return 0

    def open(self, digest: str, offset: int = 0) -> BinaryIO:
        """Open a blob to read from an offset; raise Refused `not-found` when there is none."""
        path = self._path(digest)
        with _translated():
            try:
                file = path.open("rb")
            except FileNotFoundError:
                raise Refused("not-found", "There is no such attachment.") from None
        file.seek(offset)
        return file

    def parts(self, digest: str, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from an offset, some hundred KiB at a time."""
        with self.open(digest, offset) as file:
            while True:
                with _translated():
                    part = file.read(_READ_BYTES)
                if not part:
                    return
                yield part

    def rename(self, temporary: str, digest: str) -> None:
        """Give a blob made under a temporary name its final one, durably, in place of any that has it."""
        before, after = self._path(temporary), self._path(digest)
        with _translated():
            before.replace(after)
        self._sync_names()

    def discard(self, digest: str) -> None:
        """Remove a blob if it is there."""
        path = self._path(digest)
        with _translated():
            path.unlink(missing_ok=True)
        self._sync_names()

    def free_bytes(self) -> int:
        """Return how much the file system still takes from this user."""
        with _translated():
            space = os.statvfs(self._directory)
        return space.f_bavail * space.f_frsize

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise Refused(
                "request-invalid", "An attachment is named by 64 lowercase hex digits, or by an id."
            )
        return self._directory / name

    def _lock(self, name: str) -> bool:
        """Try for the name among processes: one byte of a shared file, since names come and go."""
        try:
            fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(name))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _sync_names(self) -> None:
        with _translated():
            folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _place(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")


def _write(file: int, part: bytes) -> None:
    left = memoryview(part)
    while left:
        left = left[os.write(file, left) :]


@contextmanager
def _translated() -> Iterator[None]:
    """Raise OurFault `storage-unavailable` for what the file system cannot do."""
    try:
        yield
    except OSError as error:
        raise OurFault(
            "storage-unavailable", f"The folder of attachments could not be used now: {error.strerror}."
        ) from None
