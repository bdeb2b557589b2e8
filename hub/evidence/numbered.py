"""Which numbers an originator gave, among all that it sent to the exporter, to the envelopes of a record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.audit.events import Act
from hub.envelope.canonical import digest
from hub.envelope.documents import verify_document
from hub.envelope.jws import read_jws
from hub.envelope.transfers import TRANSFER_TYPE, TransferStatement
from hub.errors import HubError, IntegrityFailure
from hub.evidence.anchors import Anchors
from hub.evidence.bundle import Bundle
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Notebook, Signature, Topic
from hub.evidence.sealed import Signed, failed, unknown


def check_numbers(
    bundle: Bundle, anchors: Anchors, entries: Sequence[ProvenEntry], notes: Notebook
) -> Sequence[tuple[Signed, int, datetime]]:
    """Verify the statements that number envelopes, and hold each against the entries of their admission.

    Returns who signed them, with the index of the entry and the time that they state. Bundles of before
    brought no statements, and nothing is missed in them.
    """
    if not bundle.can_show("transfers"):
        return []
    named = [entry for entry in entries if entry.act == Act.ADMITTED.value and "statement" in entry.details]
    shown: set[str] = set()
    signed: list[tuple[Signed, int, datetime]] = []
    for position, text in enumerate(bundle.transfers, start=1):
        name = digest(text.encode()).hex()
        shown.add(name)
        try:
            statement, signer = _verify(bundle, text, anchors)
        except HubError as error:
            failed(notes, Topic.CONTENT, "number", error, position=position)
            continue
        told = [entry for entry in named if entry.details["statement"] == name]
        if not told:
            notes.not_shown(Topic.LOG, "number-not-in-log", position=position)
        for entry in told:
            if _compare(statement, signer, entry, notes):
                signed.append((signer, entry.index, statement.issued_at))
    for entry in named:
        if entry.details["statement"] not in shown:
            notes.not_shown(Topic.CONTENT, "number-left-out", index=entry.index)
    return signed


def _verify(bundle: Bundle, text: str, anchors: Anchors) -> tuple[TransferStatement, Signed]:
    anchor = anchors.agencies.get(bundle.originator)
    if anchor is None:
        raise unknown(bundle.originator)
    raw = text.encode()
    said = verify_document(raw, typ=TRANSFER_TYPE, keys=anchor.public, allowed=anchor.suites)
    try:
        statement = TransferStatement.load(said)
    except ValueError as error:
        raise IntegrityFailure("statement-invalid", f"It cannot be read: {error}.") from None
    if (statement.sender, statement.recipient) != (bundle.originator, bundle.exporter):
        raise IntegrityFailure(
            "statement-invalid", f"It is not from {bundle.originator} to {bundle.exporter}."
        )
    jws = read_jws(raw, typ=TRANSFER_TYPE)
    kids = tuple(kid for kid, _input, _signature in jws.signatures.values())
    return statement, Signed(by=statement.sender, suite=jws.suite, kids=kids)


def _compare(statement: TransferStatement, signer: Signed, entry: ProvenEntry, notes: Notebook) -> bool:
    """Tell whether the log committed to the number that the originator signed for the same bytes."""
    told = entry.details
    one = statement.by_envelope.get(told.get("envelope", ""))
    if one is None or (str(one.number), one.digest) != (told.get("number"), told.get("envelope_digest")):
        notes.disproven(Topic.LOG, "number-not-the-logged", index=entry.index, by=statement.sender)
        return False
    notes.proven(
        Topic.CONTENT,
        "number-signed",
        by=statement.sender,
        to=statement.recipient,
        envelope=one.envelope_id,
        count=one.number,
        at=statement.issued_at,
        index=entry.index,
    )
    notes.signatures.append(
        Signature(
            over=one.envelope_id,
            what="number",
            by=statement.sender,
            algorithms=signer.suite.signature_algorithms,
            claims_at=statement.issued_at,
        )
    )
    return True
