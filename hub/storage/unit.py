"""All stores over one session: a view to read from, a unit of work to change through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Generic, TypeVar

from hub.audit.events import AuditEvent
from hub.errors import OurFault
from hub.ports import EventQuery
from hub.storage.access import AccessStore
from hub.storage.approvals import ApprovalStore, OfficerKeyStore
from hub.storage.attachments import AttachmentStore
from hub.storage.bodies import BodyStore
from hub.storage.books import BookStore
from hub.storage.certificates import CertificateStore
from hub.storage.consents import ConsentStore
from hub.storage.deliveries import DeliveryStore
from hub.storage.directory import DirectoryStore
from hub.storage.dues import DueStore
from hub.storage.erasures import ErasureStore
from hub.storage.events import EventStore
from hub.storage.hubless import HublessStore
from hub.storage.inbox import InboxStore
from hub.storage.introductions import IntroductionStore
from hub.storage.ledger import LedgerStore
from hub.storage.log import LogStore
from hub.storage.messages import MessageStore
from hub.storage.outbox import OutboxStore
from hub.storage.passages import PassageStore
from hub.storage.receipts import ReceiptStore
from hub.storage.records import RecordStore
from hub.storage.replays import ReplayStore
from hub.storage.revocations import RevocationStore
from hub.storage.session import Session
from hub.storage.taxii import TaxiiStore
from hub.storage.tears import TearStore
from hub.storage.trust import TrustStore
from hub.storage.witnessing import WitnessingStore

_Store = TypeVar("_Store")


class _Made(Generic[_Store]):
    """A store of a view, made when it is first asked for: most transactions need a few of them."""

    def __init__(self, make: Callable[[Session], _Store]) -> None:
        self._make = make

    def __set_name__(self, view: type, name: str) -> None:
        self._name = name

    def __get__(self, view: SqlView, _: object = None) -> _Store:
        made = view.__dict__[self._name] = self._make(view._session)
        return made


class SqlView:
    """Implements `hub.ports.View`."""

    _events = _Made(EventStore)
    records = _Made(RecordStore)
    access = _Made(AccessStore)
    approvals = _Made(ApprovalStore)
    officer_keys = _Made(OfficerKeyStore)
    bodies = _Made(BodyStore)
    erasures = _Made(ErasureStore)
    dues = _Made(DueStore)
    consents = _Made(ConsentStore)
    tears = _Made(TearStore)
    passages = _Made(PassageStore)
    ledger = _Made(LedgerStore)
    outbox = _Made(OutboxStore)
    inbox = _Made(InboxStore)
    receipts = _Made(ReceiptStore)
    directory = _Made(DirectoryStore)
    introductions = _Made(IntroductionStore)
    messages = _Made(MessageStore)
    hubless = _Made(HublessStore)
    taxii = _Made(TaxiiStore)
    trust = _Made(TrustStore)
    certificates = _Made(CertificateStore)
    revocations = _Made(RevocationStore)
    attachments = _Made(AttachmentStore)
    replays = _Made(ReplayStore)
    witnessing = _Made(WitnessingStore)
    log = _Made(LogStore)

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def deliveries(self) -> DeliveryStore:
        """Return who got what; it writes the records that it refers to first."""
        return DeliveryStore(self._session, self.records)

    @cached_property
    def books(self) -> BookStore:
        """Return what was sent and received under which number; it writes the queue first."""
        return BookStore(self._session, self.outbox.flush)

    def events(self, *, after: int, limit: int) -> Sequence[tuple[int, AuditEvent]]:
        """Return staged audit events above a position, lowest first."""
        return self._events.page(after=after, limit=limit)

    def events_about(
        self, subjects: Sequence[str], *, after: int = 0, limit: int
    ) -> Sequence[tuple[int, AuditEvent]]:
        """Return staged audit events about some subjects above a position, lowest first."""
        return self._events.about(subjects, after=after, limit=limit)

    def search_events(
        self, query: EventQuery, *, after: int = 0, limit: int
    ) -> Sequence[tuple[int, AuditEvent]]:
        """Return staged audit events that fit a query above a position, lowest first."""
        return self._events.search(query, after=after, limit=limit)


class SqlUnitOfWork(SqlView):
    """Implements `hub.ports.UnitOfWork`. Rows that need a position are kept back until the commit step."""

    def stage(self, events: Iterable[AuditEvent]) -> None:
        """Add the audit events of this change."""
        self._events.stage(events)

    def commit(self) -> None:
        """Write what was kept back and commit durably."""
        self._session.check_open()
        if self._session.changed and not self._events.staged:
            raise OurFault(
                "audit-missing", "State was changed and no audit event was staged; nothing was stored."
            )
        self._session.write_first()
        needed = self.records.waiting() + self.outbox.waiting() + self._events.waiting()
        if needed:
            self._session.reserve(needed)
        self.records.flush()
        self.outbox.flush()
        self.deliveries.flush()
        self._events.flush()
        self._session.commit()
