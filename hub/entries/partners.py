"""Who the others are: partners, members, and how cards are exchanged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class PartnerStatus(Enum):
    """Whether traffic with a partner flows."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, kw_only=True)
class PartnerRow:
    """One pinned partner: the verified card's bytes, how to reach it and the suites it may use.

    `url` is None for a partner that cannot be called and pulls from its mailbox. `via` names the relay.
    """

    agency: str
    card: bytes = field(repr=False)
    fingerprint: str
    status: PartnerStatus
    suites: tuple[str, ...]
    url: str | None
    pinned_at: datetime
    pinned_by: str
    via: str | None = None
    relay_for: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IntroductionRow:
    """How far a partner and we know of one another's cards.

    `said` is the digest of what our card says that the partner has pinned, `knows` the ids of our signing
    keys on it, both as it told us `at` a time. `waiting` is a card of the partner that a custodian is to
    approve, `refused` the fingerprint of the last one that did not follow from its pin.
    """

    agency: str
    at: datetime
    said: str | None = None
    knows: tuple[str, ...] = ()
    waiting: bytes | None = field(default=None, repr=False)
    refused: str | None = None


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """One domestic agency whose systems call the API with this certificate.

    `certificate_thumbprint` is the SHA-256 of the certificate's DER (lowercase hex).
    """

    agency: str
    name: str
    certificate_thumbprint: str
    scopes: tuple[str, ...]
    status: PartnerStatus
    added_at: datetime
