"""A medium that is carried by hand, as far as the courier needs it: files under short names in folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol


class Medium(Protocol):
    """Files that last; a name is of words with `/` between them. Links are never followed.

    Each raises PeerFault `partner-unreachable` where the medium cannot be read or written.
    """

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole and durably before it has its name."""
        ...

    def fill(self, name: str, size_bytes: int, parts_from: Callable[[int], Iterable[bytes]]) -> None:
        """Write a large file in the same way, going on where an earlier try stopped; whole ones are left."""
        ...

    def read(self, name: str, *, max_bytes: int) -> bytes | None:
        """Return what a file holds; None where there is none, or it is larger."""
        ...

    def parts(self, name: str, offset: int) -> Iterator[bytes]:
        """Stream a file from an offset on; nothing where there is none."""
        ...

    def names(self, folder: str) -> Sequence[str]:
        """Return what is directly in a folder, in order; nothing where there is none."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        ...
