"""Receipts: what a recipient states about an envelope, signed, so that the sender can prove it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.codes import CODES
from hub.envelope.canonical import canonical, read_canonical
from hub.envelope.encoding import choice_of, members, number_of, text_of, time_of
from hub.envelope.header import is_hex_digest
from hub.envelope.jws import check_jws, read_jws, sign_jws
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure
from hub.records.ids import is_agency, is_id
from hub.records.lifecycle import ReceiptStatus
from hub.records.times import as_text

RECEIPT_TYPE: Final = "hub-receipt+json"
RECEIPT_MAX_BYTES: Final = 16 * 1024
SENTENCE_MAX: Final = 1000

_REQUIRED: Final = frozenset({"at", "by", "envelope_digest", "envelope_id", "receipt_id", "status", "to"})
_OPTIONAL: Final = frozenset({"member", "reason", "record_id", "sentence"})
_PASSED: Final = frozenset({"passage", "receipt", "version"})
_JWS: Final = frozenset({"payload", "signatures"})
_REASON: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """What a recipient of a passage stated about a version of it; `receipt` is its JWS as an object."""

    passage: str
    version: int
    receipt: Mapping[str, object]

    def __post_init__(self) -> None:
        if not is_id(self.passage) or self.version < 1:
            raise ValueError("passed names a passage and a version of it")
        members(self.receipt, _JWS)

    def as_document(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {"passage": self.passage, "version": self.version, "receipt": dict(self.receipt)}

    @classmethod
    def load(cls, value: object) -> Acknowledgement:
        """Return what a JSON object says; raise ValueError."""
        said = members(value, _PASSED)
        return cls(
            passage=text_of(said, "passage"),
            version=number_of(said, "version"),
            receipt=members(said["receipt"], _JWS),
        )


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What `by` states to `to` about one envelope; `envelope_digest` is the SHA-256 of its bytes, in hex.

    A refusal has a `reason`, which is a failure code, and the sentence that a person reads. `member` is the
    agency at the recipient's hub that it was delivered to. With `passed` it is about a consent: `member` is a
    further agency that acknowledged what was passed on to it, and that one's own receipt stands in it.
    """

    receipt_id: str
    envelope_id: str
    envelope_digest: str
    by: str
    to: str
    status: ReceiptStatus
    at: datetime
    record_id: str | None = None
    member: str | None = None
    reason: str | None = None
    sentence: str | None = None
    passed: Acknowledgement | None = None

    def __post_init__(self) -> None:
        ids = (self.receipt_id, self.envelope_id, *filter(None, [self.record_id]))
        if not all(map(is_id, ids)):
            raise ValueError("receipt_id, envelope_id and record_id are UUIDv7 in lowercase")
        if not all(map(is_agency, (self.by, self.to, *filter(None, [self.member])))):
            raise ValueError("by, to and member are ids of agencies")
        if not is_hex_digest(self.envelope_digest):
            raise ValueError("envelope_digest is a SHA-256 in lowercase hex")
        if (self.status is ReceiptStatus.REFUSED) != (self.reason is not None):
            raise ValueError("a refusal, and nothing else, has a reason")
        if self.passed is not None and (self.member is None or self.status is not ReceiptStatus.DELIVERED):
            raise ValueError("what was passed on was delivered to a member")
        # A partner may know codes that this hub does not.
        if self.reason is not None and self.reason not in CODES and not _REASON.fullmatch(self.reason):
            raise ValueError("a reason is a failure code")
        if self.sentence is not None and not 1 <= len(self.sentence) <= SENTENCE_MAX:
            raise ValueError(f"a sentence has 1 to {SENTENCE_MAX} characters")

    def as_document(self) -> dict[str, object]:
        """Return the statement as JSON holds it."""
        optional = {
            "member": self.member,
            "reason": self.reason,
            "record_id": self.record_id,
            "sentence": self.sentence,
        }
        document: dict[str, object] = {
            "at": as_text(self.at),
            "by": self.by,
            "envelope_digest": self.envelope_digest,
            "envelope_id": self.envelope_id,
            "receipt_id": self.receipt_id,
            "status": self.status.value,
            "to": self.to,
        }
        if self.passed is not None:
            document["passed"] = self.passed.as_document()
        return document | {name: value for name, value in optional.items() if value is not None}

    @classmethod
    def load(cls, value: object) -> Statement:
        """Return the statement of a JSON object; raise ValueError."""
        document = members(value, _REQUIRED, _OPTIONAL | {"passed"})
        return cls(
            receipt_id=text_of(document, "receipt_id"),
            envelope_id=text_of(document, "envelope_id"),
            envelope_digest=text_of(document, "envelope_digest"),
            by=text_of(document, "by"),
            to=text_of(document, "to"),
            status=choice_of(document, "status", ReceiptStatus),
            at=time_of(document, "at"),
            passed=Acknowledgement.load(document["passed"]) if "passed" in document else None,
            **{name: text_of(document, name) for name in _OPTIONAL & document.keys()},
        )


def issue(statement: Statement, keys: SigningKeys, suite: Suite) -> bytes:
    """Sign a receipt."""
    return sign_jws(canonical(statement.as_document()), typ=RECEIPT_TYPE, keys=keys, suite=suite)


def verify_receipt(raw: bytes, *, by: PublicKeys, allowed: frozenset[Suite]) -> Statement:
    """Return what an agency stated. The caller compares the envelope's id and digest with what it sent.

    Raises IntegrityFailure `receipt-invalid`, `signature-missing` and `signature-invalid`, PeerFault
    `suite-not-allowed` and `key-unknown`.
    """
    try:
        if len(raw) > RECEIPT_MAX_BYTES:
            raise ValueError(f"it has {len(raw)} bytes; at most {RECEIPT_MAX_BYTES} are taken")
        checked = check_jws(read_jws(raw, typ=RECEIPT_TYPE), keys=by, allowed=allowed)
        statement = Statement.load(read_canonical(checked.payload))
    except ValueError as error:
        raise IntegrityFailure("receipt-invalid", f"The receipt cannot be read: {error}.") from None
    if statement.by != by.agency:
        raise IntegrityFailure(
            "receipt-invalid", f"The receipt speaks for {statement.by}; {by.agency} signed it."
        )
    return statement
