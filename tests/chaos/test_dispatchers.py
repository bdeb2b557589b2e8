"""Two dispatchers of one hub on one PostgreSQL database, as two workers have them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.entries import PartnerRow
from hub.envelope.canonical import digest
from hub.envelope.suites import Suite
from hub.exchange.broker import Broker
from hub.exchange.dispatcher import Dispatcher
from hub.exchange.submitting import Submission, submit
from hub.ports import Outcome, Store, Transfer
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id
from hub.storage import open_store
from tests.chaos.world import all_accepted, wait_for
from tests.exchange.hubs import Hubs, LinkCarrier, document, with_limits
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.slow

PARTNERS = ("cis-atc", "sco-rats")
_WAVES = 8
_DESK = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")


@dataclass(kw_only=True)
class Watch:
    """What is being carried right now, and how often each envelope was carried to each partner."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    now: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    times: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    at_once: int = 0


@dataclass(frozen=True, kw_only=True)
class Watched(LinkCarrier):
    """Carries for one of the dispatchers."""

    name: str
    watch: Watch

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        keys = [(partner.agency, digest(transfer.sealed)) for transfer in transfers]
        with self.watch.lock:
            self.watch.now.update(keys)
            self.watch.times.update(keys)
            self.watch.by[self.name] += len(keys)
            self.watch.at_once = max(self.watch.at_once, *self.watch.now.values())
        try:
            return super().carry(partner, transfers)
        finally:
            with self.watch.lock:
                self.watch.now.subtract(keys)


@pytest.fixture
def urls() -> dict[str, str]:
    """Where each hub's database is."""
    return {}


@pytest.fixture
def hubs(tmp_path: Path, postgres: PostgresServer, urls: dict[str, str]) -> Iterator[Hubs]:
    with ExitStack() as stack:

        def new_store(home: Path) -> Store:
            return open_store(urls.setdefault(home.name, stack.enter_context(postgres.database())))

        made = Hubs(folder=tmp_path, new_store=new_store)
        stack.callback(made.close)
        for agency in ("kz-knb", *PARTNERS):
            made.add(agency)
        made.pair_all(suites=[Suite.CLASSIC_1])
        made.agree(extra=(_DESK.agency,))
        yield made


def test_two_dispatchers_carry_nothing_twice_at_once(hubs: Hubs, urls: dict[str, str]) -> None:
    ours = with_limits(hubs.network.brokers["kz-knb"], poll_interval_s=0.02, batch_max_envelopes=10)
    watch = Watch()
    second = open_store(urls["kz-knb"])
    brokers = [
        replace(ours, carrier=Watched(us="kz-knb", network=hubs.network, name="first", watch=watch)),
        replace(
            ours, store=second, carrier=Watched(us="kz-knb", network=hubs.network, name="second", watch=watch)
        ),
    ]
    dispatchers = [Dispatcher(broker) for broker in brokers]
    for dispatcher in dispatchers:
        dispatcher.start()
    waves = 0
    try:
        conversations = [new_id() for _ in range(10)]
        while waves < _WAVES or (len(watch.by) < len(brokers) and waves < 10 * _WAVES):
            waves += 1
            submit(brokers[0], _DESK, [designation(one) for one in conversations * 2])
            wait_for(lambda: all_accepted(ours.store), "everything to be accepted")
    finally:
        for dispatcher in dispatchers:
            dispatcher.stop()
        second.close()
    sent = waves * len(conversations) * 2
    assert watch.at_once == 1
    assert set(watch.times.values()) == {1}, "what a dispatcher carried it also settled"
    assert set(watch.by) == {"first", "second"}, "both were at work"
    assert sum(watch.by.values()) == verified(ours) == sent * len(PARTNERS)
    for partner in PARTNERS:
        with hubs.network.brokers[partner].store.read() as view:
            assert len(view.records.page(after=0, limit=10_000)) == sent


def designation(conversation: str) -> Submission:
    return Submission(document=document("designation", conversation=conversation), recipients=PARTNERS)


def verified(broker: Broker) -> int:
    with broker.store.read() as view:
        return sum(
            event.act is Act.RECEIPT_VERIFIED for _position, event in view.events(after=0, limit=100_000)
        )
