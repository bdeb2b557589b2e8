"""A parcel that came from a partner without a hub: its bytes, who signed them, the record that they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.envelope.canonical import canonical, digest
from hub.errors import HubError, IntegrityFailure
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Signature, Standing, Topic
from hub.evidence.held import Life
from hub.evidence.in_force import InForce, in_force, tell_certificate
from hub.evidence.parcel_parts import ParcelPart
from hub.evidence.parcels_sent import asked_of
from hub.evidence.partners import Forms, Uncovered
from hub.evidence.parts import Shown
from hub.records.record import load_record


def check_received(life: Life, forms: Forms, part: ParcelPart, content: Mapping[str, object] | None) -> None:
    """Say of a parcel whether the log commits to it, who signed it, and that the record is what it says."""
    about: dict[str, Any] = {"parcel": part.parcel_id, "agency": part.agency, "version": part.version}
    if part.agency != life.bundle.originator:
        life.notes.disproven(Topic.CONTENT, "parcel-false", **about)
        return
    if part.shown is Shown.ERASED:
        return
    entry = _admitted(life, part)
    if entry is None:
        life.absent(Topic.LOG, "parcel-not-in-log", **about)
        return
    about["index"] = entry.index
    if entry.details.get("digest") != part.digest:
        life.notes.disproven(Topic.LOG, "parcel-not-the-logged", **about)
        return
    life.notes.proven(Topic.LOG, "parcel-in-log", **about)
    if part.content is None:
        life.notes.not_shown(Topic.CONTENT, "parcel-withheld", **about)
    elif digest(part.content).hex() != part.digest:
        life.notes.disproven(Topic.CONTENT, "parcel-false", **about)
    elif part.shown is Shown.SEALED:
        life.notes.not_shown(Topic.CONTENT, "parcel-not-opened", **about)
    else:
        _check_document(life, forms, part, entry, content, about)


def _admitted(life: Life, part: ParcelPart) -> ProvenEntry | None:
    found = [
        entry
        for entry in life.admitted_parcels
        if entry.details["parcel"] == part.parcel_id and entry.details.get("version") == str(part.version)
    ]
    same = [entry for entry in found if entry.details.get("digest") == part.digest]
    return next(iter(same or found), None)


def _check_document(
    life: Life,
    forms: Forms,
    part: ParcelPart,
    entry: ProvenEntry,
    content: Mapping[str, object] | None,
    about: Mapping[str, Any],
) -> None:
    stood = in_force(life, part.agency, entry, forms.seal_names, entry.details.get("profile"))
    if stood is None:
        return
    try:
        found = forms.uncover(asked_of(life, stood, part, entry), part.content_key, signed=True)
        if found is not None and (found.signer is None) is not (entry.details.get("signer") is None):
            raise IntegrityFailure("signature-missing", "The log says otherwise whether somebody signed it.")
        if found is not None and found.meant_for is not None:
            _refuse_for_others(life, stood, entry, found)
    except HubError as error:
        key = "parcel-signature-unknown-key" if stood.unknown else "parcel-signature-false"
        note = life.notes.not_shown if stood.unknown else life.notes.disproven
        note(Topic.CONTENT, key, code=error.code, why=error.sentence, **about)
        return
    if found is None:
        life.notes.not_shown(Topic.CONTENT, "parcel-seal-unread", **about)
        return
    _tell(life, stood, part, entry, found, about)
    _check_record(life, forms, stood, part, found.document, content, about)


def _refuse_for_others(life: Life, stood: InForce, entry: ProvenEntry, found: Uncovered) -> None:
    """Raise where none of the certificates held here then is among those that it was signed for."""
    told = {
        name
        for one in life.entries
        if one.index < entry.index and one.details.get("change") == "material"
        for name in one.details.get("fingerprint", "").split()
    }
    theirs = set(stood.pinned)
    if not {one.hex() for one in found.meant_for or ()} & (told - theirs):
        raise IntegrityFailure("recipient-mismatch", "It was signed for others, or for nobody.")


def _tell(
    life: Life,
    stood: InForce,
    part: ParcelPart,
    entry: ProvenEntry,
    found: Uncovered,
    about: Mapping[str, Any],
) -> None:
    if found.signer is None:
        life.notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "parcel-unsigned", **about)
        return
    life.notes.proven(Topic.CONTENT, "parcel-signed", subject=found.signer.subject, **about)
    life.notes.signatures.append(
        Signature(
            over=part.parcel_id,
            what="document",
            by=f"{part.agency} ({found.signer.subject})",
            algorithms=(found.signer.form,),
        )
    )
    tell_certificate(life, part.agency, stood, found.signer, entry)
    if found.unchecked:
        life.notes.note(
            Topic.LIMIT, Standing.NOT_CHECKED, "parcel-signature-unchecked", form=found.unchecked, **about
        )


def _check_record(
    life: Life,
    forms: Forms,
    stood: InForce,
    part: ParcelPart,
    document: bytes,
    content: Mapping[str, object] | None,
    about: Mapping[str, Any],
) -> None:
    """Read the document again, and compare the record with the one that was stored."""
    told = None
    if content is not None:
        told = forms.interpret(
            part.agency,
            stood.source,
            document,
            record_id=life.bundle.record_id,
            at=str(content.get("created_at", "")),
            version=part.version,
        )
    if told is not None and content is not None and _same(told, content):
        life.notes.proven(Topic.CONTENT, "record-of-document", **about)
    else:
        life.notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "record-not-read-again", **about)


def _same(told: Mapping[str, object], content: Mapping[str, object]) -> bool:
    try:
        return canonical(load_record(told).document) == canonical(content)
    except (HubError, ValueError):
        return False
