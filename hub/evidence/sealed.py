"""What the parties signed themselves: the originator its record, the recipients their receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.envelope import sealing
from hub.envelope.canonical import digest
from hub.envelope.documents import peek_document
from hub.envelope.jws import read_jws
from hub.envelope.receipts import RECEIPT_TYPE, Statement, verify_receipt
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure, PeerFault
from hub.evidence.anchors import Anchors
from hub.evidence.bundle import BUNDLE_MAX_BYTES, Bundle
from hub.evidence.findings import Clock, Notebook, Signature, Standing, Topic
from hub.evidence.parts import EnvelopePart, Shown
from hub.records.lifecycle import ReceiptStatus

#: What says that the anchors lack a key, and not that a signature is false: the key may be a newer one.
_LACKING: Final = frozenset({"key-unknown"})


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What one agency signed, whose signatures verified: when it was logged is asked later."""

    by: str
    suite: Suite
    kids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OpenedPart:
    """An envelope that was opened and whose originator's signatures verified."""

    part: EnvelopePart
    verified: sealing.Verified

    @property
    def signed(self) -> Signed:
        """Return who signed it, and by which keys."""
        manifest = self.verified.manifest
        return Signed(by=manifest.originator, suite=manifest.suite, kids=self.verified.signed_by)


@dataclass(frozen=True, kw_only=True)
class CheckedReceipt:
    """A receipt whose signatures verified and which is about an envelope of the bundle."""

    statement: Statement
    digest: str
    signed: Signed


def check_envelopes(bundle: Bundle, anchors: Anchors, notes: Notebook) -> Mapping[str, OpenedPart]:
    """Open what is disclosed and verify its originator; return what verified, by the envelope's id."""
    opened: dict[str, OpenedPart] = {}
    for part in bundle.envelopes:
        told: dict[str, Any] = {"envelope": part.envelope_id, "version": part.version}
        if part.shown is Shown.WITHHELD:
            notes.not_shown(Topic.CONTENT, "content-withheld", **told)
        elif part.shown is Shown.NOT_KEPT:
            again = any(one.version == part.version and one is not part for one in bundle.envelopes)
            standing = Standing.NOT_CHECKED if again else Standing.NOT_SHOWN
            notes.note(Topic.CONTENT, standing, "envelope-not-kept", **told)
        elif part.shown is Shown.SEALED:
            notes.not_shown(Topic.CONTENT, "content-key-not-kept", **told)
        elif part.shown is Shown.DISCLOSED:
            try:
                opened[part.envelope_id] = _open(bundle, part, anchors, notes)
            except HubError as error:
                failed(notes, Topic.CONTENT, "envelope", error, **told)
    return opened


def _open(bundle: Bundle, part: EnvelopePart, anchors: Anchors, notes: Notebook) -> OpenedPart:
    assert part.sealed is not None
    assert part.content_key is not None
    sealed = sealing.peek(part.sealed.encode(), max_bytes=BUNDLE_MAX_BYTES)
    header = sealed.header
    if sealed.digest.hex() != part.digest or header.envelope_id != part.envelope_id:
        raise IntegrityFailure("binding-mismatch", "Its bytes are not those that it is named by.")
    if header.originator != bundle.originator:
        raise IntegrityFailure("originator-mismatch", "It was made by another originator.")
    anchor = anchors.agencies.get(header.originator)
    if anchor is None:
        raise unknown(header.originator)
    verified = sealing.verify(
        sealing.open_with_key(sealed, part.content_key),
        sender=anchor.public,
        # Whom it was sealed to was for the recipients to check; here any of them stands for all.
        agency=header.recipients[0],
        allowed=anchor.suites,
        at=header.created_at,
        skew_s=0,
    )
    manifest = verified.manifest
    if (manifest.record_id, manifest.version) != (bundle.record_id, part.version):
        raise IntegrityFailure("binding-mismatch", "It carries another record, or another version.")
    about: dict[str, Any] = {"envelope": part.envelope_id, "version": part.version}
    notes.proven(
        Topic.CONTENT,
        "envelope-signed",
        by=manifest.originator,
        algorithms=" + ".join(manifest.suite.signature_algorithms),
        recipients=", ".join(manifest.recipients),
        at=manifest.created_at,
        **about,
    )
    notes.signatures.append(
        Signature(
            over=part.envelope_id,
            what="record",
            by=manifest.originator,
            algorithms=manifest.suite.signature_algorithms,
            claims_at=manifest.created_at,
        )
    )
    notes.clocks.append(Clock(at=manifest.created_at, by=manifest.originator, what="claim-created"))
    for approval in manifest.approvals:
        notes.proven(
            Topic.APPROVAL,
            "approval-signed",
            who=approval.by,
            at=approval.at,
            originator=manifest.originator,
            **about,
        )
        if approval.signed is not None:
            notes.proven(
                Topic.APPROVAL, "approval-by-own-key", who=approval.by, kid=approval.signed.kid, **about
            )
            notes.signatures.append(
                Signature(
                    over=part.envelope_id,
                    what="approval",
                    by=approval.by,
                    algorithms=("ES256",),
                    claims_at=approval.at,
                )
            )
        notes.clocks.append(Clock(at=approval.at, by=approval.by, what="claim-approved"))
    if manifest.attachments:
        notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "attachments", count=len(manifest.attachments), **about)
    return OpenedPart(part=part, verified=verified)


def check_receipts(
    bundle: Bundle, anchors: Anchors, opened: Mapping[str, OpenedPart], notes: Notebook
) -> Sequence[CheckedReceipt]:
    """Verify each receipt with its signer's keys, and that it is about an envelope of this record."""
    parts = {part.envelope_id: part for part in bundle.envelopes}
    checked = []
    for number, text in enumerate(bundle.receipts, start=1):
        try:
            receipt = _receipt(bundle, text, anchors, parts, opened)
        except HubError as error:
            failed(notes, Topic.RECEIPT, "receipt", error, number=number)
            continue
        checked.append(receipt)
        said = receipt.statement
        algorithms = receipt.signed.suite.signature_algorithms
        notes.proven(
            Topic.RECEIPT,
            "receipt-signed" if said.member is None else "receipt-signed-for-member",
            by=said.by,
            member=said.member or "",
            status=said.status.value,
            reason=f" ({said.reason})" if said.reason else "",
            envelope=said.envelope_id,
            at=said.at,
            algorithms=" + ".join(algorithms),
        )
        notes.signatures.append(
            Signature(
                over=said.envelope_id,
                what=f"receipt: {said.status.value}",
                by=said.by,
                algorithms=algorithms,
                claims_at=said.at,
            )
        )
        notes.clocks.append(Clock(at=said.at, by=said.by, what="claim-receipt"))
    return checked


def _receipt(
    bundle: Bundle,
    text: str,
    anchors: Anchors,
    parts: Mapping[str, EnvelopePart],
    opened: Mapping[str, OpenedPart],
) -> CheckedReceipt:
    raw = text.encode()
    signer = str(peek_document(raw, RECEIPT_TYPE).get("by"))
    anchor = anchors.agencies.get(signer)
    if anchor is None:
        raise unknown(signer)
    said = verify_receipt(raw, by=anchor.public, allowed=anchor.suites)
    part = parts.get(said.envelope_id)
    if part is None or (part.digest is not None and part.digest != said.envelope_digest):
        raise IntegrityFailure("receipt-invalid", "The receipt is not about an envelope of this record.")
    if said.to != bundle.originator or (said.record_id or bundle.record_id) != bundle.record_id:
        raise IntegrityFailure(
            "receipt-invalid", "The receipt is to another originator, or about another record."
        )
    envelope = opened.get(said.envelope_id)
    if (
        envelope is not None
        and said.by not in envelope.verified.manifest.recipients
        and said.status is not ReceiptStatus.REFUSED
    ):
        raise IntegrityFailure("receipt-invalid", f"{said.by} was no recipient, and may only refuse it.")
    jws = read_jws(raw, typ=RECEIPT_TYPE)
    kids = tuple(kid for kid, _input, _signature in jws.signatures.values())
    return CheckedReceipt(
        statement=said,
        digest=digest(raw).hex(),
        signed=Signed(by=said.by, suite=jws.suite, kids=kids),
    )


def unknown(agency: str) -> PeerFault:
    """Return the failure to check what an agency signed that the anchors lack."""
    return PeerFault("key-unknown", f"The anchors do not know {agency}.")


def failed(notes: Notebook, topic: Topic, what: str, error: HubError, **about: Any) -> None:
    """Note what does not hold, or could not be checked for want of a key."""
    standing = Standing.NOT_SHOWN if error.code in _LACKING else Standing.DISPROVEN
    ending = "unknown-key" if standing is Standing.NOT_SHOWN else "false"
    notes.note(topic, standing, f"{what}-{ending}", code=error.code, why=error.sentence, **about)
