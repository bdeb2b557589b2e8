"""A parcel that went: what we stated of it, what was lost, the document in it, that it was carried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.audit.events import Act
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import unb64u
from hub.envelope.jws import read_jws
from hub.envelope.parcels import PARCEL_TYPE, ParcelStatement, losses_of_all, verify_parcel
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Signature, Standing, Topic
from hub.evidence.given_up import check_given_up
from hub.evidence.held import Life
from hub.evidence.in_force import InForce, in_force
from hub.evidence.parcel_parts import ParcelPart
from hub.evidence.partners import Asked, Forms
from hub.evidence.parts import Shown
from hub.evidence.sealed import Signed, failed
from hub.records.times import as_time


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A parcel, the release that names it, and the digest (hex) that the release names it by."""

    part: ParcelPart
    release: ProvenEntry | None
    digest: str | None

    @property
    def about(self) -> dict[str, Any]:
        """Return what findings say of it."""
        return {"parcel": self.part.parcel_id, "agency": self.part.agency, "version": self.part.version}


def check_sent(life: Life, forms: Forms, sent: Sent, content: Mapping[str, object] | None) -> None:
    """Say of a parcel whether the log commits to it, what was stated of it, and what it holds."""
    part, about = sent.part, sent.about
    _check_carried(life, sent)
    if part.shown is Shown.ERASED:
        return
    _check_logged(life, sent)
    if part.content is not None and digest(part.content).hex() != part.digest:
        life.notes.disproven(Topic.CONTENT, "parcel-false", **about)
        return
    stated = _check_statement(life, sent)
    if part.shown is Shown.WITHHELD:
        life.notes.not_shown(Topic.CONTENT, "parcel-withheld", **about)
    elif part.shown is Shown.SEALED:
        life.notes.not_shown(Topic.CONTENT, "parcel-not-opened", **about)
    elif stated is not None and sent.release is not None:
        _check_document(life, forms, sent, sent.release, stated, content)


def _check_logged(life: Life, sent: Sent) -> None:
    about = sent.about
    if sent.release is None or sent.digest is None:
        life.absent(Topic.LOG, "parcel-not-in-log", **about)
    elif sent.digest != sent.part.digest or sent.release.details.get("version") != str(sent.part.version):
        life.notes.disproven(Topic.LOG, "parcel-not-the-logged", index=sent.release.index, **about)
    else:
        life.notes.proven(Topic.LOG, "parcel-in-log", index=sent.release.index, **about)


def _check_carried(life: Life, sent: Sent) -> None:
    carried = [entry for entry in life.did(Act.CARRIED) if entry.subject == sent.part.parcel_id]
    if not carried:
        life.notes.not_shown(Topic.RECEIPT, "parcel-not-carried", **sent.about)
        return
    entry = carried[0]
    if entry.details.get("recipient") != sent.part.agency:
        life.notes.disproven(Topic.RECEIPT, "parcel-carried-elsewhere", index=entry.index, **sent.about)
        return
    told = {"via": entry.details.get("via", ""), "at": str(entry.said.get("at", "")), "index": entry.index}
    life.notes.proven(Topic.RECEIPT, "parcel-carried", **told, **sent.about)


def _check_statement(life: Life, sent: Sent) -> ParcelStatement | None:
    """Verify what the exporter signed of a parcel, and that it says what the other parts do."""
    part, about = sent.part, sent.about
    if part.statement is None:
        life.notes.not_shown(Topic.CONTENT, "parcel-statement-not-shown", **about)
        return None
    try:
        stated = verify_parcel(
            part.statement.encode(), keys=life.anchors.agencies[life.bundle.exporter].public
        )
        if (wrong := _contradiction(life, sent, stated)) is not None:
            raise IntegrityFailure("binding-mismatch", f"It says another {wrong} than the rest.")
    except HubError as error:
        failed(life.notes, Topic.CONTENT, "parcel-statement", error, **about)
        return None
    if sent.release is not None:
        jws = read_jws(part.statement.encode(), typ=PARCEL_TYPE)
        kids = tuple(kid for kid, _input, _signature in jws.signatures.values())
        by = Signed(by=life.bundle.exporter, suite=jws.suite, kids=kids)
        check_given_up(life.anchors, life.notes, [(by, sent.release)])
    algorithms = Suite.HYBRID_1.signature_algorithms
    life.notes.proven(
        Topic.CONTENT,
        "parcel-stated",
        by=stated.originator,
        dialect=stated.dialect,
        algorithms=" + ".join(algorithms),
        at=stated.made_at,
        who=stated.approved_by,
        **about,
    )
    life.notes.signatures.append(
        Signature(
            over=part.parcel_id,
            what="parcel",
            by=stated.originator,
            algorithms=algorithms,
            claims_at=stated.made_at,
        )
    )
    return stated


def _contradiction(life: Life, sent: Sent, stated: ParcelStatement) -> str | None:
    """Return what a statement says otherwise than the parcel, the record or the release."""
    part, release = sent.part, sent.release
    expected: dict[str, object] = {
        "parcel": part.parcel_id,
        "parcel_digest": part.digest,
        "originator": life.bundle.originator,
        "recipient": part.agency,
        "record": life.bundle.record_id,
        "version": part.version,
    }
    said: dict[str, object] = {name: getattr(stated, name) for name in expected}
    if part.losses is not None:
        expected |= {"losses": digest(canonical(part.losses)).hex(), "document": part.losses.get("document")}
        expected["loss recipient"] = part.losses.get("recipient")
        said |= {"losses": stated.losses, "document": stated.document_digest}
        said["loss recipient"] = stated.recipient
    if release is not None:
        expected |= {"content": release.details.get("digest"), "approver": release.who}
        said |= {"content": unb64u(stated.content_digest).hex(), "approver": stated.approved_by}
    return next((name for name, value in expected.items() if said[name] != value), None)


def _check_document(
    life: Life,
    forms: Forms,
    sent: Sent,
    release: ProvenEntry,
    stated: ParcelStatement,
    content: Mapping[str, object] | None,
) -> None:
    """Open a parcel, and compare what it holds with what was stated, and with what the content makes."""
    part, about = sent.part, sent.about | {"dialect": stated.dialect}
    stood = in_force(life, part.agency, release, forms.receipt_names, stated.profile)
    if stood is None:
        return
    try:
        asked = asked_of(life, stood, part, release)
        found = forms.uncover(asked, part.content_key, signed=False)
        if found is None:
            life.notes.not_shown(Topic.CONTENT, "parcel-seal-unread", **about)
            return
        if digest(found.document).hex() != stated.document_digest:
            raise IntegrityFailure("binding-mismatch", "It holds another document than was stated.")
    except HubError as error:
        life.notes.disproven(
            Topic.CONTENT, "parcel-document-false", code=error.code, why=error.sentence, **about
        )
        return
    life.notes.proven(Topic.CONTENT, "parcel-opens", document=stated.document_digest[:16], **about)
    made = None if content is None else forms.translate(stood.source, content)
    if made == found.document:
        life.notes.proven(Topic.CONTENT, "parcel-translated", **about)
    else:
        life.notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "parcel-not-translated", **about)


def asked_of(life: Life, stood: InForce, part: ParcelPart, at: ProvenEntry) -> Asked:
    """Return what is asked of a partner's form about one parcel, at the time of an entry."""
    try:
        when = as_time(str(at.said.get("at", "")))
    except ValueError:
        raise IntegrityFailure("log-entry-invalid", "An entry has no time.") from None
    return Asked(
        source=stood.source,
        us=life.bundle.exporter,
        them=part.agency,
        certificates=stood.certificates,
        at=when,
        parcel_id=part.parcel_id,
        content=part.content,
    )


def check_losses(life: Life, release: ProvenEntry, parts: Sequence[ParcelPart]) -> None:
    """Compare the loss report with the digest that the release names: it is what was read before it went."""
    version, index = release.details.get("version", ""), release.index
    named = [one for one in release.details.get("parcels", "").split(",") if one]
    items = [one.losses for one in parts if one.losses is not None]
    if len(items) < len(named):
        life.absent(Topic.APPROVAL, "losses-not-shown", version=version, index=index)
    elif (told := losses_of_all(items)) is None or told.hex() != release.details.get("losses"):
        life.notes.disproven(Topic.APPROVAL, "losses-not-the-released", version=version, index=index)
    else:
        for item in items:
            lost, aside = item.get("lost"), item.get("aside")
            life.notes.proven(
                Topic.APPROVAL,
                "losses-released",
                version=version,
                index=index,
                who=release.who,
                agency=item.get("recipient"),
                lost=_listed(lost),
                aside=_listed(aside),
            )


def _listed(names: object) -> str:
    told = [str(one) for one in names] if isinstance(names, (list, tuple)) else []
    return ", ".join(told) or "–"
