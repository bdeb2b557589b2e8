"""The tables. A column bears the name of the row type's field that it holds; what else there is, is said.

Every index answers one question of a port, and those over what is pending hold nothing else, so that
the cost of a step does not grow with what the hub has stored. References are checked at once: SQLite
reads whole tables for those that may be wrong until the commit.

It is one long file on purpose: declarations and no logic, so that what refers to what is seen in one place.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.sql.schema import SchemaItem

from hub.entries import Custody, Direction, PartnerStatus, Priority, TrustKind
from hub.ports import MessageState
from hub.records.actor import Role
from hub.records.label import Classification
from hub.records.lifecycle import DeliveryState, EntryState, ReceiptStatus, RecordState
from hub.storage.columns import Choice, Choices, Document, Documents, Moment, Position, Words

METADATA: Final = MetaData()

# Said as text, here and in the queries, because SQLite uses a partial index only for a query that
# repeats the index's own words, and PostgreSQL's prepared plans want constants.
PENDING: Final = text("outbox.state = 'pending' AND outbox.head")
LIVE: Final = text("outbox.state IN ('pending', 'carried', 'held')")
RELAYED: Final = text("outbox.state IN ('pending', 'carried', 'held') AND outbox.origin IS NOT NULL")
UNFINISHED: Final = text("outbox.state <> 'accepted'")
SENT: Final = text("outbox.number IS NOT NULL")
RECEIVED: Final = text("inbox.number IS NOT NULL")
WAITING: Final = text("receipts.waiting")
UNCOLLECTED: Final = text("deliveries.state IN ('waiting', 'held') AND deliveries.version > 1")
UNUSED: Final = text("NOT attachments.used")
OF_RUN: Final = text("statements.run IS NOT NULL")
EQUAL: Final = text("reconciliations.differences = 0")
MESSAGE_WAITS: Final = text("messages.state = 'waiting'")
BEHIND: Final = text("passages.behind")
MESSAGE_ANSWERS: Final = text("messages.answers IS NOT NULL")

#: Which rows still wait for what falls due with them, by the column that says when.
_OPEN: Final = "state IN ('released', 'received', 'opened', 'answered')"
DUE: Final = {
    "reply_due_at": "reply_due_at IS NOT NULL AND state IN ('released', 'received', 'opened')",
    "confirm_by": f"confirm_by IS NOT NULL AND {_OPEN}",
    "review_at": f"review_at IS NOT NULL AND {_OPEN}",
    "tear_due_at": f"tear_due_at IS NOT NULL AND {_OPEN}",
    "retain_until": "retain_until IS NOT NULL AND state NOT IN ('draft', 'rejected', 'discarded')",
}


def _text(name: str, *, optional: bool = False, key: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=optional, primary_key=key)


def _bytes(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, nullable=optional)


def _number(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=False, primary_key=key, autoincrement=False)


def _moment(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=optional)


def _choice(name: str, kind: type[Enum], *, key: bool = False) -> Column[Any]:
    return Column(name, Choice(kind), nullable=False, primary_key=key)


def _words(name: str) -> Column[Any]:
    return Column(name, Words, nullable=False)


def _position() -> Column[Any]:
    return Column("position", Position, primary_key=True, autoincrement=False)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _of_record() -> ForeignKeyConstraint:
    names = ["record_id", "originator", "version"]
    return ForeignKeyConstraint(names, [f"records.{name}" for name in names])


def _table(name: str, *items: SchemaItem, **options: Any) -> Table:
    return Table(name, METADATA, *items, **options)


#: `position` is the last one given; `directory` is its generation.
counters = _table("counters", _text("name", key=True), _number("value"))

bodies = _table(
    "bodies",
    _text("body_id", key=True),
    _bytes("wrapped_key", optional=True),  # none once erased
    _bytes("nonce"),
    _bytes("ciphertext"),
)

records = _table(
    "records",
    _position(),
    _text("record_id"),
    _number("version"),
    _text("kind"),
    _text("action"),
    _choice("direction", Direction),
    _text("originator"),
    _choice("state", RecordState),
    Column("label", Document, nullable=False),
    _bytes("digest"),
    _text("conversation"),
    _text("in_reply_to", optional=True),
    _text("language"),
    _text("purpose"),
    _text("agreement"),
    _words("articles"),
    _words("recipients"),
    _choice("priority", Priority),
    _text("author"),
    _words("editors"),
    _moment("created_at"),
    _text("body_id"),
    _moment("reply_due_at", optional=True),
    _moment("confirm_by", optional=True),
    _moment("review_at", optional=True),
    _moment("retain_until", optional=True),
    _moment("tear_due_at", optional=True),
    _text("outcome", optional=True),
    _text("ground", optional=True),
    _moment("expires_at", optional=True),
    _number("revision"),
    _text("envelope_id", optional=True),
    _text("via", optional=True),
    ForeignKeyConstraint(["body_id"], ["bodies.body_id"]),
    Index("records_by_version", "record_id", "originator", "version", unique=True),
    Index("records_by_conversation", "conversation", "position"),
    Index("records_by_state", "state", "position"),
    Index("records_by_kind", "kind", "position"),
    *(_partial(f"records_{column}", column, "position", where=where) for column, where in DUE.items()),
)

releases = _table(
    "releases",
    _position(),
    _text("originator"),
    _text("record_id"),
    _number("version"),
    _bytes("digest"),
    _words("recipients"),
    _text("approver"),
    _moment("at"),
    _words("envelope_ids"),
    _of_record(),
    Index("releases_by_record", "record_id", "position"),
)

#: Who has approved what, also where more than one is needed and it has not gone yet.
approvals = _table(
    "approvals",
    _text("originator", key=True),
    _text("record_id", key=True),
    _number("version", key=True),
    _text("by", key=True),
    _moment("at"),
    _text("body_id"),
    _text("kid", optional=True),
    ForeignKeyConstraint(["body_id"], ["bodies.body_id"]),
)

#: Which records are to lose their content, and which have lost it.
erasures = _table(
    "erasures",
    _text("originator", key=True),
    _text("record_id", key=True),
    _text("proposed_by"),
    _moment("proposed_at"),
    _text("justification"),
    _text("confirmed_by", optional=True),
    _moment("confirmed_at", optional=True),
)

#: Which records are kept longer than was to be.
keepings = _table(
    "keepings",
    _text("originator", key=True),
    _text("record_id", key=True),
    _moment("until"),
    _text("proposed_by"),
    _moment("proposed_at"),
    _text("justification"),
    _text("confirmed_by", optional=True),
    _moment("confirmed_at", optional=True),
)

#: Which records were derived from which, with parts left out.
tears = _table(
    "tears",
    _text("record_id", key=True),
    _number("version", key=True),
    _text("master_id"),
    _number("master_version"),
    _words("left_out"),
    _words("may_stay"),
    _words("changed"),
    Index("tears_by_master", "master_id", "record_id"),
)

#: To whom originators let their records be passed on.
consents = _table(
    "consents",
    _text("originator", key=True),
    _text("consent_id", key=True),
    _text("pass_to", key=True),
    _number("consent_version"),
    _text("record_id"),
    _text("until"),
)

#: Which records were passed on, by us and to us.
passages = _table(
    "passages",
    _text("passer", key=True),
    _text("passage_id", key=True),
    _text("originator"),
    _text("record_id"),
    _number("version"),
    _text("consent_id"),
    Column("behind", Boolean, nullable=False),
    Index("passages_by_record", "record_id", "originator"),
    Index("passages_by_consent", "consent_id", "originator"),
    _partial("passages_behind", "passage_id", where="behind"),
)

#: Of what falls due people were told, so that each is told once a level.
reminders = _table(
    "reminders",
    _text("originator", key=True),
    _text("record_id", key=True),
    _text("what", key=True),
    Column("due_at", Moment, primary_key=True),
    _number("level", key=True),
    _moment("told_at"),
)

outbox = _table(
    "outbox",
    _position(),
    _text("entry_id"),
    _text("lane"),
    _text("recipient"),
    _text("envelope_id"),
    _text("body_id"),
    _text("record_id", optional=True),
    Column("version", Integer),
    _text("conversation"),
    _choice("priority", Priority),
    _choice("state", EntryState),
    _moment("created_at"),
    _moment("next_at"),
    _moment("expires_at"),
    _number("attempts"),
    _number("retries"),
    _text("reason", optional=True),
    _words("hops"),
    _text("origin", optional=True),
    _words("attachments"),
    _bytes("digest", optional=True),
    Column("number", BigInteger),
    _text("statement", optional=True),
    # The lowest live entry of its conversation in its lane; kept with each change, so that a claim
    # reads heads alone, however many wait behind them.
    Column("head", Boolean, nullable=False),
    ForeignKeyConstraint(["body_id"], ["bodies.body_id"]),
    Index("outbox_by_entry", "entry_id", unique=True),
    Index("outbox_by_lane", "lane", "position"),
    Index("outbox_by_envelope", "envelope_id"),
    Index("outbox_by_record", "record_id"),
    _partial("outbox_due", "lane", "priority", "next_at", "position", where="state = 'pending' AND head"),
    _partial(
        "outbox_live",
        "lane",
        "conversation",
        "position",
        where="state IN ('pending', 'carried', 'held')",
    ),
    _partial("outbox_expiring", "expires_at", where="state IN ('pending', 'carried', 'held')"),
    _partial(
        "outbox_relayed", "origin", where="state IN ('pending', 'carried', 'held') AND origin IS NOT NULL"
    ),
    _partial("outbox_unfinished", "state", "lane", "position", where="state <> 'accepted'"),
    _partial("outbox_by_number", "recipient", "number", where="number IS NOT NULL", unique=True),
)

#: Which entries carry an attachment, and by which lanes it may be fetched.
outbox_attachments = _table(
    "outbox_attachments", _text("digest", key=True), _text("lane", key=True), _text("entry_id", key=True)
)

outbox_counts = _table(
    "outbox_counts",
    _text("lane", key=True),
    _choice("state", EntryState, key=True),
    _number("count"),
    _number("retries"),
    _moment("first_at"),
)

lanes = _table(
    "lanes",
    _text("partner", key=True),
    _number("token"),
    _moment("claimed_until", optional=True),
    _number("failures"),
    _moment("open_until", optional=True),
)

inbox = _table(
    "inbox",
    _text("envelope_id", key=True),
    _text("originator", key=True),
    _bytes("digest"),
    _text("peer"),
    _moment("received_at"),
    _bytes("receipt"),
    _choice("status", ReceiptStatus),
    _text("record_id", optional=True),
    Column("version", Integer),
    _text("body_id", optional=True),
    _words("hops"),
    Column("number", BigInteger),
    _text("statement", optional=True),
    _partial("inbox_by_number", "originator", "number", where="number IS NOT NULL", unique=True),
)

#: The last number given to an envelope for each recipient.
numbering = _table("numbering", _text("recipient", key=True), _number("last"))

#: Signed statements about many envelopes at once, kept under the digest of their bytes.
statements = _table(
    "statements",
    _text("digest", key=True),
    _text("signer"),
    _moment("at"),
    _bytes("raw"),
    _text("run", optional=True),
    _partial("statements_of_run", "run", where="run IS NOT NULL"),
    _partial("statements_of_books", "at", where="run IS NOT NULL"),
)

#: Numbers that came to nothing here, and why.
unadmitted = _table(
    "unadmitted",
    _text("originator", key=True),
    _number("number", key=True),
    _text("envelope_id"),
    _choice("state", EntryState),
    _text("reason", optional=True),
    _moment("at"),
    _bytes("digest", optional=True),
)

#: Numbers that have not come although later ones have; kept by a task and not with each envelope.
gaps = _table(
    "gaps",
    _text("originator", key=True),
    _number("first", key=True),
    _number("last"),
    _moment("since"),
    Column("told", Boolean, nullable=False),
)

#: Up to which number of each originator gaps were looked for.
gaps_checked = _table("gaps_checked", _text("originator", key=True), _number("to"))

reconciliations = _table(
    "reconciliations",
    _text("reconciliation_id", key=True),
    _text("partner"),
    _text("by"),
    _moment("at"),
    _number("compared"),
    _number("differences"),
    _moment("period_from", optional=True),
    _moment("period_to", optional=True),
    Column("found", Documents, nullable=False),
    _words("statements"),
    Index("reconciliations_by_partner", "partner", "by", "at"),
    _partial("reconciliations_equal", "at", where="differences = 0"),
)

#: When each task that is done by one process alone is due again.
duties = _table("duties", _text("name", key=True), _moment("due_at"))

receipts = _table(
    "receipts",
    _text("receipt_id", key=True),
    _text("envelope_id"),
    _text("by"),
    _text("to"),
    _choice("status", ReceiptStatus),
    _moment("at"),
    _bytes("raw"),
    _text("member", optional=True),
    _text("reason", optional=True),
    _text("record_id", optional=True),
    Column("waiting", Boolean, nullable=False),  # ours, and the partner has not taken it yet
    _number("offers"),
    _moment("due_at"),  # when one that waits is offered to it next
    Index("receipts_by_envelope", "envelope_id", "at"),
    _partial("receipts_by_record", "record_id", "at", where="record_id IS NOT NULL"),
    _partial("receipts_waiting", "to", "due_at", "at", "receipt_id", where="waiting"),
)

deliveries = _table(
    "deliveries",
    _text("member", key=True),
    _number("position", key=True),
    _text("delivery_id"),
    _text("originator"),
    _text("record_id"),
    _number("version"),
    _text("kind"),
    _choice("state", DeliveryState),
    _moment("at"),
    _text("envelope_id", optional=True),
    _text("reason", optional=True),
    _of_record(),
    Index("deliveries_by_id", "delivery_id", unique=True),
    Index("deliveries_by_kind", "member", "kind", "position"),
    Index("deliveries_by_record", "record_id"),
    _partial(
        "deliveries_uncollected",
        "member",
        "position",
        where="state IN ('waiting', 'held') AND version > 1",
    ),
)

#: The last position given to each member.
delivery_positions = _table("delivery_positions", _text("member", key=True), _number("last"))

partners = _table(
    "partners",
    _text("agency", key=True),
    _bytes("card"),
    _text("fingerprint"),
    _choice("status", PartnerStatus),
    _words("suites"),
    _text("url", optional=True),
    _moment("pinned_at"),
    _text("pinned_by"),
    _text("via", optional=True),
    _words("relay_for"),
)

#: Partners without a hub; what a profile said before is kept among the items of trust.
profiles = _table(
    "profiles",
    _text("agency", key=True),
    _text("source"),
    _text("digest"),
    _text("adapter"),
    _text("dialect"),
    _text("carrier"),
    Column("receipts", Boolean, nullable=False),
    _choice("status", PartnerStatus),
    _moment("pinned_at"),
    _text("pinned_by"),
)

materials = _table(
    "materials",
    _text("agency", key=True),
    _text("name", key=True),
    _text("sort", key=True),
    _text("body_id"),
    _text("fingerprint"),
    _moment("put_at"),
    _text("put_by"),
)

parcels = _table(
    "parcels",
    _text("parcel_id", key=True),
    _text("agency"),
    _text("record_id"),
    _number("version"),
    _bytes("digest"),
    _text("dialect"),
    _moment("made_at"),
    _text("about_id"),
    _text("receipt_id", optional=True),
    _moment("answered_at", optional=True),
    _text("signer", optional=True),
    _text("code", optional=True),
    Index("parcels_by_record", "record_id"),
)

intakes = _table(
    "intakes",
    _text("agency", key=True),
    _text("parcel_id", key=True),
    Column("digest", LargeBinary, nullable=False, primary_key=True),
    _moment("received_at"),
    _text("body_id"),
    _text("code", optional=True),
    _text("sentence"),
    _text("record_id", optional=True),
    Column("version", BigInteger, nullable=True),
    _text("unknown_id", optional=True),
    _text("dialect", optional=True),
    _text("signer", optional=True),
    _moment("acknowledged_at", optional=True),
    _number("repeats"),
    Index("intakes_by_record", "record_id"),
    _partial("intakes_held", "received_at", where="code IS NOT NULL"),
)

#: Objects that partners' documents version, with the digest of each: the same name never has another.
partner_objects = _table(
    "partner_objects",
    _text("agency", key=True),
    _text("name", key=True),
    _text("digest"),
)

#: Whose objects these are: an erasure forgets those that no other record brought. What a partner calls the
#: thing itself is among the names too, where its documents have no versions.
partner_object_records = _table(
    "partner_object_records",
    _text("agency", key=True),
    _text("name", key=True),
    _text("record_id", key=True),
    Index("partner_objects_by_record", "agency", "record_id"),
)

#: Every card that was ever pinned; only ever added to, by triggers.
cards = _table(
    "cards",
    _text("agency", key=True),
    _text("fingerprint", key=True),
    _moment("pinned_at"),
    _bytes("card"),
)

#: The entry of a directory that shows what is pinned, by the digest of its bytes among the trust items.
partner_statements = _table(
    "partner_statements",
    _text("agency", key=True),
    _text("statement"),
)

introductions = _table(
    "introductions",
    _text("agency", key=True),
    _moment("at"),
    _text("said", optional=True),
    _words("knows"),
    _bytes("waiting", optional=True),
    _text("refused", optional=True),
)

messages = _table(
    "messages",
    _text("message_id", key=True),
    _text("sender"),
    _text("recipient"),
    _text("peer"),
    _text("next"),
    _choice("state", MessageState),
    _moment("at"),
    _moment("expires_at"),
    _words("hops"),
    _text("answers", optional=True),
    _text("code", optional=True),
    _bytes("raw"),
    _partial("messages_waiting", "next", "at", "message_id", where="state = 'waiting'"),
    _partial("messages_waiting_of", "peer", where="state = 'waiting'"),
    _partial("messages_answering", "answers", "at", where="answers IS NOT NULL"),
    Index("messages_expiring", "expires_at"),
)

#: What verifications relied on, under the SHA-256 of `raw`; only ever added to, by triggers.
trust_items = _table(
    "trust_items",
    _text("digest", key=True),
    _choice("kind", TrustKind),
    _bytes("raw"),
)

members = _table(
    "members",
    _text("agency", key=True),
    _text("name"),
    _text("certificate_thumbprint"),
    _words("scopes"),
    _choice("status", PartnerStatus),
    _moment("added_at"),
)

officers = _table(
    "officers",
    _text("name", key=True),
    Column("roles", Choices(Role), nullable=False),
    _text("password_hash"),
    _text("totp_body_id"),
    _bytes("totp_wrapped_key"),
    _bytes("totp_nonce"),
    _bytes("totp_ciphertext"),
    Column("active", Boolean, nullable=False),
    _moment("added_at"),
    _number("last_totp_step"),
    _number("failed_logins"),
    _moment("locked_until", optional=True),
    _number("epoch"),
    _choice("clearance", Classification),
    _words("compartments"),
)

#: The keys with which officers sign releases, also those that were revoked.
officer_keys = _table(
    "officer_keys",
    _text("kid", key=True),
    _text("officer"),
    _text("x"),
    _text("y"),
    _choice("custody", Custody),
    _moment("registered_at"),
    _text("registered_by"),
    _text("body_id", optional=True),
    _moment("revoked_at", optional=True),
    _text("revoked_by", optional=True),
    ForeignKeyConstraint(["body_id"], ["bodies.body_id"]),
    Index("officer_keys_by_officer", "officer"),
)

login_failures = _table(
    "login_failures",
    _text("name", key=True),
    _text("address", key=True),
    _number("failures"),
    _moment("last_at"),
)

agreements = _table(
    "agreements",
    _text("agreement_id", key=True),
    _number("version", key=True),
    _text("source"),
    _bytes("digest"),
    _moment("adopted_at"),
    _text("adopted_by"),
)

agreement_proposals = _table(
    "agreement_proposals",
    _text("agreement_id", key=True),
    _number("version", key=True),
    _text("source"),
    _bytes("digest"),
    _text("proposed_by"),
    _moment("proposed_at"),
    _text("approved_by", optional=True),
    _moment("approved_at", optional=True),
)

#: The policy on who releases and reads what, and what custodians propose to put in its place.
policies = _table(
    "policies",
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _text("source"),
    _bytes("digest"),
    _text("proposed_by"),
    _moment("proposed_at"),
    _text("approved_by", optional=True),
    _moment("approved_at", optional=True),
)

#: The compartments that records are confined to here.
confinements = _table(
    "confinements",
    _text("originator", key=True),
    _text("record_id", key=True),
    _text("compartment", key=True),
    _text("confined_by"),
    _moment("confined_at"),
    _text("lift_by", optional=True),
    _moment("lift_at", optional=True),
)

attachments = _table(
    "attachments",
    _text("digest", key=True),
    _number("size_bytes"),
    _text("owner"),
    _moment("created_at"),
    Column("complete", Boolean, nullable=False),
    Column("used", Boolean, nullable=False),
    _text("upload_id", optional=True),
    _text("plain_digest", optional=True),
    _text("secret_body_id", optional=True),
    _moment("let_go_at", optional=True),
    ForeignKeyConstraint(["secret_body_id"], ["bodies.body_id"]),
    _partial("attachments_by_upload", "upload_id", where="upload_id IS NOT NULL"),
    _partial("attachments_by_content", "plain_digest", where="plain_digest IS NOT NULL"),
    _partial("attachments_unused", "created_at", where="NOT used"),
)

#: Which versions of records name an attachment.
attachment_names = _table(
    "attachment_names",
    _text("digest", key=True),
    _text("originator", key=True),
    _text("record_id", key=True),
    _number("version", key=True),
    Index("attachment_names_by_record", "record_id", "originator", "version"),
)

#: The announced bytes of each owner.
attachment_usage = _table("attachment_usage", _text("owner", key=True), _number("used_bytes"))

replays = _table(
    "replays",
    _text("client", key=True),
    _text("key", key=True),
    _bytes("request_digest"),
    Column("status", Integer, nullable=False),
    _bytes("body"),
    _moment("at"),
    Index("replays_by_time", "at"),
)

#: Audit events as they were staged; triggers refuse every change but the erasure of `secret`.
events = _table(
    "events",
    _position(),
    _text("event_id"),
    _moment("at"),
    _text("act"),
    _text("actor"),
    _text("subject"),
    _text("event"),
    _bytes("leaf"),
    _text("secret", optional=True),  # none once erased
    Index("events_by_id", "event_id", unique=True),
    Index("events_by_subject", "subject", "position"),
    Index("events_by_actor", "actor", "position"),
    Index("events_by_time", "at"),
)

#: The log: which event is at which index. This and the next two are only ever added to, by triggers.
log_entries = _table(
    "log_entries",
    Column("index", Position, primary_key=True, autoincrement=False),
    _number("position"),
    _bytes("leaf_hash"),
    Index("log_entries_by_position", "position", unique=True),
)

#: Full tiles alone. A partial one is read from what is below it: leaf hashes, or roots.
log_tiles = _table(
    "log_tiles",
    _number("level", key=True),
    _number("index", key=True),
    _bytes("root"),
    _bytes("hashes"),
)

#: Changes of the log's keys; only ever added to, by a trigger.
log_epochs = _table(
    "log_epochs",
    Column("number", Position, primary_key=True, autoincrement=False),
    _number("checkpoint"),
    _number("size"),
    _moment("at"),
    _words("sets"),
)

#: How far bodies were wrapped anew after each change of the master key.
rewraps = _table(
    "rewraps",
    Column("number", Position, primary_key=True, autoincrement=False),
    _bytes("master"),
    _moment("began_at"),
    _moment("pass_at"),
    _text("cursor"),
    _number("changed"),
    _number("rewrapped"),
    _moment("ended_at", optional=True),
)

checkpoints = _table(
    "checkpoints",
    Column("number", Position, primary_key=True, autoincrement=False),
    _number("size"),
    _bytes("root"),
    _moment("at"),
    _bytes("note"),
    Index("checkpoints_by_size", "size", "number"),
)
