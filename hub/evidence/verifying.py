"""Verify a bundle offline: from its bytes and the anchors alone."""

from __future__ import annotations

from hub.envelope.canonical import digest
from hub.envelope.jws import check_jws
from hub.errors import HubError
from hub.evidence.anchors import Anchors, strongest
from hub.evidence.bundle import SignedBundle, read_bundle
from hub.evidence.chronicle import check_log
from hub.evidence.findings import Content, Notebook, Signature, Standing, Topic, Verdict
from hub.evidence.given_up import given_up_at
from hub.evidence.held import Life
from hub.evidence.life import check_life
from hub.evidence.numbered import check_numbers
from hub.evidence.parcelled import check_parcels
from hub.evidence.partners import Forms, NoForms
from hub.evidence.passed import check_passed
from hub.evidence.sealed import check_envelopes, check_receipts

#: What no bundle shows by itself; told in every verdict.
_ALWAYS = ("revocation", "completeness", "other-logs", "claimed-times")
#: Findings by which the status of a certificate was checked: then the first of these is not told.
_ABOUT_REVOCATION = frozenset({"certificate-good", "certificate-was-revoked", "revocation-answer-false"})


def verify_bundle(raw: bytes, anchors: Anchors, forms: Forms | None = None) -> Verdict:
    """Return what a bundle proves to someone who trusts the anchors and nothing else.

    `forms` reads what partners without a hub signed; without it that is told as not checked.

    Raises IntegrityFailure `evidence-malformed` for what is no bundle; every other failure is a finding.
    """
    signed = read_bundle(raw)
    bundle, notes = signed.bundle, Notebook()
    contents: tuple[Content, ...] = ()
    if _is_the_exporters(signed, anchors, notes):
        opened = check_envelopes(bundle, anchors, notes)
        passed = check_passed(opened, anchors, notes)
        receipts = check_receipts(bundle, anchors, opened, notes)
        entries = check_log(bundle, anchors, notes)
        if entries:
            life = Life(
                bundle=bundle,
                anchors=anchors,
                opened=opened,
                receipts=receipts,
                passed=passed,
                numbered=check_numbers(bundle, anchors, entries, notes),
                entries=entries,
                notes=notes,
            )
            check_life(life)
            contents = check_parcels(life, forms or NoForms())
        contents += tuple(
            Content(
                version=one.part.version,
                kind=one.verified.manifest.kind,
                action=one.verified.manifest.action,
                envelope_id=one.part.envelope_id,
                document=one.verified.content,
            )
            for one in opened.values()
        )
    checked = any(finding.key in _ABOUT_REVOCATION for finding in notes.findings)
    for key in _ALWAYS:
        if key == "revocation" and checked:
            continue
        notes.note(Topic.LIMIT, Standing.NOT_CHECKED, key, exporter=bundle.exporter)
    return Verdict(
        findings=tuple(notes.ordered()),
        exporter=bundle.exporter,
        record_id=bundle.record_id,
        originator=bundle.originator,
        exported_at=bundle.exported_at,
        exported_by=bundle.exported_by,
        mode=bundle.mode.value,
        bundle_digest=digest(raw).hex(),
        anchors_digest=anchors.fingerprint,
        signatures=tuple(notes.signatures),
        moments=tuple(notes.moments),
        clocks=tuple(sorted(notes.clocks, key=lambda clock: clock.at)),
        contents=contents,
    )


def _is_the_exporters(signed: SignedBundle, anchors: Anchors, notes: Notebook) -> bool:
    """Tell whether the exporter that the anchors know signed every byte; nothing else is looked at before."""
    exporter = signed.bundle.exporter
    anchor = anchors.agencies.get(exporter)
    if anchor is None:
        notes.not_shown(Topic.BUNDLE, "exporter-unknown", exporter=exporter)
        return False
    try:
        checked = check_jws(signed.jws, keys=anchor.public, allowed=frozenset({strongest(anchor.suites)}))
    except HubError as error:
        about = {"exporter": exporter, "code": error.code, "why": error.sentence}
        if error.code == "key-unknown":
            notes.not_shown(Topic.BUNDLE, "exporter-key-unknown", **about)
        else:
            notes.disproven(Topic.BUNDLE, "exporter-signature-false", **about)
        return False
    if (at := given_up_at(anchors, exporter, checked.kids)) is not None:
        notes.not_shown(Topic.BUNDLE, "exporter-key-given-up", exporter=exporter, at=at)
    algorithms = checked.suite.signature_algorithms
    notes.proven(
        Topic.BUNDLE,
        "exporter-signed",
        exporter=exporter,
        algorithms=" + ".join(algorithms),
        at=signed.bundle.exported_at,
    )
    notes.signatures.append(
        Signature(
            over="bundle",
            what="bundle",
            by=exporter,
            algorithms=algorithms,
            claims_at=signed.bundle.exported_at,
        )
    )
    return True
