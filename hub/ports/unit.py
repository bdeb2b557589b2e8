"""All stores together: a snapshot to read from, a transaction to change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from hub.audit.events import AuditEvent
from hub.ports.access import AccessRules
from hub.ports.approvals import Approvals, OfficerKeys
from hub.ports.attachments import Attachments
from hub.ports.books import Books
from hub.ports.certificates import Certificates, Revocations
from hub.ports.consents import Consents
from hub.ports.directory import Directory
from hub.ports.dues import DueRecords
from hub.ports.hubless import Hubless
from hub.ports.introductions import Introductions
from hub.ports.ledger import Ledger
from hub.ports.log import EventQuery, Log
from hub.ports.messages import Messages
from hub.ports.passages import Passages
from hub.ports.queue import Outbox
from hub.ports.records import Bodies, Erasures, Records
from hub.ports.replays import Replays
from hub.ports.taxii import Taxii
from hub.ports.tears import Tears
from hub.ports.traffic import Deliveries, Inbox, Receipts
from hub.ports.trust import TrustItems
from hub.ports.witnessing import Witnessing


class View(Protocol):
    """All stores, to read from one snapshot or, in a unit of work, to change."""

    @property
    def records(self) -> Records: ...
    @property
    def access(self) -> AccessRules: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def officer_keys(self) -> OfficerKeys: ...
    @property
    def bodies(self) -> Bodies: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def dues(self) -> DueRecords: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def tears(self) -> Tears: ...
    @property
    def passages(self) -> Passages: ...
    @property
    def ledger(self) -> Ledger: ...
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
    def hubless(self) -> Hubless: ...
    @property
    def introductions(self) -> Introductions: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def taxii(self) -> Taxii: ...
    @property
    def trust(self) -> TrustItems: ...
    @property
    def certificates(self) -> Certificates: ...
    @property
    def revocations(self) -> Revocations: ...
    @property
    def attachments(self) -> Attachments: ...
    @property
    def replays(self) -> Replays: ...
    @property
    def witnessing(self) -> Witnessing: ...
    @property
    def log(self) -> Log: ...
    @property
    def books(self) -> Books: ...
    def events(self, *, after: int, limit: int) -> Sequence[tuple[int, AuditEvent]]:
        """Return staged audit events above a position, lowest first."""
        ...

    def events_about(
        self, subjects: Sequence[str], *, after: int = 0, limit: int
    ) -> Sequence[tuple[int, AuditEvent]]:
        """Return those about some subjects (records, envelopes, agencies) above a position, lowest first."""
        ...

    def search_events(
        self, query: EventQuery, *, after: int = 0, limit: int
    ) -> Sequence[tuple[int, AuditEvent]]:
        """Return those that fit a query above a position, lowest first; of a record also about its envelopes.

        What names an actor or a subject, or begins at a time, is found by an index. Of a `partner` some come
        that only look like it.
        """
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
