"""What is on its way: entries and lanes, what came, receipts, deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub.entries.changing import Priority
from hub.records.lifecycle import DeliveryState, EntryState, ReceiptStatus


@dataclass(frozen=True, kw_only=True)
class OutboxEntry:
    """One sealed envelope on its way to one partner (the lane). The bytes are in `body_id`, once for all.

    `hops` are the hubs it has passed; it is empty where it starts. `attempts` counts failed carries since
    a person last resumed it. `origin` is the agency that handed it to us, when we relay; `statement` then
    names the originator's transfer statement. `digest` is the SHA-256 of the sealed bytes. `number` is given
    by the store at commit to what starts here: gap-free for each recipient, and never another's.
    """

    entry_id: str
    lane: str
    recipient: str
    envelope_id: str
    body_id: str
    record_id: str | None
    version: int | None
    conversation: str
    priority: Priority
    state: EntryState
    created_at: datetime
    next_at: datetime
    expires_at: datetime
    attempts: int = 0
    retries: int = 0
    reason: str | None = None
    hops: tuple[str, ...] = ()
    origin: str | None = None
    attachments: tuple[str, ...] = ()
    digest: bytes | None = None
    number: int | None = None
    statement: str | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class Lane:
    """The way to one partner: who works it now (fenced by `token`) and whether its breaker is open."""

    partner: str
    token: int = 0
    claimed_until: datetime | None = None
    failures: int = 0
    open_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class EntryCount:
    """How many outbox entries of a lane are in a state, and since when the oldest."""

    lane: str
    state: EntryState
    count: int
    oldest_at: datetime
    retries: int = 0


@dataclass(frozen=True, kw_only=True)
class InboxEntry:
    """One envelope that was admitted or refused once, with the very receipt we gave for it.

    Keyed by (originator, envelope_id); `digest` is the SHA-256 of the sealed bytes. `number` is the one that
    the originator gave it for us, and no other envelope of its has it; `statement` names where it says so.
    """

    originator: str
    envelope_id: str
    digest: bytes
    peer: str
    received_at: datetime
    receipt: bytes = field(repr=False)
    status: ReceiptStatus = ReceiptStatus.ACCEPTED
    record_id: str | None = None
    version: int | None = None
    body_id: str | None = None
    hops: tuple[str, ...] = ()
    number: int | None = None
    statement: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReceiptRow:
    """One verified receipt, theirs or ours, with the envelope it answers. `raw` is the signed JWS.

    `offers` counts how often one of ours was offered to the partner, who did not take it.
    """

    receipt_id: str
    envelope_id: str
    by: str
    to: str
    status: ReceiptStatus
    at: datetime
    raw: bytes = field(repr=False)
    member: str | None = None
    reason: str | None = None
    record_id: str | None = None
    offers: int = 0


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One record on its way to one member; `position` is gap-free per member and is the member's cursor.

    What a policy holds from the member has a negative one, which no cursor comes to, and `reason` says by
    which code.
    """

    delivery_id: str
    member: str
    originator: str
    record_id: str
    version: int
    kind: str
    state: DeliveryState
    at: datetime
    envelope_id: str | None = None
    reason: str | None = None
    position: int = 0

    @property
    def held_back(self) -> bool:
        """Tell whether its member cannot collect it, and never could."""
        return self.state in {DeliveryState.HELD, DeliveryState.DEAD}


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a client's idempotency key was answered with before."""

    client: str
    key: str
    request_digest: bytes
    status: int
    body: bytes = field(repr=False)
    at: datetime
