"""The few Protocols that the use cases need; storage, transport, adapters and keys implement them.

One module a theme; everything is imported from here.
"""

from hub.ports.access import AccessRules
from hub.ports.adapting import (
    Adapting,
    Answered,
    Condition,
    NoAdapters,
    Parcel,
    Read,
    Remark,
    Replied,
    Said,
    Sealed,
    Translated,
)
from hub.ports.approvals import Approvals, OfficerKeys
from hub.ports.attachments import Attachments, BlobStore, RecordKey
from hub.ports.books import NUMBER_MAX, Books
from hub.ports.carrier import BooksAnswer, Carrier, Introduction, Mail, Outcome, Transfer
from hub.ports.certificates import Certificates, RevocationClient, Revocations
from hub.ports.clock import Clock
from hub.ports.consents import Consents
from hub.ports.custody import Custody, KeyFacts
from hub.ports.directory import Directory
from hub.ports.dues import DueRecords
from hub.ports.federating import DirectoryClient, DirectoryKeys, DirectorySeen, EntrySeen
from hub.ports.hubless import Hubless
from hub.ports.introductions import Introductions
from hub.ports.keyring import Keyring, NoteKeySet
from hub.ports.ledger import Ledger
from hub.ports.log import CheckpointRow, EpochRow, EventQuery, Log, LogEntry, TileRow, Waiting
from hub.ports.messages import MessageRow, Messages, MessageState
from hub.ports.passages import Passages
from hub.ports.queue import Outbox
from hub.ports.records import Bodies, Erasures, Records
from hub.ports.replays import Replays
from hub.ports.tears import Tears
from hub.ports.traffic import Deliveries, Inbox, Receipts
from hub.ports.trust import TrustItems
from hub.ports.unit import Store, UnitOfWork, View
from hub.ports.witnessing import (
    Alarm,
    CosignatureRow,
    ForkRow,
    QuorumState,
    TimestampAuthority,
    TimestampRow,
    WitnessClient,
    WitnessedRow,
    Witnessing,
    WitnessReply,
    WitnessState,
)

__all__ = [
    "NUMBER_MAX",
    "AccessRules",
    "Adapting",
    "Alarm",
    "Answered",
    "Approvals",
    "Attachments",
    "BlobStore",
    "Bodies",
    "Books",
    "BooksAnswer",
    "Carrier",
    "Certificates",
    "CheckpointRow",
    "Clock",
    "Condition",
    "Consents",
    "CosignatureRow",
    "Custody",
    "Deliveries",
    "Directory",
    "DirectoryClient",
    "DirectoryKeys",
    "DirectorySeen",
    "DueRecords",
    "EntrySeen",
    "EpochRow",
    "Erasures",
    "EventQuery",
    "ForkRow",
    "Hubless",
    "Inbox",
    "Introduction",
    "Introductions",
    "KeyFacts",
    "Keyring",
    "Ledger",
    "Log",
    "LogEntry",
    "Mail",
    "MessageRow",
    "MessageState",
    "Messages",
    "NoAdapters",
    "NoteKeySet",
    "OfficerKeys",
    "Outbox",
    "Outcome",
    "Parcel",
    "Passages",
    "QuorumState",
    "Read",
    "Receipts",
    "RecordKey",
    "Records",
    "Remark",
    "Replays",
    "Replied",
    "RevocationClient",
    "Revocations",
    "Said",
    "Sealed",
    "Store",
    "Tears",
    "TileRow",
    "TimestampAuthority",
    "TimestampRow",
    "Transfer",
    "Translated",
    "TrustItems",
    "UnitOfWork",
    "View",
    "Waiting",
    "WitnessClient",
    "WitnessReply",
    "WitnessState",
    "WitnessedRow",
    "Witnessing",
]
