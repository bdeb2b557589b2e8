"""What an audit entry says: ids, digests and salted commitments, never content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from hub.records.actor import Actor


class Act(Enum):
    """Every kind of step that leaves an entry (Directive (EU) 2016/680 art. 25 and the record's way)."""

    DRAFTED = "drafted"
    REVISED = "revised"
    DISCARDED = "discarded"
    REJECTED = "rejected"
    RELEASED = "released"
    QUEUED = "queued"
    CARRIED = "carried"
    HELD = "held"
    RESUMED = "resumed"
    DIED = "died"
    ADMITTED = "admitted"
    RELAYED = "relayed"
    REFUSED = "refused"
    RECEIPT_VERIFIED = "receipt-verified"
    RECEIPT_ISSUED = "receipt-issued"
    DELIVERED = "delivered"
    CONSULTED = "consulted"
    ANSWERED = "answered"
    ATTACHED = "attached"
    ERASED = "erased"
    PARTNER_CHANGED = "partner-changed"
    MEMBER_CHANGED = "member-changed"
    OFFICER_CHANGED = "officer-changed"
    AGREEMENT_CHANGED = "agreement-changed"
    KEY_CHANGED = "key-changed"
    LOGIN = "login"
    LOGIN_FAILED = "login-failed"
    STARTED = "started"
    STOPPED = "stopped"


def commit_to(salt: bytes, value: bytes) -> bytes:
    """Return SHA-256(salt || value): hides a guessable value until the salt is shown."""
    if len(salt) < 16:
        raise ValueError("a commitment's salt has at least 16 bytes")
    return hashlib.sha256(salt + value).digest()


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One entry staged with the change it tells of; the sequencer gives it its index in the log later.

    `details` are short strings that hold ids, digests and codes only. `salt` opens the commitments in it.
    """

    event_id: str
    at: datetime
    act: Act
    actor: Actor
    subject: str
    details: Mapping[str, str] = field(default_factory=dict)
    justification: str | None = None
    salt: bytes | None = field(default=None, repr=False)
