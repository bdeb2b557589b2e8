"""What others are trusted by: answers about revocation, certificates, items kept by their digest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class TrustKind(Enum):
    """What a kept item of trust is: see `docs/evidence.md` for the bytes of each."""

    CARD = "card"
    PIN = "pin"
    CERTIFICATE = "certificate"
    CRL = "crl"
    OCSP = "ocsp"
    STATEMENT = "statement"
    SNAPSHOT = "snapshot"
    PROFILE = "profile"


@dataclass(frozen=True, kw_only=True)
class RevocationRow:
    """The newest verified answer about the certificates of an authority: a CRL, or OCSP's on one of them.

    `authority` is the SHA-256 of its key, `kind` is `crl` or `ocsp`, `serial` is lowercase hex and empty for
    a CRL. The bytes are kept as a trust item under `digest`; they are believed `until` then.
    """

    authority: str
    kind: str
    serial: str
    this_update: datetime
    next_update: datetime
    fetched_at: datetime
    until: datetime
    digest: str
    url: str
    good: bool
    revoked: bool


@dataclass(frozen=True, kw_only=True)
class RevocationRule:
    """What a custodian decided about checking one partner's certificates, beside what its card says.

    `policy` is None where only addresses were set.
    """

    agency: str
    policy: str | None
    crl: tuple[str, ...]
    ocsp: tuple[str, ...]
    set_at: datetime
    set_by: str


@dataclass(frozen=True, kw_only=True)
class CertificateRow:
    """A certificate that our authority issued. `use` is `hub` or `member`; the times are of its life here.

    `serial` is lowercase hex, `authority` the SHA-256 of the issuing key, `reason` one of RFC 5280 §5.3.1.
    """

    thumbprint: str
    authority: str
    serial: str
    agency: str
    use: str
    not_before: datetime
    not_after: datetime
    raw: bytes = field(repr=False)
    issued_at: datetime
    issued_by: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class EnrolmentRow:
    """A certificate request for a member's system, which a second custodian issues or rejects.

    `state` is `asked`, `issued` or `rejected`; `thumbprint` is of what was issued.
    """

    enrolment_id: str
    agency: str
    name: str
    scopes: tuple[str, ...]
    request: bytes = field(repr=False)
    requested_by: str
    requested_at: datetime
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    thumbprint: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrustItem:
    """Something that a verification relied on, under the SHA-256 of its bytes (lowercase hex)."""

    digest: str
    kind: TrustKind
    raw: bytes = field(repr=False)
