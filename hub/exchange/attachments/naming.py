"""Under which name an attachment's bytes lie, before and after they are whole."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from hub.audit.events import AuditEvent
from hub.entries import AttachmentRow
from hub.errors import Refused
from hub.exchange.broker import Broker

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def refuse_strange_name(digest: str) -> None:
    """Raise Refused `request-invalid` unless this is a SHA-256 in lowercase hex."""
    if _DIGEST.fullmatch(digest) is None:
        raise Refused("request-invalid", "An attachment is named by a SHA-256 in 64 lowercase hex digits.")


def temporary_name(peer: str, digest: str) -> str:
    """Return the name of what a peer is sending: its own, so that no other peer can spoil or fill it."""
    return hashlib.sha256(f"{peer}/{digest}".encode()).hexdigest()


def first_name(row: AttachmentRow) -> str:
    """Return the name a row's bytes lay under, or still lie under, before they were whole."""
    if not row.complete:
        return row.digest
    return row.upload_id or temporary_name(row.owner, row.digest)


def is_whole(broker: Broker, row: AttachmentRow | None) -> bool:
    """Tell whether all bytes lie under the digest; the disk is asked, not the row alone.

    A crash between the commit that says so and the renaming is made good here.
    """
    if row is None or not row.complete:
        return False
    if broker.blobs.size(row.digest) == row.size_bytes:
        return True
    name = first_name(row)
    try:
        with broker.blobs.hold(name):
            if broker.blobs.size(name) == row.size_bytes:
                broker.blobs.rename(name, row.digest)
    except Refused:  # whoever holds it is giving it its name right now
        return False
    return broker.blobs.size(row.digest) == row.size_bytes


def complete(broker: Broker, before: AttachmentRow, after: AttachmentRow, event: AuditEvent) -> None:
    """Commit that checked, durable bytes are whole, then rename them; the caller holds the old name."""
    with broker.store.work() as work:
        work.attachments.remove(before.digest)
        work.attachments.add(after)
        work.stage([event])
        work.commit()
    broker.blobs.rename(before.digest, after.digest)


def give_up(broker: Broker, row: AttachmentRow, event: AuditEvent) -> None:
    """Remove an attachment that is not whole, bytes first; the caller holds its name."""
    broker.blobs.discard(row.digest)
    with broker.store.work() as work:
        work.attachments.remove(row.digest)
        if row.secret_body_id is not None:
            work.bodies.erase(row.secret_body_id)
        work.stage([event])
        work.commit()
