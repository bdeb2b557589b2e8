"""Officers, their keys and approvals, and the agreements that custodians decide on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from hub.entries.bodies import Body
from hub.records.actor import Role
from hub.records.label import Classification


@dataclass(frozen=True, kw_only=True)
class OfficerRow:
    """One local account. `totp` is the vault-locked secret; `last_totp_step` refuses a replayed code.

    `epoch` grows whenever older sessions must end. `failed_logins` counts since the last success, and
    `locked_until` is when the lock of the address that was locked out last ends. `clearance` and
    `compartments` are those of the actor.
    """

    name: str
    roles: frozenset[Role]
    password_hash: str = field(repr=False)
    totp: Body = field(repr=False)
    active: bool
    added_at: datetime
    last_totp_step: int = 0
    failed_logins: int = 0
    locked_until: datetime | None = None
    epoch: int = 0
    clearance: Classification = Classification.UNCLASSIFIED
    compartments: tuple[str, ...] = ()


class Custody(Enum):
    """Where the private half of an officer's key is: here under their password, or with the officer alone."""

    HUB = "hub"
    OFFICER = "officer"


@dataclass(frozen=True, kw_only=True)
class OfficerKeyRow:
    """A key with which an officer signs releases; `kid` is the thumbprint of its JWK (RFC 7638).

    `x` and `y` are its coordinates in base64url. `body_id` holds the private half, sealed under the officer's
    password, where `custody` is with the hub. One that was revoked stays, for what it signed before.
    """

    kid: str
    officer: str
    x: str
    y: str
    custody: Custody
    registered_at: datetime
    registered_by: str
    body_id: str | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    @property
    def jwk(self) -> Mapping[str, str]:
        """Return the public key as JWK."""
        return {"crv": "P-256", "kty": "EC", "x": self.x, "y": self.y}


@dataclass(frozen=True, kw_only=True)
class ApprovalRow:
    """One officer's decision that a version may go; what was signed lies in the body and is erased with it.

    `by` is the officer as an actor (`officer:bolat`); `kid` is None for one without a key of their own.
    """

    originator: str
    record_id: str
    version: int
    by: str
    at: datetime
    body_id: str
    kid: str | None = None


@dataclass(frozen=True, kw_only=True)
class LoginFailures:
    """How often in a row one network address failed to sign in as one officer, and when last."""

    name: str
    address: str
    failures: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class AgreementRow:
    """One version of an agreement as text (TOML) with its digest; the newest `adopted_at` is in force."""

    agreement_id: str
    version: int
    source: str
    digest: bytes
    adopted_at: datetime
    adopted_by: str


@dataclass(frozen=True, kw_only=True)
class ProposalRow:
    """A version of an agreement that one custodian proposed; it is in force once another approved it."""

    agreement_id: str
    version: int
    source: str
    digest: bytes
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PolicyRow:
    """One version of the policy on officers and members, as Cedar text with its digest.

    One custodian proposes it; the highest version that another approved is in force.
    """

    version: int
    source: str
    digest: bytes
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ConfinementRow:
    """A compartment that a record is confined to at this hub; `lift_by` is who proposed to lift it."""

    originator: str
    record_id: str
    compartment: str
    confined_by: str
    confined_at: datetime
    lift_by: str | None = None
    lift_at: datetime | None = None
