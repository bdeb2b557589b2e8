"""Where attachments are kept: what is known of them, and their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

from hub.entries import AttachmentRow

#: What names one version of a record: (originator, record_id, version).
RecordKey = tuple[str, str, int]


class Attachments(Protocol):
    """What is known of attachments; the bytes are in a BlobStore."""

    def get(self, digest: str) -> AttachmentRow | None: ...
    def by_upload(self, upload_id: str) -> AttachmentRow | None:
        """Return what an upload of ours is, or has become."""
        ...

    def by_plain_digest(self, plain_digest: str) -> Sequence[AttachmentRow]:
        """Return our complete attachments with this content, oldest first."""
        ...

    def add(self, row: AttachmentRow) -> None:
        """Store a row, unless there is one with the same digest already."""
        ...

    def use(self, digests: Sequence[str]) -> int:
        """Mark complete rows as used; return how many of the digests there are."""
        ...

    def name(self, record: RecordKey, digests: Sequence[str]) -> None:
        """Note which attachments a record's version names, in place of those it named before."""
        ...

    def of_record(self, record: RecordKey) -> Sequence[AttachmentRow]:
        """Return what a record's version names, oldest first."""
        ...

    def unneeded(self, limit: int) -> Sequence[AttachmentRow]:
        """Return used rows that nothing needs.

        No live entry carries them, and every record that names them is withdrawn or discarded.
        """
        ...

    def let_go(self, digest: str, at: datetime) -> bool:
        """Mark a row that nothing needs as no longer used; tell whether it is so still. Bookkeeping."""
        ...

    def remove(self, digest: str) -> None:
        """Remove a row if it is there."""
        ...

    def remove_unused(self, digest: str) -> bool:
        """Remove a row that is still neither used nor needed; tell whether it was removed."""
        ...

    def unused(
        self, *, created_before: datetime, let_go_before: datetime, limit: int
    ) -> Sequence[AttachmentRow]:
        """Return what nothing needs, complete or not, oldest first: never used, or let go before a time."""
        ...

    def used_bytes(self, owner: str) -> int:
        """Return the announced bytes of an owner, incomplete ones included."""
        ...


class BlobStore(Protocol):
    """Attachment ciphertext on disk, under names; appended durably, read from any offset.

    A name is a lowercase hex digest or an id. Who changes a blob holds its name.
    """

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Keep other holders of a name out, in all processes; Refused `conflict` at once if it is held."""
        ...

    def append(self, digest: str, offset: int, parts: Iterable[bytes]) -> int:
        """Append at `offset` (PeerFault `offset-mismatch` when it is not the end); return the new end.

        What was written stays, also when `parts` raises; it is durable when this returns or raises.
        """
        ...

    def truncate(self, digest: str, size: int) -> None:
        """Cut a blob to a size that is not above its own."""
        ...

    def size(self, digest: str) -> int:
        """Return how many bytes there are; 0 when there is no such blob."""
        ...

    def open(self, digest: str, offset: int = 0) -> BinaryIO: ...
    def parts(self, digest: str, offset: int = 0) -> Iterator[bytes]: ...
    def rename(self, temporary: str, digest: str) -> None:
        """Give a blob made under a temporary name its final one, durably, in place of any that has it."""
        ...

    def discard(self, digest: str) -> None:
        """Remove a blob if it is there."""
        ...

    def free_bytes(self) -> int: ...
