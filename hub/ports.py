"""The few Protocols that the use cases need; storage, transport, adapters and keys implement them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from hub.audit.events import AuditEvent
from hub.entries import (
    AgreementRow,
    AttachmentRow,
    Body,
    Delivery,
    EntryCount,
    InboxEntry,
    Lane,
    LoginFailures,
    MemberRow,
    OfficerRow,
    OutboxEntry,
    PartnerRow,
    Priority,
    ReceiptRow,
    RecordRow,
    Release,
    Replay,
)
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys
from hub.records.lifecycle import DeliveryState, EntryState, RecordState


class Clock(Protocol):
    """Tells the time; the one place where time enters."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        ...


class Records(Protocol):
    """Record versions and their releases, keyed by (originator, record_id, version).

    A hostile partner may give its record the id of another one. Where no originator is named, an id means
    our own record, else the only one that came with it, and nothing when several originators sent one.
    """

    def add(self, rows: Sequence[RecordRow]) -> None:
        """Store new versions; raise Refused `conflict`, at the latest at commit, when one is there."""
        ...

    def get(
        self, record_id: str, version: int | None = None, *, originator: str | None = None
    ) -> RecordRow | None:
        """Return a version, or the highest one."""
        ...

    def get_many(self, keys: Sequence[tuple[str, str, int]]) -> Mapping[tuple[str, str, int], RecordRow]:
        """Return those (originator, record_id, version) that exist."""
        ...

    def newest(self, record_ids: Sequence[str]) -> Mapping[tuple[str, str], RecordRow]:
        """Return the highest version for each (originator, record_id) that exists, in one query."""
        ...

    def versions(self, record_id: str, *, originator: str | None = None) -> Sequence[RecordRow]:
        """Return all versions of one originator's record, lowest first."""
        ...

    def replace(self, row: RecordRow, *, expected_revision: int) -> None:
        """Rewrite a row whose revision is the expected one (else Refused `conflict`); store revision + 1."""
        ...

    def advance(self, row: RecordRow, *, to: RecordState) -> None:
        """Take one step of the lifecycle with this version as it is stored now; store revision + 1.

        Raises Refused `transition-invalid` and `not-found`.
        """
        ...

    def page(
        self,
        *,
        after: int,
        limit: int,
        state: RecordState | None = None,
        kind: str | None = None,
        conversation: str | None = None,
    ) -> Sequence[RecordRow]:
        """Return rows with a position above `after`, lowest first."""
        ...

    def add_releases(self, releases: Sequence[Release]) -> None:
        """Store releases."""
        ...

    def releases(self, record_id: str) -> Sequence[Release]:
        """Return all releases of all versions, oldest first; only our own records have any."""
        ...


class Bodies(Protocol):
    """Encrypted bytes at rest."""

    def add(self, bodies: Sequence[Body]) -> None:
        """Store bodies."""
        ...

    def get_many(self, body_ids: Sequence[str]) -> Mapping[str, Body]:
        """Return those that exist and were not erased."""
        ...

    def sizes(self, body_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many bytes those have that exist, without reading them."""
        ...

    def erase(self, body_id: str) -> None:
        """Destroy the wrapped key; what is left cannot be read."""
        ...


class Outbox(Protocol):
    """The queue: one lane per partner, order within a conversation, priorities that share."""

    def queue(self, entries: Sequence[OutboxEntry]) -> None:
        """Append entries."""
        ...

    def lanes_due(self, at: datetime) -> Sequence[str]:
        """Return the lanes that have due entries, whose breaker is not open and that nobody works."""
        ...

    def claim_lane(self, partner: str, *, at: datetime, until: datetime) -> Lane | None:
        """Take a lane that nobody works and whose breaker lets through, with a higher token; else None."""
        ...

    def extend_lane(self, lane: Lane, *, until: datetime) -> bool:
        """Hold a claimed lane longer; return False when its token was overtaken, or it was released."""
        ...

    def release_lane(self, lane: Lane, *, failures: int, open_until: datetime | None) -> None:
        """Give the lane back and set its breaker; does nothing when the token was overtaken."""
        ...

    def claim(
        self,
        lane: Lane,
        *,
        at: datetime,
        shares: Mapping[Priority, int],
        max_bytes: int | None = None,
        besides: Collection[int] = (),
    ) -> Sequence[OutboxEntry]:
        """Return due entries of a claimed lane, at most the sum of `shares`, besides those at positions.

        Each priority gets its share and what others leave over, flash first. Only the head of each
        conversation in this lane is returned: the lowest position that is PENDING, CARRIED or HELD.
        Their bodies come to `max_bytes` together, or to one body; the first of each priority is asked first.
        Entries are not marked; the lane's claim is what excludes others.
        """
        ...

    def settle(
        self, lane: Lane | None, entries: Sequence[OutboxEntry], *, yielding: bool = False
    ) -> frozenset[str]:
        """Store new state, next_at, attempts, retries and reason of entries.

        Raises Refused `conflict` when the lane's token was overtaken, `transition-invalid` for a step that
        ENTRY_STEPS does not have (the same state again is allowed, and is bookkeeping). Where another unit
        of work settled an entry meanwhile, `transition-invalid` may come at commit. A worker (who has a
        lane, or is `yielding`) leaves what a receipt, a person or time has ended meanwhile as it is, unless
        a receipt now proves that it was accepted; the ids of what it left are returned.
        """
        ...

    def get(self, entry_id: str) -> OutboxEntry | None:
        """Return one entry."""
        ...

    def of_envelope(self, envelope_id: str) -> Sequence[OutboxEntry]:
        """Return the entries that carry an envelope, one per recipient."""
        ...

    def of_record(self, record_id: str) -> Sequence[OutboxEntry]:
        """Return the entries that carry any version of a record."""
        ...

    def relayed_waiting(self, origin: str, *, most: int) -> int:
        """Return how many PENDING, CARRIED and HELD entries came from an agency; it counts up to `most`."""
        ...

    def of_attachment(self, digest: str, lane: str) -> bool:
        """Tell whether an entry for this lane carries the attachment."""
        ...

    def page(
        self, *, after: int, limit: int, lane: str | None = None, state: EntryState | None = None
    ) -> Sequence[OutboxEntry]:
        """Return entries with a position above `after`, lowest first."""
        ...

    def expired(self, at: datetime, limit: int) -> Sequence[OutboxEntry]:
        """Return PENDING, CARRIED and HELD entries whose time to live has passed."""
        ...

    def counts(self) -> Sequence[EntryCount]:
        """Return how many entries are in each state, lane by lane, from counters kept with each change."""
        ...

    def lane(self, partner: str) -> Lane:
        """Return a lane as it stands."""
        ...


class Inbox(Protocol):
    """What came in, once."""

    def seen(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], InboxEntry]:
        """Return the entries that exist among (originator, envelope_id) keys."""
        ...

    def admit(self, entries: Sequence[InboxEntry]) -> frozenset[tuple[str, str]]:
        """Store entries; return the keys that were new, without those another worker stored first."""
        ...


class Receipts(Protocol):
    """Signed statements about envelopes."""

    def add(self, rows: Sequence[ReceiptRow]) -> None:
        """Store receipts; one that is there already (same receipt_id) is left as it is."""
        ...

    def of_envelope(self, envelope_id: str) -> Sequence[ReceiptRow]:
        """Return the receipts about an envelope, oldest first."""
        ...

    def of_record(self, record_id: str) -> Sequence[ReceiptRow]:
        """Return the receipts about any version of a record, oldest first."""
        ...

    def unsent(self, to: str, limit: int) -> Sequence[ReceiptRow]:
        """Return our receipts that this partner has not been given yet, oldest first."""
        ...

    def queue(self, rows: Sequence[ReceiptRow]) -> None:
        """Store our own receipts and mark them to be sent."""
        ...

    def sent(self, receipt_ids: Sequence[str]) -> None:
        """Mark receipts as taken by the partner."""
        ...

    def partners_waiting(self) -> Sequence[str]:
        """Return the partners for whom receipts wait."""
        ...


class Deliveries(Protocol):
    """Members' inboxes."""

    def add(self, rows: Sequence[Delivery]) -> None:
        """Append deliveries."""
        ...

    def page(
        self, member: str, *, after: int, limit: int, kinds: Collection[str] | None = None
    ) -> Sequence[Delivery]:
        """Return a member's deliveries above a position, of some kinds or of all, lowest first."""
        ...

    def get(self, delivery_id: str) -> Delivery | None:
        """Return one delivery; in a unit of work nobody else changes it until the end."""
        ...

    def advance(self, delivery_id: str, *, to: DeliveryState) -> None:
        """Take one step of the lifecycle."""
        ...

    def of_record(self, record_id: str) -> Sequence[Delivery]:
        """Return a record's deliveries."""
        ...


class Directory(Protocol):
    """Partners, members, officers and agreements as this hub has approved them."""

    def partners(self) -> Sequence[PartnerRow]: ...
    def partner(self, agency: str) -> PartnerRow | None: ...
    def put_partner(self, row: PartnerRow) -> None: ...
    def members(self) -> Sequence[MemberRow]: ...
    def member(self, agency: str) -> MemberRow | None: ...
    def put_member(self, row: MemberRow) -> None: ...
    def officers(self) -> Sequence[OfficerRow]: ...
    def officer(self, name: str) -> OfficerRow | None: ...
    def put_officer(self, row: OfficerRow) -> None: ...
    def login_failures(self, name: str, address: str) -> LoginFailures | None:
        """Return how an address failed to sign in as an officer."""
        ...

    def put_login_failures(self, row: LoginFailures) -> None:
        """Store or replace; bookkeeping."""
        ...

    def forget_login_failures(
        self, name: str, *, address: str | None = None, before: datetime | None = None
    ) -> None:
        """Forget an officer's failed logins, of one address or all, those before a time or all."""
        ...

    def agreements(self) -> Sequence[AgreementRow]:
        """Return the newest version of each agreement."""
        ...

    def put_agreement(self, row: AgreementRow) -> None: ...
    def generation(self) -> int:
        """Return a number that changes with every change of the directory; caches hang on it."""
        ...


#: What names one version of a record: (originator, record_id, version).
RecordKey = tuple[str, str, int]


class Attachments(Protocol):
    """What is known of attachments; the bytes are in a BlobStore."""

    def get(self, digest: str) -> AttachmentRow | None: ...
    def by_upload(self, upload_id: str) -> AttachmentRow | None:
        """Return what an upload of ours is, or has become."""
        ...

    def by_plain_digest(self, plain_digest: str) -> Sequence[AttachmentRow]:
        """Return our complete attachments with this content, oldest first."""
        ...

    def add(self, row: AttachmentRow) -> None:
        """Store a row, unless there is one with the same digest already."""
        ...

    def use(self, digests: Sequence[str]) -> int:
        """Mark complete rows as used; return how many of the digests there are."""
        ...

    def name(self, record: RecordKey, digests: Sequence[str]) -> None:
        """Note which attachments a record's version names, in place of those it named before."""
        ...

    def of_record(self, record: RecordKey) -> Sequence[AttachmentRow]:
        """Return what a record's version names, oldest first."""
        ...

    def unneeded(self, limit: int) -> Sequence[AttachmentRow]:
        """Return used rows that nothing needs.

        No live entry carries them, and every record that names them is withdrawn or discarded.
        """
        ...

    def let_go(self, digest: str, at: datetime) -> bool:
        """Mark a row that nothing needs as no longer used; tell whether it is so still. Bookkeeping."""
        ...

    def remove(self, digest: str) -> None:
        """Remove a row if it is there."""
        ...

    def remove_unused(self, digest: str) -> bool:
        """Remove a row that is still neither used nor needed; tell whether it was removed."""
        ...

    def unused(
        self, *, created_before: datetime, let_go_before: datetime, limit: int
    ) -> Sequence[AttachmentRow]:
        """Return what nothing needs, complete or not, oldest first: never used, or let go before a time."""
        ...

    def used_bytes(self, owner: str) -> int:
        """Return the announced bytes of an owner, incomplete ones included."""
        ...


class Replays(Protocol):
    """Answers remembered under idempotency keys."""

    def get(self, client: str, key: str) -> Replay | None: ...
    def put(self, replay: Replay) -> None:
        """Store; raise Refused `conflict` when the key is there."""
        ...

    def forget_before(self, at: datetime) -> int: ...


class View(Protocol):
    """All stores, to read from one snapshot or, in a unit of work, to change."""

    @property
    def records(self) -> Records: ...
    @property
    def bodies(self) -> Bodies: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def receipts(self) -> Receipts: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def attachments(self) -> Attachments: ...
    @property
    def replays(self) -> Replays: ...
    def events(self, *, after: int, limit: int) -> Sequence[tuple[int, AuditEvent]]:
        """Return staged audit events above a position, lowest first."""
        ...


class UnitOfWork(View, Protocol):
    """One durable transaction. Leaving the block without `commit` rolls back.

    Reads see what was changed here. They are best done before additions: reading back rows that were just
    added gives them their positions early, and makes other units of work wait until this one ends. After
    OurFault, or `conflict` from what was there already, nothing more can be done in it.
    """

    def stage(self, events: Iterable[AuditEvent]) -> None:
        """Add the audit events of this change."""
        ...

    def commit(self) -> None:
        """Commit durably; raise OurFault `audit-missing` when state changed and no event was staged.

        Claims and releases of lanes, tries that leave an entry's state as it is, marks of sent receipts,
        replays and login counters are bookkeeping and need none.
        """
        ...


class Store(Protocol):
    """The database."""

    def work(self) -> AbstractContextManager[UnitOfWork]:
        """Open a unit of work; raise OurFault `storage-unavailable` when the database cannot be written."""
        ...

    def read(self) -> AbstractContextManager[View]:
        """Open a snapshot to read from."""
        ...

    def close(self) -> None: ...


class BlobStore(Protocol):
    """Attachment ciphertext on disk, under names; appended durably, read from any offset.

    A name is a lowercase hex digest or an id. Who changes a blob holds its name.
    """

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Keep other holders of a name out, in all processes; Refused `conflict` at once if it is held."""
        ...

    def append(self, digest: str, offset: int, parts: Iterable[bytes]) -> int:
        """Append at `offset` (PeerFault `offset-mismatch` when it is not the end); return the new end.

        What was written stays, also when `parts` raises; it is durable when this returns or raises.
        """
        ...

    def truncate(self, digest: str, size: int) -> None:
        """Cut a blob to a size that is not above its own."""
        ...

    def size(self, digest: str) -> int:
        """Return how many bytes there are; 0 when there is no such blob."""
        ...

    def open(self, digest: str, offset: int = 0) -> BinaryIO: ...
    def parts(self, digest: str, offset: int = 0) -> Iterator[bytes]: ...
    def rename(self, temporary: str, digest: str) -> None:
        """Give a blob made under a temporary name its final one, durably, in place of any that has it."""
        ...

    def discard(self, digest: str) -> None:
        """Remove a blob if it is there."""
        ...

    def free_bytes(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One envelope on one hop: the sealed bytes and the hubs they have passed. The hops are not signed."""

    sealed: bytes
    hops: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a mailbox holds for us: envelopes, and receipts (signed) that we have not confirmed yet."""

    transfers: tuple[Transfer, ...] = ()
    receipts: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a hub said of one transfer: a signed receipt, or a failure code that asks for a retry.

    `relayed` tells that a relay has taken it durably; the recipient's own receipt is still to come.
    """

    envelope_id: str
    receipt: bytes | None = None
    code: str | None = None
    sentence: str | None = None
    relayed: bool = False


class Keyring(Protocol):
    """The keys of this hub's agency. Callers never keep what they are handed beyond one step."""

    @property
    def agency(self) -> str: ...
    def signing(self) -> SigningKeys:
        """Return the current record-signing keys (both suites)."""
        ...

    def decryption(self) -> DecryptionKeys:
        """Return every record-decryption key still held, by key id, old ones included."""
        ...

    def public(self) -> PublicKeys:
        """Return the public halves, as they stand on our card."""
        ...

    def master_key(self) -> bytes:
        """Return the 32 bytes that wrap the keys of bodies at rest."""
        ...


class Carrier(Protocol):
    """A way to move sealed bytes to one partner. Raises PeerFault `partner-unreachable` or `-misbehaved`."""

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        """Hand over a batch; return one outcome per transfer, in order."""
        ...

    def carry_receipts(
        self, partner: PartnerRow, receipts: Sequence[bytes], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        """Hand over receipts; return a failure code, or None for taken, per receipt, in order.

        `taken` are the ids of receipts from its mailbox that we have stored and it need not repeat.
        """
        ...

    def carry_attachment(self, partner: PartnerRow, digest: str, size_bytes: int, blobs: BlobStore) -> None:
        """Push an attachment's ciphertext, going on where an earlier push stopped."""
        ...

    def poll(self, partner: PartnerRow, *, limit: int, wait_s: float) -> Mail:
        """Fetch what a partner's mailbox holds for us: `{"transfers": [...], "receipts": [...]}`."""
        ...

    def fetch_attachment(self, partner: PartnerRow, digest: str, offset: int) -> Iterator[bytes]:
        """Stream an attachment's ciphertext from an offset."""
        ...
