"""open → verify → permit, for what a passage brings: the originator's signatures, its consent, our rules.

What the hub that passes it on says is not believed: its originator must be pinned here, and both the record
and the consent be signed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, PassageRow, Priority, RecordRow, changed
from hub.envelope import sealing
from hub.envelope.manifest import RECORD_JSON, Manifest
from hub.envelope.passing import as_jws
from hub.errors import IntegrityFailure, Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.dues.scheduling import scheduled
from hub.exchange.passing.signers import Ourselves, Signed, Signer
from hub.exchange.passing.written import NEVER_PASSED, question_of_passing
from hub.exchange.preparing import row_of
from hub.exchange.relying import relied_on
from hub.policy.decision import Deny
from hub.ports import View
from hub.records.actor import Actor
from hub.records.kinds import Action, Kind
from hub.records.record import Record, load_record


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What a passage brings: a version of the originator's record, or its recall alone.

    `event` is that of its admission; both are None for a recall without the originator's word. `ours` tells
    that it is our own record, and that the passage tells us who got it.
    """

    passage: PassageRow
    ours: bool = False
    row: RecordRow | None = None
    event: AuditEvent | None = None


def weigh_passage(
    broker: Broker,
    view: View,
    standing: Standing,
    record: Record,
    row: RecordRow,
    *,
    envelope_digest: bytes,
    actor: Actor,
    at: datetime,
) -> Passed | None:
    """Verify what a passage that may come brings; None for any other record, and for what is our own.

    `row` is the passage's own. Raises Refused `originator-unknown`, `partner-suspended`, `consent-mismatch`,
    `consent-ended`, `conflict` and `policy-denied`, IntegrityFailure `passage-invalid`, and what verifying a
    signed record raises.
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
    signer = Signer(broker=broker, view=view, partner=originator)
    signed, inner = _read(broker, record.details["signed"], by=passage.originator, signer=signer)
    stated = signed.stated
    _refuse_other(record, stated.manifest, inner)
    if inner.action is not Action.WITHDRAWAL:
        consent = _consent(broker, record, inner, signer=signer)
        if known is None and consent.details["until"] < at.astimezone(UTC).date().isoformat():
            raise Refused("consent-ended", f"The consent of {inner.originator} has ended.")
        passage = replace(passage, consent_id=consent.id)
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
    came = _row(standing, row, inner, stated, agency=broker.agency, at=at)
    _refuse_equivocal(view, came)
    return Passed(
        passage=passage,
        row=came,
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

    Raises IntegrityFailure `passage-invalid` for what we never signed.
    """
    meant, signer = record.details["record"], Ourselves(broker=broker)
    if "signed" in record.details:
        _read(broker, record.details["signed"], by=broker.agency, signer=signer)
    if view.records.get(meant["id"], originator=broker.agency) is None:
        raise IntegrityFailure("passage-invalid", "The record that was passed on is not one of this hub.")
    key = record.originator, record.id
    known = view.passages.get_many([key]).get(key)
    consent_id = "" if known is None else known.consent_id
    if "consent" in record.details:
        _signed, consent = _read(broker, record.details["consent"], by=broker.agency, signer=signer)
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


def _read(
    broker: Broker, jws: Mapping[str, object], *, by: str, signer: Signer | Ourselves
) -> tuple[Signed, Record]:
    signed = signer.read(as_jws(jws))
    stated = signed.stated
    stated.refuse_contradiction()
    if stated.manifest.dialect != RECORD_JSON or not stated.manifest.approvals:
        raise IntegrityFailure("passage-invalid", "What was signed is no record that somebody released.")
    record = load_record(stated.content, max_bytes=broker.limits.record_max_bytes)
    if not record.originator == stated.manifest.originator == by:
        raise IntegrityFailure("originator-mismatch", "The record inside names another originator.")
    return signed, record


def _refuse_other(passage: Record, manifest: Manifest, inner: Record) -> None:
    """Raise IntegrityFailure `passage-invalid` when a passage holds another record than it says."""
    meant = passage.details["record"]
    if (inner.originator, inner.id, inner.version) != (meant["originator"], meant["id"], meant["version"]):
        raise IntegrityFailure("passage-invalid", "The passage names another record than is in it.")
    if inner.kind in NEVER_PASSED or inner.attachments or manifest.attachments:
        raise IntegrityFailure("passage-invalid", "The passage holds what is never passed on.")
    if (passage.action is Action.WITHDRAWAL) is not (inner.action is Action.WITHDRAWAL):
        raise IntegrityFailure("passage-invalid", "A withdrawal is passed on by withdrawing its passage.")


def _consent(broker: Broker, passage: Record, inner: Record, *, signer: Signer) -> Record:
    """Return the originator's consent; raise Refused `consent-mismatch` unless it lets us have the record.

    It must be for this record, name us, and have been given to the hub that passes it on.
    """
    signed, consent = _read(broker, passage.details["consent"], by=inner.originator, signer=signer)
    details: Mapping[str, Any] = consent.details
    wrong = None
    if consent.kind is not Kind.CONSENT or consent.action is Action.WITHDRAWAL:
        wrong = f"what travels is a {consent.kind.value} and no consent"
    elif details["decision"] != "granted":
        wrong = f"{consent.originator} has refused it"
    elif details["record"]["id"] != inner.id:
        wrong = "it is for another record"
    elif broker.agency not in details["pass_to"]:
        wrong = f"it does not name {broker.agency}"
    elif passage.originator not in signed.stated.manifest.recipients:
        wrong = f"it was not given to {passage.originator}"
    if wrong is not None:
        raise Refused("consent-mismatch", f"The consent does not let it be passed on: {wrong}.")
    return consent


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
