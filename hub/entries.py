"""What the stores hold: one frozen row type per table that a use case touches.

It is one long file on purpose: fields and no logic, side by side as the tables are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeVar

from hub.records.actor import Role
from hub.records.lifecycle import DeliveryState, EntryState, ReceiptStatus, RecordState

Row = TypeVar("Row")


def changed(row: Row, **values: object) -> Row:
    """Return a row that differs in these fields; a fifth of the price of `dataclasses.replace`.

    For rows of this module alone: they check nothing when they are made.
    """
    if not values.keys() <= row.__dict__.keys():
        raise TypeError(f"{type(row).__name__} has no such field")
    made = object.__new__(type(row))
    made.__dict__.update(row.__dict__, **values)
    return made


class Priority(Enum):
    """How soon an entry goes out among those that wait for the same partner."""

    FLASH = "flash"
    URGENT = "urgent"
    ROUTINE = "routine"


class Direction(Enum):
    """Whether a record was made here or came from a partner."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, kw_only=True)
class Body:
    """Bytes at rest, encrypted under a key of their own that the master key wraps.

    Erasing a body destroys `wrapped_key`; `ciphertext` is then noise.
    """

    body_id: str
    wrapped_key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """The wrapped key of a body, without the body."""

    body_id: str
    wrapped_key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RewrapRow:
    """How far one change of the master key has come; `number` counts the changes.

    `master` names the new key. Bodies up to the id `cursor` were looked at in this pass, which began at
    `pass_at`; `changed` of them were wrapped anew in it, and `rewrapped` in all passes. `ended_at` is when a
    whole pass had found nothing more to do.
    """

    number: int
    master: bytes
    began_at: datetime
    pass_at: datetime
    cursor: str = ""
    changed: int = 0
    rewrapped: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """One version of a record, as draft, released or received; its content is in the body.

    Keyed by (originator, record_id, version): nobody's record stands in the way of another originator's.
    `author` wrote it last; `editors` are all who wrote this version, and none of them may release it.
    `articles` are those of the agreement that it cites; empty also in rows of before they were kept.
    `reply_due_at`, `confirm_by`, `review_at` and `retain_until` are what falls due by the record or by its
    agreement, once it was released or received. `outcome` and `ground` are those of an answer.
    `digest` is the SHA-256 of the canonical content (32 bytes). `revision` counts edits and is the ETag.
    `position` is given by the store at commit, grows in commit order and never changes: pages follow it.
    """

    record_id: str
    version: int
    kind: str
    action: str
    direction: Direction
    originator: str
    state: RecordState
    label: Mapping[str, object]
    digest: bytes
    conversation: str
    in_reply_to: str | None
    language: str
    purpose: str
    agreement: str
    recipients: tuple[str, ...]
    priority: Priority
    author: str
    created_at: datetime
    body_id: str
    reply_due_at: datetime | None = None
    confirm_by: datetime | None = None
    review_at: datetime | None = None
    retain_until: datetime | None = None
    outcome: str | None = None
    ground: str | None = None
    expires_at: datetime | None = None
    revision: int = 1
    envelope_id: str | None = None
    editors: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class Release:
    """The second person's decision, bound to the digest and the expanded recipients."""

    originator: str
    record_id: str
    version: int
    digest: bytes
    recipients: tuple[str, ...]
    approver: str
    at: datetime
    envelope_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ErasureRow:
    """That a record's content is to be destroyed, and who decided it; `confirmed_by` once it was done."""

    originator: str
    record_id: str
    proposed_by: str
    proposed_at: datetime
    justification: str
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KeepingRow:
    """That a record is kept longer than was to be, and who decided it; `confirmed_by` once it holds.

    `until` is the first moment at which it is not kept any more.
    """

    originator: str
    record_id: str
    until: datetime
    proposed_by: str
    proposed_at: datetime
    justification: str
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ConsentRow:
    """That an originator lets its record be passed on to one agency, through the day `until` (ISO 8601)."""

    originator: str
    consent_id: str
    consent_version: int
    record_id: str
    pass_to: str
    until: str


@dataclass(frozen=True, kw_only=True)
class ReminderRow:
    """That people were told of what falls due with a record, in the log; `level` grows with lateness."""

    what: str
    originator: str
    record_id: str
    due_at: datetime
    level: int
    told_at: datetime


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
class StatementRow:
    """A signed statement about many envelopes, under the hex digest of its bytes, `raw`.

    One that belongs to a comparison of books names its `run`, until something is found that differs.
    """

    digest: str
    signer: str
    at: datetime
    raw: bytes = field(repr=False)
    run: str | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One envelope as one side's books have it: its number among all from one agency to another.

    `digest` is of the sealed bytes, in hex; it is absent for what was queued before there were numbers.
    """

    number: int
    envelope_id: str
    digest: str | None
    state: EntryState
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unadmitted:
    """A number that came to nothing here: we refused its envelope, or its originator says it gave it up."""

    originator: str
    number: int
    envelope_id: str
    state: EntryState
    reason: str | None
    at: datetime
    digest: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Numbers that have not come although a later one has, `since` then; `told` once it is logged."""

    originator: str
    first: int
    last: int
    since: datetime
    told: bool = False


@dataclass(frozen=True, kw_only=True)
class ReconciliationRow:
    """One comparison of our books with a partner's, made `by` us or, as it told us, by the partner.

    `compared` counts envelopes both ways. `found` are the first of the differences as documents,
    `statements` the digests of what both sides signed.
    """

    reconciliation_id: str
    partner: str
    by: str
    at: datetime
    compared: int
    differences: int
    period_from: datetime | None = None
    period_to: datetime | None = None
    found: tuple[Mapping[str, object], ...] = ()
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReceiptRow:
    """One verified receipt, theirs or ours, with the envelope it answers. `raw` is the signed JWS."""

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


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One record on its way to one member; `position` is gap-free per member and is the member's cursor."""

    delivery_id: str
    member: str
    originator: str
    record_id: str
    version: int
    kind: str
    state: DeliveryState
    at: datetime
    envelope_id: str | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class AttachmentRow:
    """One attachment's encrypted bytes: the blob of the same name holds them.

    `digest` is the SHA-256 of the ciphertext (lowercase hex) once `complete`, and a temporary name before.
    `size_bytes` counts ciphertext; how much has arrived is the blob's size. `owner` is the agency that
    announced it and whose quota it uses. `used` tells that a record or an envelope names it; what is never
    used is forgotten, and so is what was `let_go_at` a time because nothing needs it any more. Only where we
    made it: `upload_id`, `plain_digest` (once complete) and `secret_body_id`, the vault-locked opening data.
    """

    digest: str
    size_bytes: int
    owner: str
    created_at: datetime
    complete: bool = False
    used: bool = False
    upload_id: str | None = None
    plain_digest: str | None = None
    secret_body_id: str | None = None
    let_go_at: datetime | None = None


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


class TrustKind(Enum):
    """What a kept item of trust is: see `docs/evidence.md` for the bytes of each."""

    CARD = "card"
    PIN = "pin"
    CERTIFICATE = "certificate"
    CRL = "crl"
    OCSP = "ocsp"
    STATEMENT = "statement"
    SNAPSHOT = "snapshot"
    PROFILE = "profile"


@dataclass(frozen=True, kw_only=True)
class RevocationRow:
    """The newest verified answer about the certificates of an authority: a CRL, or OCSP's on one of them.

    `authority` is the SHA-256 of its key, `kind` is `crl` or `ocsp`, `serial` is lowercase hex and empty for
    a CRL. The bytes are kept as a trust item under `digest`; they are believed `until` then.
    """

    authority: str
    kind: str
    serial: str
    this_update: datetime
    next_update: datetime
    fetched_at: datetime
    until: datetime
    digest: str
    url: str
    good: bool
    revoked: bool


@dataclass(frozen=True, kw_only=True)
class RevocationRule:
    """What a custodian decided about checking one partner's certificates, beside what its card says.

    `policy` is None where only addresses were set.
    """

    agency: str
    policy: str | None
    crl: tuple[str, ...]
    ocsp: tuple[str, ...]
    set_at: datetime
    set_by: str


@dataclass(frozen=True, kw_only=True)
class CertificateRow:
    """A certificate that our authority issued. `use` is `hub` or `member`; the times are of its life here.

    `serial` is lowercase hex, `authority` the SHA-256 of the issuing key, `reason` one of RFC 5280 §5.3.1.
    """

    thumbprint: str
    authority: str
    serial: str
    agency: str
    use: str
    not_before: datetime
    not_after: datetime
    raw: bytes = field(repr=False)
    issued_at: datetime
    issued_by: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class EnrolmentRow:
    """A certificate request for a member's system, which a second custodian issues or rejects.

    `state` is `asked`, `issued` or `rejected`; `thumbprint` is of what was issued.
    """

    enrolment_id: str
    agency: str
    name: str
    scopes: tuple[str, ...]
    request: bytes = field(repr=False)
    requested_by: str
    requested_at: datetime
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    thumbprint: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrustItem:
    """Something that a verification relied on, under the SHA-256 of its bytes (lowercase hex)."""

    digest: str
    kind: TrustKind
    raw: bytes = field(repr=False)


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


@dataclass(frozen=True, kw_only=True)
class OfficerRow:
    """One local account. `totp` is the vault-locked secret; `last_totp_step` refuses a replayed code.

    `epoch` grows whenever older sessions must end. `failed_logins` counts since the last success, and
    `locked_until` is when the lock of the address that was locked out last ends.
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
class Replay:
    """What a client's idempotency key was answered with before."""

    client: str
    key: str
    request_digest: bytes
    status: int
    body: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, kw_only=True)
class EntryCount:
    """How many outbox entries of a lane are in a state, and since when the oldest."""

    lane: str
    state: EntryState
    count: int
    oldest_at: datetime
    retries: int = 0
