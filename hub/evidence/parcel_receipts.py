"""What partners without a hub said of parcels: signed in their own form, or nobody's word but a carrier's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.audit.events import Act
from hub.envelope.canonical import digest
from hub.errors import HubError, IntegrityFailure
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Signature, Standing, Topic
from hub.evidence.held import Life
from hub.evidence.in_force import InForce, in_force, tell_certificate
from hub.evidence.parcels_sent import Sent, asked_of
from hub.evidence.partners import Forms, Word
from hub.evidence.parts import Shown

#: What the log says of a receipt that the hub itself did not believe.
_NOT_BELIEVED: Final = "receipt-invalid"


def check_receipts(life: Life, forms: Forms, sent: Sent) -> None:
    """Verify each receipt of a parcel by the certificates of its time, and compare it with its entry."""
    part, about = sent.part, sent.about
    kept = [entry for entry in life.did(Act.RECEIPT_KEPT) if entry.subject == part.parcel_id]
    if part.shown is Shown.ERASED:
        return
    by_digest: dict[str, ProvenEntry] = {}
    for entry in kept:
        if "parcel_receipt" in entry.details:
            by_digest.setdefault(entry.details["parcel_receipt"], entry)
    for number, raw in enumerate(part.receipts, start=1):
        name, told = digest(raw).hex(), about | {"number": number}
        if name not in by_digest:
            life.absent(Topic.LOG, "parcel-receipt-not-in-log", **told)
            continue
        logged = by_digest.pop(name)
        if logged.details.get("recipient") != part.agency:
            life.notes.disproven(Topic.LOG, "parcel-receipt-of-another", index=logged.index, **told)
        else:
            _check(life, forms, sent, raw, logged, told)
    for left in by_digest.values():
        life.notes.not_shown(Topic.RECEIPT, "parcel-receipt-left-out", index=left.index, **about)
    if not part.receipts:
        life.notes.not_shown(Topic.RECEIPT, "no-parcel-receipt", **about)


def _check(
    life: Life, forms: Forms, sent: Sent, raw: bytes, entry: ProvenEntry, told: Mapping[str, Any]
) -> None:
    stood = in_force(life, sent.part.agency, entry, forms.receipt_names, None)
    if stood is None:
        return
    about = {**told, "index": entry.index, "at": str(entry.said.get("at", ""))}
    try:
        word = forms.word(asked_of(life, stood, sent.part, entry), raw)
        if word is not None:
            _refuse_contradiction(sent, entry, word)
    except HubError as error:
        key = "parcel-receipt-unknown-key" if stood.unknown else "parcel-receipt-false"
        note = life.notes.not_shown if stood.unknown else life.notes.disproven
        note(Topic.RECEIPT, key, code=error.code, why=error.sentence, **about)
        return
    if word is None:
        life.notes.not_shown(Topic.RECEIPT, "parcel-receipt-unread", **about)
    else:
        _tell(life, sent, stood, word, entry, about)


def _refuse_contradiction(sent: Sent, entry: ProvenEntry, word: Word) -> None:
    """Raise for a receipt that names other bytes, or says something else than the log does."""
    logged = entry.details
    if logged.get("code") == _NOT_BELIEVED:
        return
    if word.digest is not None and word.digest != sent.part.digest:
        raise IntegrityFailure("receipt-invalid", "It names other bytes than went.")
    if word.status and word.status != logged.get("status"):
        raise IntegrityFailure("receipt-invalid", "It says something else than the log.")
    if (word.signer is None) is not (logged.get("signer") is None):
        raise IntegrityFailure("receipt-invalid", "The log says otherwise whether somebody signed it.")


def _tell(
    life: Life,
    sent: Sent,
    stood: InForce,
    word: Word,
    entry: ProvenEntry,
    about: Mapping[str, Any],
) -> None:
    status = entry.details.get("status", "")
    code = entry.details.get("code", "")
    told = {**about, "status": status, "reason": f" ({code})" if code else ""}
    if code == _NOT_BELIEVED:
        life.notes.note(Topic.RECEIPT, Standing.NOT_CHECKED, "parcel-receipt-not-believed", **told)
        return
    if word.signer is None:
        life.notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "parcel-receipt-unsigned", **told)
        life.notes.proven(Topic.RECEIPT, "parcel-receipt-in-log", **told)
        return
    told |= {"subject": word.signer.subject, "form": word.signer.form}
    life.notes.signatures.append(
        Signature(
            over=sent.part.parcel_id,
            what=f"receipt: {status}",
            by=f"{sent.part.agency} ({word.signer.subject})",
            algorithms=(word.signer.form,),
        )
    )
    tell_certificate(life, sent.part.agency, stood, word.signer, entry)
    if word.digest is None and word.status != "refused":
        life.notes.not_shown(Topic.RECEIPT, "parcel-receipt-not-tied", **told)
    else:
        life.notes.proven(Topic.RECEIPT, "parcel-receipt-signed", **told)
