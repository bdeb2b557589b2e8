"""announce → upload: an officer's or a member system's bytes are encrypted as they come, chunk by chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hub.audit.events import Act
from hub.entries import AttachmentRow
from hub.envelope.attachments import cut, decrypt_chunks, encrypt_chunk
from hub.errors import IntegrityFailure, PeerFault, Refused
from hub.exchange.attachments.naming import complete, give_up
from hub.exchange.attachments.plan import Plan, lock_plan, make_plan, read_plan
from hub.exchange.attachments.space import as_space_allows, refuse_too_large, refuse_without_space
from hub.exchange.broker import Broker
from hub.exchange.switch import while_flowing
from hub.policy.decision import Deny
from hub.policy.four_eyes import may_draft
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id


@dataclass(frozen=True, kw_only=True)
class Upload:
    """How far an upload is: content from `offset` on is still to come, at least `chunk_bytes` at a time.

    `digest` is the SHA-256 of the content (lowercase hex) once it is whole: what a record names.
    """

    upload_id: str
    size_bytes: int
    chunk_bytes: int
    offset: int
    digest: str | None = None


class _Digests:
    """The running digests of content and ciphertext."""

    def __init__(self) -> None:
        self._plain, self._sealed = hashlib.sha256(), hashlib.sha256()

    def content(self, plain: bytes | memoryview) -> None:
        self._plain.update(plain)

    def ciphertext(self, sealed: bytes) -> None:
        self._sealed.update(sealed)

    @property
    def hex(self) -> tuple[str, str]:
        return self._plain.hexdigest(), self._sealed.hexdigest()


def announce(broker: Broker, actor: Actor, *, size_bytes: int) -> str:
    """Take note of an attachment that is to come, of this much content; return the upload's id.

    Raises Refused `role-missing`, `attachment-too-large` and `quota-exceeded` before the first byte.
    """
    decision = may_draft(actor)
    if isinstance(decision, Deny):
        raise Refused("role-missing", decision.reasons[0].sentence)
    if size_bytes < 1:
        raise Refused("request-invalid", f"An attachment has at least one byte; this one has {size_bytes}.")
    refuse_too_large(broker, size_bytes)
    at, upload_id, plan = broker.clock.now(), new_id(), make_plan(broker, size_bytes)
    secret = lock_plan(broker, plan, body_id=new_id())
    row = AttachmentRow(
        digest=upload_id,
        upload_id=upload_id,
        size_bytes=plan.sealed_bytes,
        owner=actor.agency,
        created_at=at,
        secret_body_id=secret.body_id,
    )
    event = broker.event(Act.ATTACHED, actor, upload_id, at, step="announced", bytes=str(size_bytes))
    with broker.store.work() as work:
        refuse_without_space(broker, work, owner=row.owner, size_bytes=row.size_bytes)
        work.bodies.add([secret])
        work.attachments.add(row)
        work.stage([event])
        work.commit()
    return upload_id


def progress(broker: Broker, actor: Actor, upload_id: str) -> Upload:
    """Return from which offset an upload goes on; raise Refused `not-found` for one of another agency."""
    row, plan = _find(broker, actor, upload_id)
    return _state(row, plan, stored=broker.blobs.size(upload_id))


def upload(broker: Broker, actor: Actor, upload_id: str, offset: int, parts: Iterable[bytes]) -> Upload:
    """Append content from `offset` on and return how far it is now; `parts` may end, or break, anywhere.

    Content is kept in whole chunks: what does not fill one is dropped and must come again. With the last
    byte the attachment becomes whole; to repeat that call is harmless. Raises PeerFault `offset-mismatch`
    (with `offset` in its details), Refused `conflict` while another call writes, and IntegrityFailure
    `attachment-mismatch` for more than was announced.
    """
    with broker.blobs.hold(upload_id):
        row, plan = _find(broker, actor, upload_id)
        before = _state(row, plan, stored=broker.blobs.size(upload_id))
        if offset != before.offset:
            raise PeerFault(
                "offset-mismatch",
                f"This upload goes on from {before.offset}, not from {offset}.",
                offset=before.offset,
            )
        if row.complete:
            return before
        digests = _Digests() if offset == 0 else None
        flowing = while_flowing(broker, actor.agency, parts) if _is_members(actor) else parts
        stored = _append(broker, row, plan, flowing, digests)
        if stored == row.size_bytes:
            return _finish(broker, actor, row, plan, digests)
    after = _state(row, plan, stored=stored)
    if after.offset == offset:
        raise Refused(
            "request-invalid", f"Send at least {plan.chunk_bytes} bytes at a time, or all that is left."
        )
    return after


def _is_members(actor: Actor) -> bool:
    """Tell whether a member's system acts: its agency may be suspended."""
    return actor.kind is ActorKind.SYSTEM


def _find(broker: Broker, actor: Actor, upload_id: str) -> tuple[AttachmentRow, Plan]:
    with broker.store.read() as view:
        row = view.attachments.by_upload(upload_id)
        if row is None or row.owner != actor.agency:
            raise Refused("not-found", f"There is no upload {upload_id} here.")
        return row, read_plan(broker, view, row)


def _state(row: AttachmentRow, plan: Plan, *, stored: int) -> Upload:
    whole = min(stored // plan.sealed_chunk * plan.chunk_bytes, plan.last * plan.chunk_bytes)
    ended = row.complete or stored == row.size_bytes
    return Upload(
        upload_id=row.upload_id or "",
        size_bytes=plan.plain_bytes,
        chunk_bytes=plan.chunk_bytes,
        offset=plan.plain_bytes if ended else whole,
        digest=row.plain_digest,
    )


def _append(
    broker: Broker, row: AttachmentRow, plan: Plan, parts: Iterable[bytes], digests: _Digests | None
) -> int:
    """Encrypt and append; return how much ciphertext there is now. A torn chunk at the end is cut first."""
    stored = broker.blobs.size(row.digest)
    if stored == row.size_bytes:
        index, begin = plan.last + 1, stored
    else:
        index = min(stored // plan.sealed_chunk, plan.last)
        begin = index * plan.sealed_chunk
    if stored > begin:
        broker.blobs.truncate(row.digest, begin)
    sealed = as_space_allows(broker, _encrypted(parts, plan, index, digests))
    return broker.blobs.append(row.digest, begin, sealed)


def _encrypted(parts: Iterable[bytes], plan: Plan, first: int, digests: _Digests | None) -> Iterator[bytes]:
    """Yield the ciphertext of each whole chunk, the last one only once no byte follows it."""
    for index, (chunk, ended) in enumerate(cut(parts, plan.chunk_bytes), first):
        due = plan.content_of(index)
        if len(chunk) > due or (index == plan.last and not ended):
            raise IntegrityFailure(
                "attachment-mismatch", f"More came than the {plan.plain_bytes} bytes that were announced."
            )
        if not chunk or len(chunk) < due:
            return
        sealed = encrypt_chunk(chunk, key=plan.key, number=index, last=index == plan.last)
        if digests is not None:
            digests.content(chunk)
            digests.ciphertext(sealed)
        yield sealed


def _finish(broker: Broker, actor: Actor, row: AttachmentRow, plan: Plan, digests: _Digests | None) -> Upload:
    """Take note that all is there; the digests of a resumed upload are had by reading it once more."""
    at = broker.clock.now()
    try:
        plain, sealed = (digests or _read_again(broker, row, plan)).hex
    except IntegrityFailure:
        give_up(
            broker, row, broker.event(Act.REFUSED, actor, row.upload_id or "", at, code="attachment-mismatch")
        )
        raise IntegrityFailure(
            "attachment-mismatch", "What was stored of this upload was damaged; announce it again."
        ) from None
    whole = replace(row, digest=sealed, complete=True, plain_digest=plain)
    event = broker.event(
        Act.ATTACHED, actor, row.upload_id or "", at, step="whole", digest=sealed, bytes=str(plan.plain_bytes)
    )
    complete(broker, row, whole, event)
    return _state(whole, plan, stored=row.size_bytes)


def _read_again(broker: Broker, row: AttachmentRow, plan: Plan) -> _Digests:
    digests = _Digests()

    def ciphertext() -> Iterator[bytes]:
        for part in broker.blobs.parts(row.digest):
            digests.ciphertext(part)
            yield part

    for chunk in decrypt_chunks(ciphertext(), key=plan.key, chunk_bytes=plan.chunk_bytes):
        digests.content(chunk)
    return digests
