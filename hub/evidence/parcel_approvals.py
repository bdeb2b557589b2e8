"""Whether officers approved what went in parcels: these bytes, for these partners, knowing what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.audit.events import Act
from hub.envelope.approvals import commitment, verify
from hub.errors import IntegrityFailure
from hub.evidence.approved import approvals_agree, check_keys
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Clock, Signature, Standing, Topic
from hub.evidence.held import Life
from hub.evidence.parcel_parts import ApprovalPart, ParcelPart
from hub.evidence.parts import Shown


def check_approvals(life: Life, release: ProvenEntry, parts: Sequence[ParcelPart]) -> None:
    """Hold the approvals of a version against its release, and each against what its officer signed."""
    version = release.details.get("version", "")
    about: dict[str, Any] = {"version": version, "index": release.index}
    given = [one for one in life.bundle.approvals if str(one.version) == version]
    if release.who.startswith("rule:"):
        if given:
            life.notes.disproven(Topic.APPROVAL, "parcel-approval-not-the-logged", **about)
        return
    if not given:
        life.absent(Topic.APPROVAL, "parcel-approval-not-shown", **about)
        return
    approvals = [one.approval for one in given]
    if not approvals_agree(release, approvals, release.details.get("digest")):
        life.notes.disproven(Topic.APPROVAL, "parcel-approval-not-the-logged", **about)
        return
    to = sorted({one.agency for one in parts if one.shown is not Shown.ERASED})
    # Of one that does not hold not even the key can be named.
    held = [one.approval for one in given if _holds(life, one, release, to)]
    check_keys(life.notes, life.did(Act.OFFICER_KEY), release, held, version=version)


def _holds(life: Life, part: ApprovalPart, release: ProvenEntry, to: Sequence[str]) -> bool:
    """Tell whether an officer signed an approval of this, and say so."""
    approval = part.approval
    about: dict[str, Any] = {
        "who": approval.by,
        "at": approval.at,
        "version": part.version,
        "recipients": ", ".join(to),
        "index": release.index,
    }
    if approval.signed is None:
        life.notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "parcel-approval-unsigned", **about)
        return False
    try:
        _refuse_other(life, part, release, to)
    except ValueError as error:
        life.notes.disproven(Topic.APPROVAL, "parcel-approval-false", why=f"{error}.", **about)
        return False
    except IntegrityFailure as failure:
        life.notes.disproven(
            Topic.APPROVAL, "parcel-approval-false", code=failure.code, why=failure.sentence, **about
        )
        return False
    life.notes.proven(Topic.APPROVAL, "parcel-approved", kid=approval.signed.kid, **about)
    life.notes.signatures.append(
        Signature(
            over=f"{life.bundle.record_id} {part.version}",
            what="approval",
            by=approval.by,
            algorithms=("ES256",),
            claims_at=approval.at,
        )
    )
    life.notes.clocks.append(Clock(at=approval.at, by=approval.by, what="claim-approved"))
    if part.answers is None:
        life.notes.not_shown(Topic.APPROVAL, "parcel-answers-not-shown", **about)
    else:
        life.notes.proven(Topic.APPROVAL, "losses-approved", **about)
    return True


def _refuse_other(life: Life, part: ApprovalPart, release: ProvenEntry, to: Sequence[str]) -> None:
    """Raise for an approval that is signed, and by this officer, but not of this."""
    signed = part.approval.signed
    assert signed is not None
    said = verify(signed.jws, signed.key)
    expected = (life.bundle.originator, life.bundle.record_id, part.version, part.approval.digest)
    if (said.originator, said.record_id, said.version, said.digest) != expected:
        raise IntegrityFailure("approval-invalid", "It is of something else.")
    if (said.by, said.at) != (part.approval.by, part.approval.at):
        raise IntegrityFailure("approval-invalid", "It is by another, or of another time.")
    salts = dict(signed.openings)
    for agency in to:
        if agency not in salts or commitment(salts[agency], agency) not in said.recipients:
            raise IntegrityFailure("approval-invalid", f"It is not for {agency}.")
    if part.answers is None or part.salt is None:
        return
    if commitment(part.salt, [dict(one) for one in part.answers]) != said.answers:
        raise IntegrityFailure("approval-invalid", "Other answers were signed than are shown.")
    if {"losses": release.details.get("losses")} not in [dict(one) for one in part.answers]:
        raise IntegrityFailure("approval-invalid", "Other losses were read than went.")
