"""Whether there is room: asked before the first byte of an attachment is taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.envelope.manifest import CHUNK_MIN_BYTES, encrypted_size
from hub.errors import OurFault, Refused
from hub.exchange.broker import Broker
from hub.ports import View


def refuse_too_large(broker: Broker, plain_bytes: int) -> None:
    """Raise Refused `attachment-too-large` when content is above the limit."""
    limit = broker.limits.attachment_max_bytes
    if plain_bytes > limit:
        raise Refused(
            "attachment-too-large", f"An attachment has at most {limit} bytes; this one has {plain_bytes}."
        )


def refuse_too_large_sealed(broker: Broker, sealed_bytes: int) -> None:
    """Raise Refused `attachment-too-large` when no content within the limit has this much ciphertext."""
    most = encrypted_size(broker.limits.attachment_max_bytes, CHUNK_MIN_BYTES)
    if sealed_bytes > most:
        raise Refused(
            "attachment-too-large",
            f"An encrypted attachment has at most {most} bytes here; this one has {sealed_bytes}.",
        )


def refuse_without_space(broker: Broker, view: View, *, owner: str, size_bytes: int) -> None:
    """Raise Refused `quota-exceeded` when the owner's quota, or OurFault when the disk, cannot take it."""
    quota, used = broker.limits.attachment_quota_bytes, view.attachments.used_bytes(owner)
    if used + size_bytes > quota:
        raise Refused(
            "quota-exceeded",
            f"{owner} uses {used} of {quota} bytes for attachments; {size_bytes} more do not fit.",
        )
    _refuse_to_fill_disk(broker, size_bytes)


def as_space_allows(broker: Broker, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Pass parts on while the disk has room for them; raise OurFault `storage-unavailable` before it has not.

    What was announced by many at once fits the disk one by one, and not together.
    """
    for part in parts:
        _refuse_to_fill_disk(broker, len(part))
        yield part


def _refuse_to_fill_disk(broker: Broker, size_bytes: int) -> None:
    """Raise OurFault rather than take what is reserved for the database, which lies on the same disk."""
    free, reserve = broker.blobs.free_bytes(), broker.limits.disk_reserve_bytes
    if size_bytes > free - reserve:
        raise OurFault(
            "storage-unavailable",
            f"The disk has {free} bytes free, of which {reserve} are reserved; {size_bytes} more do not fit.",
        )
