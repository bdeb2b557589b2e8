"""A medium that is carried by hand: a folder on it, and nothing of it believed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapters.carriers import durable
from hub.errors import OurFault, PeerFault

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}")
_PART_BYTES: Final = 1 << 20
_UNFINISHED: Final = ".unfinished-"
#: A medium with more than this in one folder is not looked through.
_MAX_NAMES: Final = 100_000


class FolderMedium:
    """Implements `hub.ports.medium.Medium` in a folder; no link in it is followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole and durably before it has its name; one that holds the same is left."""
        with _told():
            path = self._path(name)
            if durable.content(path, len(content)) != content:
                durable.write(path, content)

    def fill(self, name: str, size_bytes: int, parts_from: Callable[[int], Iterable[bytes]]) -> None:
        """Write a large file, going on where an earlier try stopped; whole ones are left."""
        with _told():
            path = self._path(name)
            if _size(path) == size_bytes:
                return
            unfinished = path.with_name(f"{_UNFINISHED}{path.name}")
            start = _size(unfinished)
            if start > size_bytes:
                unfinished.unlink()
                start = 0
            for part in parts_from(start):
                durable.append(unfinished, part)
            unfinished.rename(path)
            durable.sync(path.parent)

    def read(self, name: str, *, max_bytes: int) -> bytes | None:
        """Return what a file holds; None where there is none, or it is larger."""
        with _told():
            return durable.content(self._path(name), max_bytes)

    def parts(self, name: str, offset: int) -> Iterator[bytes]:
        """Stream a file from an offset on; nothing where there is none."""
        with _told():
            path = self._path(name)
            try:
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except FileNotFoundError:
                return
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    return
                file.seek(offset)
                while part := file.read(_PART_BYTES):
                    yield part

    def names(self, folder: str) -> Sequence[str]:
        """Return what is directly in a folder, in order; nothing where there is none."""
        with _told():
            try:
                with os.scandir(self._path(folder)) as entries:
                    found = sorted(entry.name for entry in entries if _NAME.fullmatch(entry.name))
            except (FileNotFoundError, NotADirectoryError):
                return []
        return found[:_MAX_NAMES]

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with _told():
            durable.remove(self._path(name))

    def _path(self, name: str) -> Path:
        """Return where a name is; raise PeerFault where a folder on the way is a link."""
        words = name.split("/") if name else []
        if not all(map(_NAME.fullmatch, words)):
            raise OurFault("internal", "What the courier names cannot be the name of a file.")
        path = self._root
        for word in words[:-1]:
            path = path / word
            if path.is_symlink():
                raise PeerFault(
                    "partner-unreachable", "A folder on the medium is a link; it is not followed."
                )
        return path / words[-1] if words else path


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PeerFault(
            "partner-unreachable", f"The medium cannot be read or written ({error.strerror})."
        ) from None
