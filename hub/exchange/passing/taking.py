"""open → verify → permit, for what a passage brings: the originator's signatures, its consent, our rules.

What the hub that passes it on says is not believed: its originator must be pinned here, and both the record
and the consent be signed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, PassageRow, Priority, RecordRow, changed
from hub.envelope import sealing
from hub.envelope.manifest import Manifest
from hub.errors import IntegrityFailure, Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.dues.scheduling import scheduled
from hub.exchange.passing.inside import look_inside, read_record
from hub.exchange.passing.signers import Ourselves, Signed, Signer
from hub.exchange.passing.written import question_of_passing
from hub.exchange.preparing import row_of
from hub.exchange.relying import relied_on
from hub.policy.decision import Deny
from hub.ports import View
from hub.records.actor import Actor
from hub.records.kinds import Kind
from hub.records.lifecycle import RecordState
from hub.records.record import Record

_NEVER_SENT: Final = frozenset({RecordState.DRAFT, RecordState.REJECTED, RecordState.DISCARDED})


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What a passage brings: a version of the originator's record, or its recall alone.

    `event` is that of its admission; both are None for a recall without the originator's word. `ours` tells
    that it is our own record, and that the passage tells us who got it. `attachments` are digests of
    ciphertexts.
    """

    passage: PassageRow
    ours: bool = False
    row: RecordRow | None = None
    event: AuditEvent | None = None
    attachments: tuple[str, ...] = ()


def weigh_passage(
    broker: Broker,
    view: View,
    standing: Standing,
    record: Record,
    row: RecordRow,
    manifest: Manifest,
    *,
    envelope_digest: bytes,
    actor: Actor,
    at: datetime,
) -> Passed | None:
    """Verify what a passage that may come brings; None for any other record, and for what is our own.

    `row` and `manifest` are the passage's own. Raises Refused `originator-unknown`, `partner-suspended`,
    `conflict` and `policy-denied`, IntegrityFailure `passage-invalid`, and what `look_inside` raises.
    """
    if record.kind is not Kind.PASSAGE:
        return None
    meant = record.details["record"]
    if meant["originator"] == broker.agency:
        return _told(broker, view, record)
    known = view.passages.get_many([(record.originator, record.id)]).get((record.originator, record.id))
    if known is not None and (known.originator, known.record_id) != (meant["originator"], meant["id"]):
        raise IntegrityFailure("passage-invalid", "The passage held another record before.")
    passage = PassageRow(
        passer=record.originator,
        passage_id=record.id,
        originator=meant["originator"],
        record_id=meant["id"],
        version=meant["version"],
        consent_id="" if known is None else known.consent_id,
    )
    if "signed" not in record.details:
        return Passed(passage=passage)
    originator = standing.partners.get(passage.originator)
    if originator is None:
        raise Refused(
            "originator-unknown",
            f"{passage.originator} is no partner of this hub; nothing of it is taken from others.",
        )
    if not originator.active:
        raise Refused("partner-suspended", f"{passage.originator} is suspended here; nothing of it is taken.")
    inside = look_inside(
        record,
        reader=Signer(broker=broker, view=view, partner=originator),
        agency=broker.agency,
        brought=manifest.attachments,
        on=at.astimezone(UTC).date() if known is None else None,
        max_bytes=broker.limits.record_max_bytes,
    )
    signed, inner = inside.signed, inside.record
    if inside.consent is not None:
        passage = replace(passage, consent_id=inside.consent.id)
        decision = standing.permit(
            question_of_passing(
                inner,
                agreement=row.agreement,
                counterparty=record.originator,
                direction=Direction.IN,
                agency=broker.agency,
                at=at,
            )
        )
        if isinstance(decision, Deny):
            raise Refused("policy-denied", " ".join(reason.sentence for reason in decision.reasons))
    came = _row(standing, row, inner, signed.stated, agency=broker.agency, at=at)
    _refuse_equivocal(view, came)
    return Passed(
        passage=passage,
        row=came,
        attachments=tuple(one.digest for one in manifest.attachments),
        event=broker.event(
            Act.ADMITTED,
            actor,
            inner.id,
            at,
            envelope=row.envelope_id or "",
            envelope_digest=envelope_digest.hex(),
            version=str(inner.version),
            kind=inner.kind.value,
            originator=inner.originator,
            via=record.originator,
            passage=record.id,
            consent=passage.consent_id,
            **({} if signed.card is None else {"card": signed.card}),
            **relied_on(originator, standing.partners.get(actor.id)),
        ),
    )


def _told(broker: Broker, view: View, record: Record) -> Passed:
    """Return the passage of our own record, of which we are told as the originator.

    Raises IntegrityFailure `passage-invalid` for what we never sent.
    """
    meant, reader = record.details["record"], Ourselves(broker=broker)
    read = partial(read_record, by=broker.agency, reader=reader, max_bytes=broker.limits.record_max_bytes)
    if "signed" in record.details:
        signed, _inner = read(record.details["signed"])
        _refuse_forged(view, broker.agency, meant, signed)
    if view.records.get(meant["id"], originator=broker.agency) is None:
        raise IntegrityFailure("passage-invalid", "The record that was passed on is not one of this hub.")
    key = record.originator, record.id
    known = view.passages.get_many([key]).get(key)
    consent_id = "" if known is None else known.consent_id
    if "consent" in record.details:
        _signed, consent = read(record.details["consent"])
        consent_id = consent.id
    passage = PassageRow(
        passer=record.originator,
        passage_id=record.id,
        originator=broker.agency,
        record_id=meant["id"],
        version=meant["version"],
        consent_id=consent_id,
    )
    return Passed(passage=passage, ours=True)


def _refuse_forged(view: View, us: str, meant: Mapping[str, Any], signed: Signed) -> None:
    """Raise IntegrityFailure `passage-invalid` for what a key of ours signed and this hub never sent.

    Of a version whose content was erased nothing is left to compare with.
    """
    ours = view.records.get(meant["id"], meant["version"], originator=us)
    sent = ours is not None and ours.state not in _NEVER_SENT
    if ours is not None and sent and view.bodies.get_many([ours.body_id]):
        sent = ours.digest == signed.stated.content_digest
    if not sent:
        raise IntegrityFailure(
            "passage-invalid",
            "Our signature is on it, and it is not what this hub sent: somebody else may have a key of ours.",
        )


def _row(
    standing: Standing,
    passage: RecordRow,
    inner: Record,
    stated: sealing.Stated,
    *,
    agency: str,
    at: datetime,
) -> RecordRow:
    row = row_of(
        inner,
        body_id=passage.body_id,
        digest=stated.content_digest,
        recipients=tuple(one for one in passage.recipients if one != inner.originator),
        priority=Priority(stated.manifest.priority),
        author=inner.originator,
        direction=Direction.IN,
        envelope_id=passage.envelope_id,
        expires_at=passage.expires_at,
    )
    # It came under the passage's agreement: its own is between others.
    via = changed(row, via=passage.originator, agreement=passage.agreement, articles=passage.articles)
    return scheduled(standing, via, inner, agency=agency, at=at)


def _refuse_equivocal(view: View, row: RecordRow) -> None:
    """Raise Refused `conflict` for other content under a version that is here: one of both was never sent."""
    key = row.originator, row.record_id, row.version
    here = view.records.get_many([key]).get(key)
    if here is not None and here.digest != row.digest:
        raise Refused("conflict", f"Version {row.version} of the record is here with other content.")
