"""Partners without a hub in a record's life: what went to them in parcels, and what came from them.

Each parcel hangs on an entry of the log, and each that an entry names is here. A parcel is sealed in the
partner's own way, and its receipt is of the partner's own form: `hub.evidence.partners` reads both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from hub.audit.events import Act
from hub.envelope.canonical import canonical, digest
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Content, Standing, Topic
from hub.evidence.held import Life
from hub.evidence.parcel_approvals import check_approvals
from hub.evidence.parcel_parts import ParcelPart, Way
from hub.evidence.parcel_receipts import check_receipts
from hub.evidence.parcels_received import check_received
from hub.evidence.parcels_sent import Sent, check_losses, check_sent
from hub.evidence.partners import Forms
from hub.evidence.parts import Shown

#: A version's content as it was proven, by the version.
Contents = Mapping[str, Mapping[str, object]]


def check_parcels(life: Life, forms: Forms) -> tuple[Content, ...]:
    """Hold parcels against the log, and say what partners signed; return the contents that are proven."""
    contents = _contents(life)
    sent = _sent(life)
    for one in sent:
        check_sent(life, forms, one, contents.get(str(one.part.version)))
        check_receipts(life, forms, one)
    for release in {one.release.index: one.release for one in sent if one.release is not None}.values():
        of_release = [one.part for one in sent if one.release is release]
        check_losses(life, release, of_release)
        check_approvals(life, release, of_release)
    for part in life.bundle.parcels:
        if part.way is Way.RECEIVED:
            check_received(life, forms, part, contents.get(str(part.version)))
    _left_out(life)
    _erased(life)
    return tuple(
        Content(
            version=int(version),
            kind=str(document.get("kind", "")),
            action=str(document.get("action", "")),
            envelope_id="",
            document=document,
        )
        for version, document in contents.items()
        if not any(str(one.part.version) == version for one in life.opened.values())
    )


def _contents(life: Life) -> Contents:
    """Return the contents that the log commits to: those in envelopes, and those beside."""
    found = {
        str(one.part.version): one.verified.content
        for one in life.opened.values()
        if _digest_of(one.verified.content) == life.content_digests.get(str(one.part.version))
    }
    for part in life.bundle.contents:
        raw = part.content.encode()
        if digest(raw).hex() == life.content_digests.get(str(part.version)):
            document = _json(raw)
            if document is not None:
                found[str(part.version)] = document
    return found


def _digest_of(document: Mapping[str, object]) -> str:
    """Return the SHA-256 (hex) of a record's canonical bytes."""
    return digest(canonical(document)).hex()


def _json(raw: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _sent(life: Life) -> list[Sent]:
    """Return the parcels that went, each with the release that names it."""
    releases: dict[str, tuple[ProvenEntry, str | None]] = {}
    for entry in life.did(Act.RELEASED):
        names = [one for one in entry.details.get("parcels", "").split(",") if one]
        digests = entry.details.get("parcel_digests", "").split(",")
        for place, name in enumerate(names):
            told = digests[place] if place < len(digests) and digests[place] else None
            releases.setdefault(name, (entry, told))
    return [
        Sent(part=part, release=found[0], digest=found[1])
        for part in life.bundle.parcels
        if part.way is Way.SENT
        for found in [releases.get(part.parcel_id, (None, None))]
    ]


def _left_out(life: Life) -> None:
    """Miss the parcels that the log tells of and that are not here."""
    here = {part.parcel_id for part in life.bundle.parcels}
    told: dict[str, int] = {}
    for entry in life.did(Act.RELEASED, Act.ERASED):
        for name in entry.details.get("parcels", "").split(","):
            if name and entry.subject == life.bundle.record_id:
                told.setdefault(name, entry.index)
    for entry in life.admitted_parcels:
        told.setdefault(entry.details["parcel"], entry.index)
    for name in told.keys() - here:
        life.notes.not_shown(Topic.CONTENT, "parcel-left-out", parcel=name, index=told[name])


def _erased(life: Life) -> None:
    standing = Standing.ERASED if life.erased else Standing.NOT_SHOWN
    for part in life.bundle.parcels:
        if part.shown is Shown.ERASED:
            life.notes.note(
                Topic.ERASED,
                standing,
                "parcel-erased",
                parcel=part.parcel_id,
                agency=part.agency,
                version=part.version,
                answer=_answered(life, part),
            )


def _answered(life: Life, part: ParcelPart) -> str:
    """Return what the entry of the erasure says again of the partner's answer."""
    for entry in life.did(Act.ERASED):
        names = entry.details.get("parcels", "").split(",")
        answers = entry.details.get("parcel_answers", "").split(",")
        if part.parcel_id in names and len(names) == len(answers):
            return answers[names.index(part.parcel_id)] or "–"
    return "–"
