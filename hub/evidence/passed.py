"""What a passage holds: the originator's record and its consent, each with its own signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.envelope.passing import as_jws
from hub.envelope.sealing import Stated, verify_signed
from hub.errors import HubError, IntegrityFailure
from hub.evidence.anchors import Anchors
from hub.evidence.findings import Notebook, Signature, Topic
from hub.evidence.sealed import OpenedPart, Signed, failed, unknown
from hub.records.kinds import Kind

#: The parts of a passage, with what a finding and a signature call each.
_PARTS: Final = (("signed", "passed-signed", "record"), ("consent", "consent-signed", "consent"))


def check_passed(
    opened: Mapping[str, OpenedPart], anchors: Anchors, notes: Notebook
) -> Sequence[tuple[Signed, str]]:
    """Verify what passages hold, with the anchors' keys of its originator; other records hold nothing so.

    Returns who signed it, with the id of the envelope that it came in.
    """
    signed: list[tuple[Signed, str]] = []
    for part in opened.values():
        if part.verified.manifest.kind != Kind.PASSAGE.value:
            continue
        details: Any = part.verified.content["details"]
        for name, key, what in _PARTS:
            if name in details:
                by = _check(part, details["record"], details[name], anchors, notes, key=key, what=what)
                signed += [] if by is None else [(by, part.part.envelope_id)]
    return signed


def _check(
    part: OpenedPart,
    meant: Mapping[str, Any],
    signed: Mapping[str, object],
    anchors: Anchors,
    notes: Notebook,
    *,
    key: str,
    what: str,
) -> Signed | None:
    about: dict[str, Any] = {"envelope": part.part.envelope_id, "version": part.part.version}
    try:
        stated = _verify(meant["originator"], signed, anchors)
        manifest = stated.manifest
        if what == "record" and (manifest.record_id, manifest.version) != (meant["id"], meant["version"]):
            raise IntegrityFailure("passage-invalid", "It holds another record than it says.")
    except HubError as error:
        failed(notes, Topic.CONTENT, "passed", error, **about)
        return None
    algorithms = manifest.suite.signature_algorithms
    told = {"by": manifest.originator, "record": manifest.record_id, "of": manifest.version}
    notes.proven(Topic.CONTENT, key, algorithms=" + ".join(algorithms), **told, **about)
    notes.signatures.append(
        Signature(
            over=manifest.record_id,
            what=what,
            by=manifest.originator,
            algorithms=algorithms,
            claims_at=manifest.created_at,
        )
    )
    return Signed(by=manifest.originator, suite=manifest.suite, kids=stated.signed_by)


def _verify(originator: str, signed: Mapping[str, object], anchors: Anchors) -> Stated:
    anchor = anchors.agencies.get(originator)
    if anchor is None:
        raise unknown(originator)
    stated = verify_signed(as_jws(signed), sender=anchor.public, allowed=anchor.suites)
    stated.refuse_contradiction()
    if stated.manifest.originator != originator:
        raise IntegrityFailure("originator-mismatch", "It was signed for another originator.")
    return stated
