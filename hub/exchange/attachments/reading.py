"""Reading an attachment: logged first, decrypted by chunks, and proven whole before its end is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import Direction, RecordRow
from hub.envelope.attachments import decrypt_chunks
from hub.envelope.manifest import AttachmentSecret
from hub.errors import IntegrityFailure, PeerFault, Refused
from hub.exchange.access import Said, confined, permit_collecting, refuse_access
from hub.exchange.attachments.binding import secrets_for
from hub.exchange.attachments.naming import is_whole
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row, read_content, read_manifest
from hub.exchange.recipients import permit_member
from hub.exchange.showing import let_out
from hub.exchange.switch import while_flowing
from hub.policy.access import Doing
from hub.policy.decision import Deny
from hub.policy.four_eyes import may
from hub.ports import View
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import RecordState


def read_attachment(
    broker: Broker,
    actor: Actor,
    record_id: str,
    plain_digest: str,
    *,
    justification: str | None,
    version: int | None = None,
    originator: str | None = None,
    offset: int = 0,
    covered: Callable[[str], bool] = lambda kind: True,
) -> Iterator[bytes]:
    """Return the content of a record's attachment from an offset on; the read is logged before it leaves.

    An officer needs the role of reader; a member's system reads what was delivered to its agency, of the
    kinds `covered` by its token, as far as the rules of this moment let it have them. Nobody reads what
    was withdrawn. What was sent is proven against the record's digest before the last piece is handed out,
    so that nobody ends up with a whole file that is not the one the record names; an offset therefore saves
    the way, not the work.
    Raises Refused `role-missing`, `clearance-missing`, `policy-forbids`, `scope-missing`, `policy-denied`,
    `justification-missing`, `not-found`, `range-invalid`, PeerFault `attachment-missing`, and, while it is
    read, IntegrityFailure `chunk-invalid` or `attachment-mismatch`.
    """
    why = justified(justification)
    at = broker.clock.now()
    with broker.store.read() as view:
        row = find_row(view, record_id, version, originator=originator)
        _refuse_stranger(view, actor, row, covered)
        _refuse_out_of_force(broker, view, actor, row, at, why)
        secret = _find_secret(broker, view, row, plain_digest)
        held = view.attachments.get(secret.digest)
    if not 0 <= offset <= secret.plain_bytes:
        raise Refused(
            "range-invalid", f"The attachment has {secret.plain_bytes} bytes; {offset} is beyond its end."
        )
    if not is_whole(broker, held):
        raise PeerFault("attachment-missing", f"The bytes of attachment {plain_digest} are not here.")
    told = {"version": str(row.version), "attachment": secret.digest}
    if actor.kind is ActorKind.SYSTEM:
        told["recipients"] = actor.agency
    act = Act.DISCLOSED if actor.kind is ActorKind.SYSTEM else Act.CONSULTED
    event = broker.event(act, actor, record_id, at, justification=why, **told)
    with broker.store.work() as work:
        now = find_row(work, record_id, row.version, originator=row.originator)
        if now.body_id != row.body_id:
            raise Refused("conflict", "The record was changed while it was opened; read it again.")
        _refuse_out_of_force(broker, work, actor, now, at, why)
        (shown,) = let_out(work, [secret], [event])
    content = _decrypted(broker, shown, offset)
    return while_flowing(broker, actor.agency, content) if actor.kind is ActorKind.SYSTEM else content


def _refuse_stranger(view: View, actor: Actor, row: RecordRow, covered: Callable[[str], bool]) -> None:
    if actor.kind is ActorKind.SYSTEM:
        delivered = {
            (to.member, to.originator, to.version) for to in view.deliveries.of_record(row.record_id)
        }
        if (actor.agency, row.originator, row.version) not in delivered:
            raise Refused("not-found", f"There is no record {row.record_id} for {actor.agency} here.")
        if not covered(row.kind):
            raise Refused("scope-missing", f"The token's scopes do not include collect:{row.kind}.")
        return
    decision = may(actor, Role.READER)
    if isinstance(decision, Deny):
        raise Refused("role-missing", decision.reasons[0].sentence)


def _refuse_out_of_force(
    broker: Broker, view: View, actor: Actor, row: RecordRow, at: datetime, why: str
) -> None:
    """Refuse what was withdrawn to all, and to each what the rules of this moment deny them."""
    if row.state is RecordState.WITHDRAWN:
        raise Refused("not-found", f"Record {row.record_id} was withdrawn, and its attachments with it.")
    if actor.kind is ActorKind.SYSTEM:
        standing = broker.standings.of(view)
        decision = permit_member(standing, row, actor.agency, agency=broker.agency, at=at)
        if not isinstance(decision, Deny):
            groups = confined(view, [row.record_id])
            decision = permit_collecting(broker, standing, row, actor, compartments=groups)
        if isinstance(decision, Deny):
            raise Refused("policy-denied", decision.reasons[0].sentence)
    else:
        refuse_access(broker, view, row, actor, Doing.READ, said=Said(justification=why))


def _find_secret(broker: Broker, view: View, row: RecordRow, plain_digest: str) -> AttachmentSecret:
    """Return what opens an attachment that the record itself names: ours from the vault, theirs as sealed."""
    record = read_content(broker, view, row)
    if plain_digest not in {ref.digest for ref in record.attachments}:
        raise Refused("not-found", f"The record names no attachment {plain_digest}.")
    if row.direction is Direction.OUT:
        secrets = secrets_for(view, broker, record)
    else:
        secrets = read_manifest(broker, view, row).attachments
    for secret in secrets:
        if secret.plain_digest == plain_digest:
            return secret
    raise PeerFault("attachment-missing", f"The envelope brought no key for attachment {plain_digest}.")


def _decrypted(broker: Broker, secret: AttachmentSecret, offset: int) -> Iterator[bytes]:
    """Yield content from an offset on, one piece behind, so that the last one waits for the digest."""
    running, position, held = hashlib.sha256(), 0, b""
    sealed = broker.blobs.parts(secret.digest)
    for chunk in decrypt_chunks(sealed, key=secret.key, chunk_bytes=secret.chunk_bytes):
        if held:
            yield held
        running.update(chunk)
        held = chunk[max(0, offset - position) :]
        position += len(chunk)
    if position != secret.plain_bytes or running.hexdigest() != secret.plain_digest:
        raise IntegrityFailure(
            "attachment-mismatch", "The attachment's content is not what the record names it by."
        )
    if held:
        yield held
