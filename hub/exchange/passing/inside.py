"""verify, for what a passage holds: the originator's record and its consent. Keys and days are passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from hub.envelope.manifest import RECORD_JSON, AttachmentSecret
from hub.envelope.passing import as_jws
from hub.errors import IntegrityFailure, Refused
from hub.exchange.attachments import refuse_unbound
from hub.exchange.passing.signers import Signed
from hub.exchange.passing.written import NEVER_PASSED
from hub.records.kinds import Action, Kind
from hub.records.record import Record, load_record


class Reader(Protocol):
    """Verifies what an originator signed."""

    def read(self, jws: bytes) -> Signed:
        """Return what was signed; raise a failure for what does not count."""
        ...


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What a passage holds: the record as its originator signed it, and the consent; a recall needs none."""

    signed: Signed
    record: Record
    consent: Record | None = None


def look_inside(
    passage: Record,
    *,
    reader: Reader,
    agency: str,
    brought: Sequence[AttachmentSecret],
    on: date | None,
    max_bytes: int,
) -> Inside:
    """Verify the record in a passage for one of its recipients, and the consent where it is no withdrawal.

    `brought` is what opens the attachments that came with the passage. `on` is the day on which the consent
    must hold; None where what came before may be followed. The steps are in the order of docs/envelope.md.
    Raises IntegrityFailure `passage-invalid`, `originator-mismatch` and `binding-mismatch`, Refused
    `consent-mismatch` and `consent-ended`, and what the reader raises.
    """
    by = passage.details["record"]["originator"]
    signed, record = read_record(passage.details["signed"], by=by, reader=reader, max_bytes=max_bytes)
    _refuse_other(passage, signed, record, brought)
    if record.action is Action.WITHDRAWAL:
        return Inside(signed=signed, record=record)
    stated, consent = read_record(passage.details["consent"], by=by, reader=reader, max_bytes=max_bytes)
    if wrong := _wrong(passage, record, stated, consent, agency=agency):
        raise Refused("consent-mismatch", f"The consent does not let it be passed on: {wrong}.")
    if on is not None and consent.details["until"] < on.isoformat():
        raise Refused("consent-ended", f"The consent of {record.originator} has ended.")
    return Inside(signed=signed, record=record, consent=consent)


def read_record(
    jws: Mapping[str, object], *, by: str, reader: Reader, max_bytes: int
) -> tuple[Signed, Record]:
    """Return a record that an originator signed; raise IntegrityFailure for what is none of it."""
    signed = reader.read(as_jws(jws))
    stated = signed.stated
    stated.refuse_contradiction()
    if stated.manifest.dialect != RECORD_JSON or not stated.manifest.approvals:
        raise IntegrityFailure("passage-invalid", "What was signed is no record that somebody released.")
    record = load_record(stated.content, max_bytes=max_bytes)
    if not record.originator == stated.manifest.originator == by:
        raise IntegrityFailure("originator-mismatch", "The record inside names another originator.")
    refuse_unbound(record, stated.manifest)
    return signed, record


def _refuse_other(
    passage: Record, signed: Signed, inner: Record, brought: Sequence[AttachmentSecret]
) -> None:
    """Raise IntegrityFailure `passage-invalid` when a passage holds another record than it says."""
    meant = passage.details["record"]
    if (inner.originator, inner.id, inner.version) != (meant["originator"], meant["id"], meant["version"]):
        raise IntegrityFailure("passage-invalid", "The passage names another record than is in it.")
    if inner.kind in NEVER_PASSED:
        raise IntegrityFailure("passage-invalid", "The passage holds what is never passed on.")
    if (passage.action is Action.WITHDRAWAL) is not (inner.action is Action.WITHDRAWAL):
        raise IntegrityFailure("passage-invalid", "A withdrawal is passed on by withdrawing its passage.")
    if set(signed.stated.manifest.attachments) != set(brought):
        raise IntegrityFailure("passage-invalid", "The passage brings other attachments than its record has.")


def _wrong(passage: Record, inner: Record, stated: Signed, consent: Record, *, agency: str) -> str | None:
    """Return why a consent does not let an agency have a record from the hub that passes it on.

    It must be for this record, name the agency, and have been given to that hub.
    """
    details: Mapping[str, Any] = consent.details
    if consent.kind is not Kind.CONSENT or consent.action is Action.WITHDRAWAL:
        return f"what travels is a {consent.kind.value} and no consent"
    if details["decision"] != "granted":
        return f"{consent.originator} has refused it"
    if details["record"]["id"] != inner.id:
        return "it is for another record"
    if agency not in details["pass_to"]:
        return f"it does not name {agency}"
    if passage.originator not in stated.stated.manifest.recipients:
        return f"it was not given to {passage.originator}"
    return None
