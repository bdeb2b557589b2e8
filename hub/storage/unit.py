"""All stores over one session: a view to read from, a unit of work to change through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


class SqlView:
    """Implements `hub.ports.View`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._events = EventStore(session)
        self.records = RecordStore(session)
        self.access = AccessStore(session)
        self.approvals = ApprovalStore(session)
        self.officer_keys = OfficerKeyStore(session)
        self.bodies = BodyStore(session)
        self.erasures = ErasureStore(session)
        self.dues = DueStore(session)
        self.consents = ConsentStore(session)
        self.tears = TearStore(session)
        self.passages = PassageStore(session)
        self.ledger = LedgerStore(session)
        self.outbox = OutboxStore(session)
        self.inbox = InboxStore(session)
        self.receipts = ReceiptStore(session)
        self.deliveries = DeliveryStore(session, self.records)
        self.directory = DirectoryStore(session)
        self.introductions = IntroductionStore(session)
        self.messages = MessageStore(session)
        self.hubless = HublessStore(session)
        self.taxii = TaxiiStore(session)
        self.trust = TrustStore(session)
        self.certificates = CertificateStore(session)
        self.revocations = RevocationStore(session)
        self.attachments = AttachmentStore(session)
        self.replays = ReplayStore(session)
        self.witnessing = WitnessingStore(session)
        self.log = LogStore(session)
        self.books = BookStore(session, self.outbox.flush)

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
