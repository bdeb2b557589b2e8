"""Who exchanges messages about what, as both sides have agreed it beforehand (a P-Mode of ebMS 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True, kw_only=True)
class Party:
    """One side by the id that messages give it, and by its agency."""

    agency: str
    party_id: str


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What messages between us and one partner say, and the keys that prove it.

    `theirs` may each sign; the first is encrypted for.
    """

    us: Party
    them: Party
    party_type: str
    service: str
    service_type: str | None
    action: str
    agreement: str | None
    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate
    theirs: Sequence[x509.Certificate]
    max_parcel_bytes: int
