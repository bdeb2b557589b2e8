"""A small federation in one process, and all that can go wrong between its hubs and inside of them.

Hubs, stores, keys and use cases are the real ones. What is not is the network, whose faults are dealt out
one by one, the clock, and death: a hub can end at any of its commits, just before or just after it.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from hub.entries import PartnerRow
from hub.envelope.canonical import digest
from hub.envelope.sealing import peek
from hub.envelope.suites import Suite
from hub.errors import HubError, PeerFault
from hub.exchange.answering import send_receipts, take_receipts
from hub.exchange.broker import Broker
from hub.exchange.cards.introducing import answer_introduction
from hub.exchange.dispatching import work_lane
from hub.exchange.mailbox import mailbox, poll
from hub.exchange.messages.sending import hand_over
from hub.exchange.messages.taking import take_messages
from hub.exchange.receiving import receive
from hub.exchange.reconciling.answering import answer_books
from hub.exchange.upkeep import expire
from hub.ports import (
    BlobStore,
    BooksAnswer,
    Introduction,
    Keyring,
    Mail,
    Outcome,
    Store,
    Transfer,
    UnitOfWork,
    View,
)
from hub.storage import open_store
from tests.exchange.hubs import Hubs, TestClock, add_member

US, RELAY, FAR, SHY = "kz-knb", "cis-atc", "sco-rats", "kg-gknb"
AGENCIES = (US, RELAY, FAR, SHY)
MEMBERS = {US: "kz-mvd", FAR: "ru-mvd"}
#: Whom each hub may send to: partners and its own member.
REACH = {US: (RELAY, FAR, SHY, "kz-mvd"), RELAY: (US, FAR), FAR: (US, RELAY), SHY: (US,)}

_ALL = 100_000
T = TypeVar("T")


class Fault(Enum):
    """What the network does to one call."""

    NONE = "none"
    LOST_REQUEST = "the request is lost"
    LOST_ANSWER = "the other side has committed, its answer is lost"
    TWICE = "the request comes twice"
    OVERTAKEN = "the other side goes on working, its answer comes late"
    GIVEN_UP = "the answer is lost, and meanwhile an operator here gave up something that is on its way"


class Died(BaseException):
    """A hub's process ended here. Nothing of it goes on: no code of the hub catches this."""

    def __init__(self, agency: str) -> None:
        super().__init__(agency)
        self.agency = agency


@dataclass(kw_only=True)
class Wire:
    """Who is reachable, which faults come next, and all that was ever carried."""

    hubs: dict[str, Broker] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)
    past: list[tuple[str, str, tuple[Transfer, ...]]] = field(default_factory=list)
    bytes_of: dict[tuple[str, str], bytes] = field(default_factory=dict)
    meanwhile: Mapping[Fault, Callable[[str, str], object]] = field(default_factory=dict)

    def call(self, us: str, to: str, say: Callable[[Broker], T]) -> T:
        """Call another hub; whatever goes wrong there or on the way looks the same from here."""
        fault = self.faults.popleft() if self.faults else Fault.NONE
        if {us, to} & self.cut or to in self.dead or fault is Fault.LOST_REQUEST:
            raise PeerFault("partner-unreachable", f"{to} does not answer.")
        try:
            answer = say(self.hubs[to])
            if fault is Fault.TWICE:
                say(self.hubs[to])
            if fault in self.meanwhile:
                self.meanwhile[fault](us, to)
        except Died as died:
            if died.agency == us:
                raise
            raise PeerFault("partner-unreachable", f"{to} broke off.") from None
        except HubError as error:
            raise PeerFault("partner-unreachable", f"{to} answered {error.code}.") from None
        finally:
            if us in self.dead:  # it died while the other side called it back
                raise Died(us)
        if fault in (Fault.LOST_ANSWER, Fault.GIVEN_UP):
            raise PeerFault("partner-unreachable", "The answer was lost.")
        return answer

    def note(self, us: str, to: str, transfers: Sequence[Transfer]) -> None:
        """Remember what is carried; the bytes of an envelope are the same at every try and on every hop."""
        self.past.append((us, to, tuple(transfers)))
        for transfer in transfers:
            header = peek(transfer.sealed, max_bytes=len(transfer.sealed)).header
            first = self.bytes_of.setdefault((header.originator, header.envelope_id), digest(transfer.sealed))
            assert first == digest(transfer.sealed), "a retry sent other bytes"


@dataclass(frozen=True, kw_only=True)
class WireCarrier:
    """Implements `hub.ports.Carrier` over the wire; nothing here has attachments."""

    us: str
    wire: Wire

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        self.wire.note(self.us, partner.agency, transfers)
        return self.wire.call(self.us, partner.agency, lambda hub: receive(hub, self.us, transfers))

    def carry_receipts(
        self, partner: PartnerRow, receipts: Sequence[bytes], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        return self.wire.call(
            self.us, partner.agency, lambda hub: take_receipts(hub, self.us, receipts, taken=taken)
        )

    def carry_messages(
        self, partner: PartnerRow, messages: Sequence[Transfer], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        return self.wire.call(
            self.us, partner.agency, lambda hub: take_messages(hub, self.us, messages, taken=taken)
        )

    def poll(self, partner: PartnerRow, *, limit: int, wait_s: float) -> Mail:
        mail = self.wire.call(self.us, partner.agency, lambda hub: mailbox(hub, self.us, limit=limit))
        self.wire.note(partner.agency, self.us, mail.transfers)
        return mail

    def introduce(self, partner: PartnerRow, ours: Introduction) -> Introduction:
        return self.wire.call(self.us, partner.agency, lambda hub: answer_introduction(hub, self.us, ours))

    def reconcile(self, partner: PartnerRow, statement: bytes) -> BooksAnswer:
        said = self.wire.call(self.us, partner.agency, lambda hub: answer_books(hub, self.us, statement))
        return BooksAnswer(statement=said)

    def carry_attachment(self, partner: PartnerRow, digest: str, size_bytes: int, blobs: BlobStore) -> None:
        raise AssertionError("no record here has attachments")

    def fetch_attachment(self, partner: PartnerRow, digest: str, offset: int) -> Iterator[bytes]:
        raise AssertionError("no record here has attachments")


@dataclass(kw_only=True)
class MortalStore:
    """A store whose hub can be made to die at one of its next commits; it also looks at every commit.

    Once its hub is started anew, whatever thread of the old process still holds this one has ended too.
    """

    agency: str
    store: Store
    wire: Wire
    dies_in: int | None = None
    dies_before: bool = True
    ended: bool = False
    seen: tuple[frozenset[object], int] | None = None

    @contextmanager
    def work(self) -> Iterator[UnitOfWork]:
        self._live_or_die()
        with self.store.work() as work:
            yield MortalWork(self, work)  # type: ignore[misc]

    @contextmanager
    def read(self) -> Iterator[View]:
        self._live_or_die()
        with self.store.read() as view:
            yield view

    def close(self) -> None:
        self.ended = True
        self.store.close()

    def _live_or_die(self) -> None:
        if self.ended or self.agency in self.wire.dead:
            raise Died(self.agency)

    def committing(self, commit: Callable[[], None]) -> None:
        """Commit, or die just before or just after it."""
        if self.ended:
            raise Died(self.agency)
        due = self.dies_in == 0
        if self.dies_in is not None:
            self.dies_in = None if due else self.dies_in - 1
        if not (due and self.dies_before):
            commit()
            self.check_audited()
        if due:
            self.wire.dead.add(self.agency)
            raise Died(self.agency)

    def check_audited(self) -> None:
        """No state without its event: what changed with this commit came with new audit events."""
        with self.store.read() as view:
            now = frozenset(state(view))
            told = len(view.events(after=0, limit=_ALL))
        if self.seen is not None and self.seen[0] != now:
            assert told > self.seen[1], f"{self.agency} changed {sorted(map(str, now ^ self.seen[0]))} untold"
        self.seen = now, told


class MortalWork:
    """A unit of work whose commit goes through the store that can die."""

    def __init__(self, store: MortalStore, work: UnitOfWork) -> None:
        self._store = store
        self._work = work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def commit(self) -> None:
        self._store.committing(self._work.commit)


def state(view: View) -> Iterator[object]:
    """Yield the state of everything that has one."""
    for row in view.records.page(after=0, limit=_ALL):
        yield "record", row.record_id, row.version, row.state
    for entry in view.outbox.page(after=0, limit=_ALL):
        yield "entry", entry.envelope_id, entry.recipient, entry.state
    for partner in view.directory.partners():
        yield "partner", partner.agency, partner.status
    for member in view.directory.members():
        for delivery in view.deliveries.page(member.agency, after=0, limit=_ALL):
            yield "delivery", member.agency, delivery.delivery_id, delivery.state


class Stage:
    """The federation as it stands before anything happens; each world starts from a copy of its files.

    kz-knb and sco-rats reach one another through cis-atc alone; kg-gknb cannot be called and polls kz-knb.
    """

    def __init__(self, folder: Path, add: Callable[[Hubs, str], Broker] = Hubs.add) -> None:
        hubs = Hubs(folder=folder)
        us, relay, far, shy = (add(hubs, agency) for agency in AGENCIES)
        hubs.pair(us, relay)
        hubs.pair(relay, us, relay_for=[FAR])
        hubs.pair(relay, far, relay_for=[US], suites=[Suite.CLASSIC_1])
        hubs.pair(far, relay, suites=[Suite.CLASSIC_1])
        hubs.pair(us, far, via=RELAY)
        hubs.pair(far, us, via=RELAY)
        hubs.pair(us, shy, pulls=True)
        hubs.pair(shy, us)
        hubs.agree(extra=tuple(MEMBERS.values()))
        for agency, member in MEMBERS.items():
            add_member(hubs.network.brokers[agency], member)
        hubs.close()
        self.brokers = dict(hubs.network.brokers)
        self.files = {agency: folder / agency / "hub.sqlite3" for agency in AGENCIES}


class World:
    """One run: hubs that live, die and come back over the same databases."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.keyrings = {agency: self.keyring(stage, agency, folder) for agency in AGENCIES}
        self.wire = Wire()
        self.clock = TestClock()
        self.stores: dict[str, MortalStore] = {}
        self._stage = stage
        self._urls: dict[str, str] = {}
        for agency, file in stage.files.items():
            self._urls[agency] = f"sqlite:///{shutil.copy(file, folder / f'{agency}.sqlite3')}"
            self.start(agency)

    def keyring(self, stage: Stage, agency: str, _folder: Path) -> Keyring:
        """Return the keys of a hub in this run."""
        return stage.brokers[agency].keyring

    def start(self, agency: str) -> None:
        """Start a hub over its database, whether it was stopped or died."""
        if agency in self.stores:
            self.stores[agency].close()
        store = MortalStore(agency=agency, store=open_store(self._urls[agency]), wire=self.wire)
        self.stores[agency] = store
        self.wire.dead.discard(agency)
        self.wire.hubs[agency] = Broker(
            agency=agency,
            store=store,
            keyring=self.keyrings[agency],
            clock=self.clock,
            limits=replace(self._stage.brokers[agency].limits, batch_max_envelopes=3),
            blobs=self._stage.brokers[agency].blobs,
            carrier=WireCarrier(us=agency, wire=self.wire),
            pull=agency == SHY,
            profile=self._stage.brokers[agency].profile,
        )
        store.check_audited()

    def take_away(self, agency: str, statement: str) -> None:
        """Do to a hub's database what no hub does."""
        with sqlite3.connect(self._urls[agency].removeprefix("sqlite:///")) as database:
            assert database.execute(statement).rowcount == 1

    def close(self) -> None:
        for store in self.stores.values():
            store.close()

    def heal(self) -> None:
        """End all faults, and start every hub anew."""
        self.wire.cut.clear()
        self.wire.faults.clear()
        for agency in AGENCIES:
            self.start(agency)

    def hub(self, agency: str) -> Broker:
        """Return a hub that lives: one that died is started again when its people need it."""
        if agency in self.wire.dead:
            self.start(agency)
        return self.wire.hubs[agency]

    def turn(self, agency: str) -> None:
        """Do what a hub's dispatcher does in one turn: each lane, each partner's receipts, each mailbox."""
        if agency in self.wire.dead:
            return
        try:
            for task in self._tasks(self.wire.hubs[agency]):
                try:
                    task()
                except PeerFault:
                    continue  # the dispatcher logs it and goes on
        except Died:
            return

    def _tasks(self, broker: Broker) -> Iterator[Callable[[], object]]:
        yield lambda: expire(broker)
        with broker.store.read() as view:
            lanes = view.outbox.lanes_due(self.clock.now())
            waiting = view.receipts.partners_waiting()
            messages = view.messages.partners_waiting()
            partners = broker.standings.of(view).partners
        for lane in lanes:
            if partners[lane].row.url is not None or not partners[lane].active:
                yield lambda lane=lane: work_lane(broker, lane)  # type: ignore[misc]
        for name in waiting:
            if partners[name].row.url is not None and partners[name].active:
                yield lambda row=partners[name].row: send_receipts(broker, row)  # type: ignore[misc]
        for name in messages:
            if partners[name].row.url is not None and partners[name].active:
                yield lambda row=partners[name].row: hand_over(broker, row)  # type: ignore[misc]
        if broker.pull:
            for partner in partners.values():
                if partner.row.url is not None and partner.active:
                    yield lambda row=partner.row: poll(broker, row, wait_s=0)  # type: ignore[misc]
