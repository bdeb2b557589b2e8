"""translate → sign → seal for partners without a hub, and the loss report that a releasing officer reads.

Whatever is judged and shown is made of the same translation: formats are pure, so the bytes that were
judged are those that are sealed. Nothing here touches a store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hub.codes import CODES, Blame
from hub.entries import Body, OutboxEntry, ParcelRow, ProfileRow, RecordRow
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u
from hub.envelope.manifest import Approval
from hub.envelope.parcels import ParcelStatement, losses_of_all, sign_parcel
from hub.envelope.vault import lock
from hub.errors import Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.recipients import Verdict
from hub.policy.decision import Deny, Reason
from hub.ports import Remark, Translated
from hub.records.ids import new_id
from hub.records.kinds import Action
from hub.records.lifecycle import EntryState
from hub.records.record import Record


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A record as one partner without a hub would get it; `translated` is None where it cannot.

    `keep_by` is the last day on which its rules let the record be kept here.
    """

    partner: ProfileRow
    translated: Translated | None
    remarks: tuple[Remark, ...] = ()
    keep_by: date | None = None

    @property
    def agency(self) -> str:
        """Return the partner."""
        return self.partner.agency

    @property
    def refusals(self) -> tuple[Remark, ...]:
        """Return what stands against sending it."""
        return tuple(one for one in self.remarks if one.refuses)

    @property
    def questions(self) -> Mapping[str, Remark]:
        """Return what an officer is asked first, by name: its code, numbered where several have the same."""
        asked = [one for one in self.remarks if not one.refuses]
        codes = [one.code for one in asked]
        return {
            code if codes.count(code) == 1 else f"{code}.{codes[:place].count(code) + 1}": one
            for place, (code, one) in enumerate(zip(codes, asked, strict=True))
        }

    @property
    def lossless(self) -> bool:
        """Tell whether the partner can read all of it, also who does not know our extension."""
        return self.translated is not None and not (self.translated.lost or self.translated.aside)


@dataclass(frozen=True, kw_only=True)
class Parcelled:
    """One parcel ready for the transaction of its release."""

    row: ParcelRow
    entry: OutboxEntry
    bodies: tuple[Body, ...]


def prepare_all(
    broker: Broker, standing: Standing, record: Record, recipients: Sequence[str], *, at: datetime
) -> Sequence[Prepared]:
    """Translate a record for those recipients that have no hub, and ask their rules.

    A withdrawal is not held by a partner's rules: it must reach everyone who has the record.
    """
    return [
        _prepare(broker, standing.hubless[agency], record, at)
        for agency in recipients
        if agency in standing.hubless
    ]


def _prepare(broker: Broker, partner: ProfileRow, record: Record, at: datetime) -> Prepared:
    try:
        translated = broker.adapting.translate(partner, record.document)
    except Refused as refusal:
        remark = Remark(refuses=True, code=refusal.code, sentence=refusal.sentence)
        return Prepared(partner=partner, translated=None, remarks=(remark,))
    keep_by = broker.adapting.keep_by(partner, record.document, came=False)
    if record.action is Action.WITHDRAWAL:
        return Prepared(partner=partner, translated=translated, keep_by=keep_by)
    remarks = broker.adapting.remarks(partner, record.document, on=at.date())
    return Prepared(partner=partner, translated=translated, remarks=tuple(remarks), keep_by=keep_by)


def kept_by_all(prepared: Sequence[Prepared]) -> date | None:
    """Return the last day on which the rules of all let a record be kept; None where none says one."""
    return min((one.keep_by for one in prepared if one.keep_by is not None), default=None)


def losses_digest(prepared: Sequence[Prepared]) -> bytes | None:
    """Return the digest of what each partner without a hub gets, loses and asks; None without any."""
    return losses_of_all([_item(one) for one in prepared])


def _item(one: Prepared) -> dict[str, object]:
    made = one.translated
    if made is None:
        return {"recipient": one.agency, "refused": [remark.code for remark in one.refusals]}
    return {
        "recipient": one.agency,
        "dialect": made.dialect,
        "document": digest(made.document).hex(),
        "lost": list(made.lost),
        "aside": list(made.aside),
        "asked": [[name, asked.sentence] for name, asked in one.questions.items()],
    }


def judged(verdicts: Sequence[Verdict], prepared: Sequence[Prepared]) -> Sequence[Verdict]:
    """Add to the verdicts what partners' own rules refuse."""
    refused = {one.agency: one.refusals for one in prepared if one.refusals}
    return [
        replace(verdict, decision=Deny(reasons=(*verdict.reasons, *map(_reason, refused[verdict.recipient]))))
        if verdict.recipient in refused
        else verdict
        for verdict in verdicts
    ]


def _reason(remark: Remark) -> Reason:
    known = remark.code in CODES and CODES[remark.code].blame is Blame.REFUSED
    code = remark.code if known else "policy-denied"
    return Reason(code=code, sentence=remark.sentence, clause=remark.clause)


def refuse_untranslated(prepared: Sequence[Prepared]) -> None:
    """Raise Refused with the partner's code where there is nothing to send: no bytes can wait for it."""
    for one in prepared:
        if one.translated is None:
            remark = one.remarks[0]
            raise Refused("policy-denied", f"{one.agency}: {remark.sentence}", reason=remark.code)


def parcel(
    broker: Broker, row: RecordRow, prepared: Prepared, *, approval: Approval, at: datetime
) -> Parcelled:
    """Seal a translation, and sign what we say of it: the very bytes that every try will carry."""
    made = prepared.translated
    if made is None:
        raise Refused("kind-not-carried", f"{prepared.agency} has no document for this record.")
    sealed = broker.adapting.seal(prepared.partner, made.document)
    parcel_id, about_id = new_id(), new_id()
    item = _item(prepared)
    stated = ParcelStatement(
        parcel=parcel_id,
        parcel_digest=digest(sealed.content).hex(),
        originator=broker.agency,
        recipient=prepared.agency,
        record=row.record_id,
        version=row.version,
        dialect=made.dialect,
        media_type=made.media_type,
        document_digest=digest(made.document).hex(),
        losses=digest(canonical(item)).hex(),
        profile=prepared.partner.digest,
        approved_by=approval.by,
        approved_at=approval.at,
        content_digest=approval.digest,
        made_at=at,
    )
    statement = sign_parcel(stated, keys=broker.keyring.signing())
    about: dict[str, object] = {"statement": statement.decode("utf-8"), "losses": item}
    if sealed.key is not None:
        about["key"] = b64u(sealed.key)
    master_key = broker.keyring.master_key()
    return Parcelled(
        row=ParcelRow(
            parcel_id=parcel_id,
            agency=prepared.agency,
            record_id=row.record_id,
            version=row.version,
            digest=digest(sealed.content),
            dialect=made.dialect,
            made_at=at,
            about_id=about_id,
        ),
        entry=entry_for(broker, row, parcel_id, prepared.agency, at=at),
        bodies=(
            lock(sealed.content, body_id=parcel_id, master_key=master_key),
            lock(canonical(about), body_id=about_id, master_key=master_key),
        ),
    )


def entry_for(broker: Broker, row: RecordRow, parcel_id: str, agency: str, *, at: datetime) -> OutboxEntry:
    """Return a queue entry that carries a parcel; its digest is in the parcel's row, and can be forgotten."""
    return OutboxEntry(
        entry_id=new_id(),
        lane=agency,
        recipient=agency,
        envelope_id=parcel_id,
        body_id=parcel_id,
        record_id=row.record_id,
        version=row.version,
        conversation=row.conversation,
        priority=row.priority,
        state=EntryState.PENDING,
        created_at=at,
        next_at=at,
        expires_at=at + timedelta(seconds=broker.limits.time_to_live_s),
    )
