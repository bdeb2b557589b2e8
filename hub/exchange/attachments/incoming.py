"""A partner's ciphertext: room first, then bytes from any offset, then the digest that it is named by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from hub.audit.events import Act
from hub.entries import AttachmentRow, PartnerRow
from hub.errors import IntegrityFailure, PeerFault, Refused
from hub.exchange.attachments.naming import (
    complete,
    give_up,
    is_whole,
    refuse_strange_name,
    temporary_name,
)
from hub.exchange.attachments.space import as_space_allows, refuse_too_large_sealed, refuse_without_space
from hub.exchange.broker import Broker
from hub.exchange.switch import refuse_suspended, while_flowing
from hub.ports import View
from hub.records.actor import Actor, ActorKind


def announce_incoming(broker: Broker, peer_agency: str, digest: str, size_bytes: int) -> None:
    """Take note of an attachment that a partner is to send; harmless when it is known already.

    Raises Refused `partner-suspended`, `attachment-too-large` and `quota-exceeded` before the first byte, and
    IntegrityFailure `attachment-mismatch` for another size than before.
    """
    refuse_strange_name(digest)
    if size_bytes < 1:
        raise Refused("request-invalid", f"An attachment has at least one byte; this one has {size_bytes}.")
    refuse_too_large_sealed(broker, size_bytes)
    if _known(broker, peer_agency, digest, size_bytes):
        return
    at = broker.clock.now()
    row = AttachmentRow(
        digest=temporary_name(peer_agency, digest),
        size_bytes=size_bytes,
        owner=peer_agency,
        created_at=at,
    )
    details = {"step": "announced", "bytes": str(size_bytes), "digest": digest}
    with broker.store.work() as work:
        refuse_without_space(broker, work, owner=peer_agency, size_bytes=size_bytes)
        work.attachments.add(row)
        work.stage([broker.event(Act.ATTACHED, _actor(peer_agency), digest, at, **details)])
        work.commit()


def _known(broker: Broker, peer: str, digest: str, size_bytes: int) -> bool:
    with broker.store.read() as view:
        _refuse_inactive(broker, view, peer)
        row, _whole = _look(broker, view, peer, digest)
    if row is not None and row.size_bytes != size_bytes:
        raise IntegrityFailure(
            "attachment-mismatch",
            f"This attachment was announced with {row.size_bytes} bytes before, now with {size_bytes}.",
        )
    return row is not None


def offset(broker: Broker, peer_agency: str, digest: str) -> int:
    """Return from which offset a partner's attachment goes on: its size when it is whole, 0 when unknown."""
    refuse_strange_name(digest)
    with broker.store.read() as view:
        _refuse_inactive(broker, view, peer_agency)
        row, whole = _look(broker, view, peer_agency, digest)
    if row is None or whole:
        return 0 if row is None else row.size_bytes
    stored = broker.blobs.size(row.digest)
    if stored < row.size_bytes:
        return stored
    # All bytes are here, but the hub stopped before it had checked them.
    return receive_part(broker, peer_agency, digest, stored, row.size_bytes, ())


def receive_part(
    broker: Broker, peer_agency: str, digest: str, offset: int, total: int, parts: Iterable[bytes]
) -> int:
    """Append a partner's ciphertext from `offset` on and return the new offset; `parts` may end anywhere.

    With the last byte the digest is checked: the attachment is whole, or nothing of it is kept. To repeat
    this for what is whole is harmless. Raises what `announce_incoming` does, PeerFault `offset-mismatch`
    (with `offset` in its details), Refused `conflict` while another call writes, and IntegrityFailure
    `attachment-mismatch` for other bytes, or more, than were announced.
    """
    announce_incoming(broker, peer_agency, digest, total)
    name = temporary_name(peer_agency, digest)
    with broker.blobs.hold(name):
        with broker.store.read() as view:
            row, whole = _look(broker, view, peer_agency, digest)
        if whole:
            return total
        if row is None:
            raise Refused("conflict", "The attachment was forgotten meanwhile; send it again.")
        stored = broker.blobs.size(name)
        if offset != stored:
            raise PeerFault(
                "offset-mismatch",
                f"This attachment goes on from {stored}, not from {offset}.",
                offset=stored,
            )
        running = hashlib.sha256()
        flowing = while_flowing(broker, peer_agency, parts)
        taken = as_space_allows(broker, _bounded(flowing, total - offset, running.update))
        stored = broker.blobs.append(name, offset, taken)
        if stored == total:
            _finish(broker, row, digest, _digest_of(broker, name) if offset else running.hexdigest())
    return stored


def fetch(broker: Broker, partner: PartnerRow, digest: str, size_bytes: int) -> None:
    """Fetch an attachment that a partner's mailbox names, going on where an earlier fetch stopped.

    Raises what `receive_part` and the carrier do, and PeerFault `attachment-missing` when it ends too soon.
    """
    announce_incoming(broker, partner.agency, digest, size_bytes)
    stored = offset(broker, partner.agency, digest)
    if stored < size_bytes:
        parts = broker.carrier.fetch_attachment(partner, digest, stored)
        stored = receive_part(broker, partner.agency, digest, stored, size_bytes, parts)
    if stored < size_bytes:
        raise PeerFault("attachment-missing", f"{stored} of {size_bytes} bytes of an attachment have come.")


def _look(broker: Broker, view: View, peer: str, digest: str) -> tuple[AttachmentRow | None, bool]:
    """Return what is known of an attachment that a peer sends, and whether it is whole."""
    row = view.attachments.get(digest)
    if is_whole(broker, row):
        return row, True
    return view.attachments.get(temporary_name(peer, digest)), False


def _refuse_inactive(broker: Broker, view: View, peer: str) -> None:
    standing = broker.standings.of(view)
    standing.partner(peer)
    refuse_suspended(standing, peer)


def _bounded(parts: Iterable[bytes], room: int, note: Callable[[bytes], object]) -> Iterator[bytes]:
    """Pass parts on and note them; stop before the first byte that was not announced."""
    for part in parts:
        if len(part) > room:
            raise IntegrityFailure("attachment-mismatch", "More bytes came than were announced.")
        room -= len(part)
        note(part)
        yield part


def _finish(broker: Broker, row: AttachmentRow, digest: str, actual: str) -> None:
    at, actor = broker.clock.now(), _actor(row.owner)
    if actual != digest:
        give_up(broker, row, broker.event(Act.REFUSED, actor, digest, at, code="attachment-mismatch"))
        raise IntegrityFailure(
            "attachment-mismatch", f"The bytes that came for attachment {digest} are not what it is named by."
        )
    event = broker.event(Act.ATTACHED, actor, digest, at, step="whole", bytes=str(row.size_bytes))
    complete(broker, row, replace(row, digest=digest, complete=True), event)


def _digest_of(broker: Broker, name: str) -> str:
    running = hashlib.sha256()
    for part in broker.blobs.parts(name):
        running.update(part)
    return running.hexdigest()


def _actor(peer: str) -> Actor:
    return Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
