"""Records name attachments by the digest of their content, envelopes by the digest of their ciphertext."""

from __future__ import annotations

from collections.abc import Sequence

from hub.entries import AttachmentRow
from hub.envelope.manifest import AttachmentSecret, Manifest
from hub.envelope.passing import attachments_in
from hub.errors import IntegrityFailure, PeerFault
from hub.exchange.attachments.naming import is_whole
from hub.exchange.attachments.plan import Plan, read_plan
from hub.exchange.broker import Broker
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.kinds import Kind
from hub.records.record import AttachmentRef, Record


def attach(work: UnitOfWork, broker: Broker, actor: Actor, record: Record, *, revised: bool = False) -> None:
    """Check that what a draft names is here, whole and of the stated size, and keep it from being forgotten.

    A `revised` draft no longer keeps what it named before. A system attaches only what its own agency
    uploaded: to know a digest is no right to the content. Raises PeerFault `attachment-missing` and
    IntegrityFailure `attachment-mismatch`.
    """
    named: list[str] = []
    if passed := _passed(record):
        named = [secret.digest for secret in passed]
        _refuse_missing(work, broker, passed)
    for ref in () if passed else record.attachments:
        mine = [
            row
            for row in work.attachments.by_plain_digest(ref.digest)
            if actor.kind is not ActorKind.SYSTEM or row.owner == actor.agency
        ]
        row, _plan = _held(work, broker, ref, mine)
        named.append(row.digest)
    use(work, named)
    if named or revised:
        work.attachments.name((record.originator, record.id, record.version), named)


def secrets_for(view: View, broker: Broker, record: Record) -> tuple[AttachmentSecret, ...]:
    """Return what opens a record's attachments, for the manifest of its envelopes.

    Only what was attached when the record was drafted counts. Raises PeerFault `attachment-missing` and
    IntegrityFailure `attachment-mismatch`.
    """
    if not record.attachments:
        return ()
    if passed := _passed(record):
        _refuse_missing(view, broker, passed)
        return passed
    attached = view.attachments.of_record((record.originator, record.id, record.version))
    return tuple(_secret(view, broker, ref, attached) for ref in record.attachments)


def _passed(record: Record) -> tuple[AttachmentSecret, ...]:
    """Return what opens the attachments of another agency's record in a passage: its originator's secrets.

    The same ciphertext goes on under the same digest, which that originator signed.
    """
    signed = record.details.get("signed") if record.kind is Kind.PASSAGE else None
    return () if signed is None else attachments_in(signed)


def _refuse_missing(view: View, broker: Broker, secrets: Sequence[AttachmentSecret]) -> None:
    for secret in secrets:
        if not is_whole(broker, view.attachments.get(secret.digest)):
            raise PeerFault(
                "attachment-missing", f"The bytes of attachment {secret.plain_digest} are not here any more."
            )


def _secret(
    view: View, broker: Broker, ref: AttachmentRef, attached: Sequence[AttachmentRow]
) -> AttachmentSecret:
    row, plan = _held(view, broker, ref, [row for row in attached if row.plain_digest == ref.digest])
    return AttachmentSecret(
        digest=row.digest,
        size_bytes=row.size_bytes,
        plain_digest=ref.digest,
        plain_bytes=plan.plain_bytes,
        chunk_bytes=plan.chunk_bytes,
        key=plan.key,
    )


def _held(
    view: View, broker: Broker, ref: AttachmentRef, rows: Sequence[AttachmentRow]
) -> tuple[AttachmentRow, Plan]:
    row = next((row for row in rows if is_whole(broker, row)), None)
    if row is None:
        raise PeerFault(
            "attachment-missing", f"The record names attachment {ref.digest}, which was not uploaded here."
        )
    plan = read_plan(broker, view, row)
    if plan.plain_bytes != ref.size_bytes:
        raise IntegrityFailure(
            "attachment-mismatch",
            f"The record says {ref.size_bytes} bytes for attachment {ref.digest}; it has {plan.plain_bytes}.",
        )
    return row, plan


def refuse_unbound(record: Record, manifest: Manifest) -> None:
    """Raise IntegrityFailure `binding-mismatch` unless the manifest opens exactly what the record names."""
    named = {(ref.digest, ref.size_bytes) for ref in record.attachments}
    opened = {(secret.plain_digest, secret.plain_bytes) for secret in manifest.attachments}
    if named != opened:
        raise IntegrityFailure(
            "binding-mismatch", "The envelope does not bring the attachments that the record names."
        )


def missing(view: View, broker: Broker, digests: Sequence[str]) -> tuple[str, ...]:
    """Return those of an envelope's attachments that are not here whole.

    Raises PeerFault `envelope-malformed` when there are more than a record may have.
    """
    limit = broker.limits.attachments_per_record_max
    if len(digests) > limit:
        raise PeerFault("envelope-malformed", f"{len(digests)} attachments are more than the limit {limit}.")
    return tuple(digest for digest in digests if not is_whole(broker, view.attachments.get(digest)))


def use(work: UnitOfWork, digests: Sequence[str]) -> None:
    """Keep attachments from being forgotten, in the transaction that stores what names them.

    Raises PeerFault `attachment-missing` when one was forgotten since it was looked for.
    """
    wanted = sorted(set(digests))
    if wanted and work.attachments.use(wanted) != len(wanted):
        raise PeerFault("attachment-missing", "An attachment was forgotten meanwhile and must come again.")
