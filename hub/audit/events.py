"""What an audit entry says: ids, digests and salted commitments, never content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from hub.records.actor import Actor

#: The length of an event's secret salt.
SALT_BYTES: Final = 32


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


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One entry staged with the change it tells of; the sequencer gives it its index in the log later.

    `details` are short strings that hold ids, digests and codes only. `salt` is secret and random: every
    commitment in the event's leaf derives from it, and none can be opened once it is erased.
    """

    event_id: str
    at: datetime
    act: Act
    actor: Actor
    subject: str
    details: Mapping[str, str] = field(default_factory=dict)
    justification: str | None = None
    salt: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.salt is not None and len(self.salt) != SALT_BYTES:
            raise ValueError(f"an audit event's salt has {SALT_BYTES} bytes")
