"""Partners without a hub: profiles, what is held for them, parcels both ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub.entries.partners import PartnerStatus


@dataclass(frozen=True, kw_only=True)
class ProfileRow:
    """One partner without a hub: its profile (TOML), and what that says of it. It has no card and no keys.

    `digest` is the SHA-256 of the text, lowercase hex. `receipts` tells whether its carrier ever gives any.
    """

    agency: str
    source: str = field(repr=False)
    digest: str
    adapter: str
    dialect: str
    carrier: str
    receipts: bool
    status: PartnerStatus
    pinned_at: datetime
    pinned_by: str


@dataclass(frozen=True, kw_only=True)
class MaterialRow:
    """Something that was taken in for one partner, under the name its profile gives it.

    `sort` is `key`, `certificates` or `secret`: a key and its certificates share a name. The body holds it,
    encrypted. `fingerprint` tells people what it is: of a public key or a certificate the SHA-256, of a
    secret nothing.
    """

    agency: str
    name: str
    sort: str
    body_id: str
    fingerprint: str
    put_at: datetime
    put_by: str


@dataclass(frozen=True, kw_only=True)
class ParcelRow:
    """One parcel of ours for a partner without a hub; its bytes lie in the body of the same id.

    `digest` is of those bytes. The body `about_id` holds what was said when it was made: our signed
    statement, with the losses; `receipt_id` that of the partner's receipt, as it came.
    """

    parcel_id: str
    agency: str
    record_id: str
    version: int
    digest: bytes
    dialect: str
    made_at: datetime
    about_id: str
    receipt_id: str | None = None
    answered_at: datetime | None = None
    signer: str | None = None
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class IntakeRow:
    """One parcel that came from a partner without a hub: taken, or refused with a code and kept.

    Keyed by (agency, parcel_id, digest): other bytes under an id that came are another parcel. The body
    `body_id` holds its bytes, `unknown_id` what no record has a place for. `repeats` counts how often it came
    again after it was acknowledged.
    """

    agency: str
    parcel_id: str
    digest: bytes
    received_at: datetime
    body_id: str
    code: str | None = None
    sentence: str = ""
    record_id: str | None = None
    version: int | None = None
    unknown_id: str | None = None
    dialect: str | None = None
    signer: str | None = None
    acknowledged_at: datetime | None = None
    repeats: int = 0

    @property
    def taken(self) -> bool:
        """Tell whether a record came of it."""
        return self.code is None
