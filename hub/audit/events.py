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
    """Every kind of step that leaves an entry; hub/audit/catalogue.py says of each what it means."""

    DRAFTED = "drafted"
    ADMITTED = "admitted"
    ATTACHED = "attached"
    REVISED = "revised"
    CONSULTED = "consulted"
    RELEASED = "released"
    DISCLOSED = "disclosed"
    PASSED_ON = "passed-on"
    ANSWERED = "answered"
    DISCARDED = "discarded"
    ERASED = "erased"
    ERASURE_PROPOSED = "erasure-proposed"
    REJECTED = "rejected"
    KEEPING_PROPOSED = "keeping-proposed"
    KEPT = "kept"
    REVIEWED = "reviewed"
    REMINDED = "reminded"
    APPROVED = "approved"
    LABEL_LOWERED = "label-lowered"
    TORN = "torn"
    TEAR_OUTDATED = "tear-outdated"
    TEAR_STANDS = "tear-stands"
    CHECK_ANSWERED = "check-answered"
    CARRIED = "carried"
    RELAYED = "relayed"
    RECEIPT_VERIFIED = "receipt-verified"
    RECEIPT_KEPT = "receipt-kept"
    RECEIPT_ISSUED = "receipt-issued"
    DELIVERED = "delivered"
    COLLECTION_OPENED = "collection-opened"
    LAID_OUT = "laid-out"
    COLLECTED = "collected"
    POSTED = "posted"
    POST_ANSWERED = "post-answered"
    RESUMED = "resumed"
    MISSED = "missed"
    RECONCILED = "reconciled"
    DIED = "died"
    HELD = "held"
    WITHHELD = "withheld"
    REFUSED = "refused"
    LOGIN_FAILED = "login-failed"
    LOGIN = "login"
    PARTNER_CHANGED = "partner-changed"
    MEMBER_CHANGED = "member-changed"
    OFFICER_CHANGED = "officer-changed"
    OFFICER_KEY = "officer-key"
    AGREEMENT_PROPOSED = "agreement-proposed"
    AGREEMENT_CHANGED = "agreement-changed"
    ACCESS_PROPOSED = "access-proposed"
    ACCESS_CHANGED = "access-changed"
    CONFINED = "confined"
    LIFT_PROPOSED = "lift-proposed"
    LIFTED = "lifted"
    KEY_CHANGED = "key-changed"
    POLICY_CHANGED = "policy-changed"
    DIRECTORY_CHANGED = "directory-changed"
    WITNESSED = "witnessed"
    FORK_SEEN = "fork-seen"
    QUORUM_CHANGED = "quorum-changed"
    STARTED = "started"
    STOPPED = "stopped"
    SEARCHED = "searched"
    EXPORTED = "exported"
    LOST = "lost"
    RECOVERED = "recovered"


#: Details that derive from content: they go with an event's salt when it is erased.
SECRET_DETAILS: Final = frozenset({"digest", "losses", "parcel_digests", "parcel_receipt", "record_digest"})


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
