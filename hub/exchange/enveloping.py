"""translate → sign → seal: a released record into the envelopes of its recipients; touches no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.entries import Body, OutboxEntry, RecordRow
from hub.envelope import sealing
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u
from hub.envelope.manifest import Approval, AttachmentSecret, Manifest
from hub.envelope.suites import Suite
from hub.envelope.vault import lock
from hub.exchange.abreast import Way, alone
from hub.exchange.broker import Broker, Standing
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState
from hub.records.record import Record


@dataclass(frozen=True, kw_only=True)
class Enveloped:
    """One envelope's bytes at rest, their SHA-256, which receipts name, and its entry for each recipient."""

    body: Body
    digest: bytes
    entries: tuple[OutboxEntry, ...]


def envelop(
    broker: Broker,
    standing: Standing,
    row: RecordRow,
    document: Mapping[str, object],
    content: bytes,
    *,
    recipients: Sequence[str],
    approvals: Callable[[Sequence[str]], tuple[Approval, ...]],
    secrets: tuple[AttachmentSecret, ...],
    at: datetime,
) -> Sequence[Enveloped]:
    """Sign and seal a document for those recipients that are partners."""
    return alone(
        enveloping(
            broker,
            standing,
            row,
            document,
            content,
            recipients=recipients,
            approvals=approvals,
            secrets=secrets,
            at=at,
        )
    )


def enveloping(
    broker: Broker,
    standing: Standing,
    row: RecordRow,
    document: Mapping[str, object],
    content: bytes,
    *,
    recipients: Sequence[str],
    approvals: Callable[[Sequence[str]], tuple[Approval, ...]],
    secrets: tuple[AttachmentSecret, ...],
    at: datetime,
) -> Way[Sequence[Enveloped]]:
    """Take the steps of `envelop`.

    `content` is the document's canonical bytes; `approvals` are told for the recipients of each envelope. One
    envelope serves all direct partners of one suite. A partner behind a relay gets an envelope of its own, so
    that the relay is told of one recipient and the others stay unknown to it.
    """
    made = []
    for (suite, _via), agencies in _groups(standing, recipients).items():
        manifest = Manifest(
            envelope_id=new_id(),
            originator=broker.agency,
            recipients=agencies,
            purpose=row.purpose,
            label_digest=b64u(digest(canonical(row.label))),
            suite=suite,
            created_at=at,
            expires_at=at + timedelta(seconds=broker.limits.time_to_live_s),
            priority=row.priority.value,
            record_id=row.record_id,
            version=row.version,
            kind=row.kind,
            action=row.action,
            conversation=row.conversation,
            in_reply_to=row.in_reply_to,
            approvals=approvals(agencies),
            attachments=secrets,
        )
        yield
        signed = sealing.sign(manifest, document, broker.keyring.signing(), content_bytes=content)
        yield
        sealed = sealing.seal(signed, [standing.partners[agency].public for agency in agencies])
        yield
        made.append(
            Enveloped(
                body=lock(
                    sealed.raw,
                    body_id=manifest.envelope_id,
                    master_key=broker.keyring.master_key(),
                    key=sealed.content_key,
                ),
                digest=sealed.digest,
                entries=tuple(
                    _entry(
                        row,
                        manifest,
                        recipient=agency,
                        lane=standing.partners[agency].lane,
                        sealed_digest=sealed.digest,
                        at=at,
                    )
                    for agency in agencies
                ),
            )
        )
    return made


def translate(record: Record) -> Mapping[str, object]:
    """Return the document of the hubs' own dialect, `record-json/1`: the record itself, with no loss."""
    return record.document


def _groups(
    standing: Standing, recipients: Sequence[str]
) -> Mapping[tuple[Suite, str | None], tuple[str, ...]]:
    groups: dict[tuple[Suite, str | None], tuple[str, ...]] = {}
    for agency in recipients:
        partner = standing.partners.get(agency)
        if partner is None:
            continue
        key = (partner.suite, agency if partner.row.via else None)
        groups[key] = (*groups.get(key, ()), agency)
    return groups


def _entry(
    row: RecordRow,
    manifest: Manifest,
    *,
    recipient: str,
    lane: str,
    sealed_digest: bytes,
    at: datetime,
) -> OutboxEntry:
    return OutboxEntry(
        entry_id=new_id(),
        lane=lane,
        recipient=recipient,
        envelope_id=manifest.envelope_id,
        body_id=manifest.envelope_id,
        record_id=row.record_id,
        version=row.version,
        conversation=row.conversation,
        priority=row.priority,
        state=EntryState.PENDING,
        created_at=at,
        next_at=at,
        expires_at=manifest.expires_at,
        attachments=tuple(secret.digest for secret in manifest.attachments),
        digest=sealed_digest,
    )
