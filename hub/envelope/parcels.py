"""What we sign of a parcel: a record's document in a partner's own format, and what of the record is lost.

Partners without a hub never see it, as their formats have no place for it; it is kept as evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.envelope.canonical import canonical, digest
from hub.envelope.documents import sign_document, verify_document
from hub.envelope.encoding import members, number_of, text_of, time_of, unb64u
from hub.envelope.header import is_hex_digest
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure
from hub.records.ids import is_agency, is_id

#: What a statement about a parcel is typed as.
PARCEL_TYPE: Final = "hub-parcel+jws"
_MEMBERS: Final = frozenset(
    {
        "approved_at",
        "approved_by",
        "content_digest",
        "dialect",
        "document_digest",
        "losses",
        "made_at",
        "media_type",
        "originator",
        "parcel",
        "parcel_digest",
        "profile",
        "recipient",
        "record",
        "version",
    }
)


@dataclass(frozen=True, kw_only=True)
class ParcelStatement:
    """One parcel of ours. Digests are hex of SHA-256, but `content_digest`, which is an approval's base64url.

    `losses` is of this recipient's item of the loss report, `profile` of the profile that the parcel was made
    by.
    """

    parcel: str
    parcel_digest: str
    originator: str
    recipient: str
    record: str
    version: int
    dialect: str
    media_type: str
    document_digest: str
    losses: str
    profile: str
    approved_by: str
    approved_at: datetime
    content_digest: str
    made_at: datetime

    def __post_init__(self) -> None:
        if not (is_id(self.parcel) and is_id(self.record)) or self.version < 1:
            raise ValueError("a statement is about a parcel and a version of a record")
        if not (is_agency(self.originator) and is_agency(self.recipient)):
            raise ValueError("a statement names originator and recipient by their ids")
        if not all(map(is_hex_digest, (self.parcel_digest, self.document_digest, self.losses, self.profile))):
            raise ValueError("a statement's digests are SHA-256 in lowercase hex")
        unb64u(self.content_digest, size=32)

    @classmethod
    def load(cls, value: object) -> ParcelStatement:
        """Return the statement of a JSON object; raise ValueError."""
        said = members(value, _MEMBERS)
        return cls(
            parcel=text_of(said, "parcel"),
            parcel_digest=text_of(said, "parcel_digest"),
            originator=text_of(said, "originator"),
            recipient=text_of(said, "recipient"),
            record=text_of(said, "record"),
            version=number_of(said, "version"),
            dialect=text_of(said, "dialect"),
            media_type=text_of(said, "media_type"),
            document_digest=text_of(said, "document_digest"),
            losses=text_of(said, "losses"),
            profile=text_of(said, "profile"),
            approved_by=text_of(said, "approved_by"),
            approved_at=time_of(said, "approved_at"),
            content_digest=text_of(said, "content_digest"),
            made_at=time_of(said, "made_at"),
        )


def sign_parcel(statement: ParcelStatement, *, keys: SigningKeys) -> bytes:
    """Return the statement as a signed document, by both algorithms of the strongest suite."""
    document = vars(statement) | {
        "approved_at": _time(statement.approved_at),
        "made_at": _time(statement.made_at),
    }
    return sign_document(document, typ=PARCEL_TYPE, keys=keys, suite=Suite.HYBRID_1)


def verify_parcel(raw: bytes, *, keys: PublicKeys) -> ParcelStatement:
    """Return what was stated and signed of a parcel.

    Raises what `verify_document` raises, and IntegrityFailure `document-invalid` for another form.
    """
    said = verify_document(raw, typ=PARCEL_TYPE, keys=keys, allowed=frozenset({Suite.HYBRID_1}))
    try:
        return ParcelStatement.load(said)
    except ValueError as error:
        raise IntegrityFailure("document-invalid", f"The statement cannot be read: {error}.") from None


def losses_of_all(items: Sequence[Mapping[str, object]]) -> bytes | None:
    """Return the digest of a whole loss report, from each recipient's item; None without any.

    An officer reads it, a release names it.
    """
    told = sorted((dict(one) for one in items), key=lambda one: str(one.get("recipient")))
    return digest(canonical(told)) if told else None


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
