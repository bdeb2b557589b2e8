"""What is slow, large or failing at one partner keeps nobody else waiting, and people see why it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.entries import OutboxEntry, PartnerRow, Priority
from hub.errors import PeerFault
from hub.exchange.attachments import announce, upload
from hub.exchange.backoff import breaker_until
from hub.exchange.broker import Broker
from hub.exchange.claims import Claims
from hub.exchange.dispatcher import Dispatcher
from hub.exchange.dispatching import work_lane
from hub.exchange.mailbox import mailbox, poll
from hub.exchange.streams import Streams
from hub.exchange.upkeep import drop, trace
from hub.limits import Limits
from hub.ports import BlobStore, Outcome, Transfer, UnitOfWork
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import AIGUL, BOLAT, START, Hubs, LinkCarrier, released, run_lanes, with_limits

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow


def attached(broker: Broker, content: bytes) -> dict[str, Any]:
    """Upload content and return what a record names it by."""
    done = upload(broker, AIGUL, announce(broker, AIGUL, size_bytes=len(content)), 0, [content])
    return {
        "digest": done.digest,
        "name": "a.bin",
        "media_type": "application/octet-stream",
        "size_bytes": len(content),
    }


def first_entry(broker: Broker, record_id: str) -> OutboxEntry:
    return trace(broker, record_id).entries[0]


def eventually(true: Callable[[], bool]) -> bool:
    """Wait, at most a minute, until something is true."""
    pause = threading.Event()
    for _ in range(1200):
        if true():
            return True
        pause.wait(0.05)
    return False


def accepted(broker: Broker, record_id: str) -> Callable[[], bool]:
    return lambda: first_entry(broker, record_id).state is EntryState.ACCEPTED


def passing(hubs: Hubs, true: Callable[[], bool]) -> Callable[[], bool]:
    """Ask the same, while the hubs' time runs faster than ours."""

    def ask() -> bool:
        hubs.clock.pass_(1)
        return true()

    return ask


@dataclass(frozen=True, kw_only=True)
class Endless(LinkCarrier):
    """To and from cis-atc, attachments never come to an end."""

    moving: list[str] = field(default_factory=list)

    def carry_attachment(self, partner: PartnerRow, digest: str, size_bytes: int, blobs: BlobStore) -> None:
        if partner.agency != "cis-atc":
            super().carry_attachment(partner, digest, size_bytes, blobs)
            return
        self.moving.append(digest)
        pause = threading.Event()
        while True:
            for _ in blobs.parts(digest):
                pause.wait(0.01)

    def fetch_attachment(self, partner: PartnerRow, digest: str, offset: int) -> Iterator[bytes]:
        self.moving.append(digest)
        pause = threading.Event()
        while True:
            pause.wait(0.01)
            yield b""


@contextmanager
def dispatching(broker: Broker) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(broker)
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        begun = time.monotonic()
        dispatcher.stop()
        assert time.monotonic() - begun < broker.limits.carry_timeout_s / 2
        assert not dispatcher.alive


def test_endless_attachments_to_one_partner_hold_up_nothing_else_and_end_when_the_hub_stops(
    hubs: Hubs,
) -> None:
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    carrier = Endless(us="kz-knb", network=hubs.network)
    ours = replace(hubs.network.brokers["kz-knb"], carrier=carrier)
    ours = with_limits(ours, poll_interval_s=0.05, lanes_at_once=4)
    named = [attached(ours, bytes([n]) * 10) for n in range(8)]
    heavy = released(ours, "cis-atc", attachments=named)
    with dispatching(ours) as dispatcher:
        assert eventually(lambda: len(carrier.moving) == ours.limits.attachments_at_once)
        woken = replace(ours, wake=dispatcher.wake)
        light = released(woken, "cis-atc", priority=Priority.FLASH)
        other = released(woken, "sco-rats", priority=Priority.FLASH, attachments=named[:1])
        assert eventually(accepted(ours, light.record_id))
        assert eventually(passing(hubs, accepted(ours, other.record_id)))
        assert len(carrier.moving) == ours.limits.attachments_at_once
    assert first_entry(ours, heavy.record_id).state is EntryState.PENDING


def test_an_endless_fetch_holds_up_no_other_mail_and_ends_when_the_hub_stops(hubs: Hubs) -> None:
    first, second, theirs = (hubs.add(a) for a in ("kz-knb", "sco-rats", "cis-atc"))
    for one in (first, second):
        hubs.pair(one, theirs, pulls=True)
        hubs.pair(theirs, one)
    hubs.agree()
    carrier = Endless(us="cis-atc", network=hubs.network)
    heavy = released(first, "cis-atc", attachments=[attached(first, b"x" * 10)])
    shy = with_limits(
        replace(theirs, carrier=carrier, pull=True), poll_interval_s=0.05, mailbox_wait_max_s=0.05
    )
    with dispatching(shy):
        assert eventually(lambda: bool(carrier.moving))
        light, other = released(first, "cis-atc"), released(second, "cis-atc")
        assert eventually(accepted(second, other.record_id))
        assert eventually(accepted(first, light.record_id))
    assert first_entry(first, heavy.record_id).state is EntryState.PENDING


def test_an_attachment_is_fetched_beside_the_polling_and_its_envelope_taken_then(hubs: Hubs) -> None:
    ours, theirs = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair(ours, theirs, pulls=True)
    hubs.pair(theirs, ours)
    hubs.agree()
    row = released(ours, "cis-atc", attachments=[attached(ours, b"x" * 1000)])
    with dispatching(with_limits(replace(theirs, pull=True), poll_interval_s=0.05, mailbox_wait_max_s=0.05)):
        assert eventually(passing(hubs, accepted(ours, row.record_id)))


class Refusing(LinkCarrier):
    """Attachments are not taken, for one reason or another."""

    fault: PeerFault
    pushes = 0

    def carry_attachment(self, partner: PartnerRow, digest: str, size_bytes: int, blobs: BlobStore) -> None:
        object.__setattr__(self, "pushes", self.pushes + 1)
        raise self.fault


def refusing(hubs: Hubs, fault: PeerFault) -> tuple[Refusing, Broker, Streams]:
    carrier = Refusing(us="kz-knb", network=hubs.network)
    object.__setattr__(carrier, "fault", fault)
    ours = replace(hubs.network.brokers["kz-knb"], carrier=carrier)
    return carrier, ours, Streams(ours, running=lambda: True, wake=lambda _lane: None)


def pass_and_push(hubs: Hubs, broker: Broker, streams: Streams) -> None:
    work_lane(broker, "cis-atc", ready=streams.pushed)
    streams.join(time.monotonic() + 60)
    hubs.clock.pass_(1)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (PeerFault("partner-unreachable", "down"), "partner-unreachable"),
        (
            PeerFault("partner-unreachable", "full", status=413, problem="quota-exceeded"),
            "quota-exceeded",
        ),
    ],
)
def test_a_push_that_fails_is_counted_says_why_and_backs_off(
    pair: Hubs, fault: PeerFault, reason: str
) -> None:
    carrier, ours, streams = refusing(pair, fault)
    row = released(ours, "cis-atc", attachments=[attached(ours, b"x" * 10)])
    light = released(ours, "cis-atc")
    for _ in range(120):
        pass_and_push(pair, ours, streams)
    tried = first_entry(ours, row.record_id)
    assert (tried.state, tried.reason) == (EntryState.PENDING, reason)
    assert tried.retries > 2
    assert 2 < carrier.pushes < 40
    assert accepted(ours, light.record_id)()


@pytest.mark.parametrize(("status", "tries"), [(None, 2), (413, 6)])
def test_a_partner_that_is_down_rests_for_all_its_attachments(
    pair: Hubs, status: int | None, tries: int
) -> None:
    details = {} if status is None else {"status": status}
    carrier, ours, streams = refusing(pair, PeerFault("partner-unreachable", "no", **details))
    ours = with_limits(ours, retry_first_s=3600.0, retry_max_s=3600.0)
    streams = Streams(ours, running=lambda: True, wake=lambda _lane: None)
    for n in range(6):
        released(ours, "cis-atc", attachments=[attached(ours, bytes([n]) * 10)])
    for _ in range(4):
        pass_and_push(pair, ours, streams)
        pair.clock.pass_(1)
    assert carrier.pushes <= tries


@dataclass(frozen=True, kw_only=True)
class Lasting(LinkCarrier):
    """A carry that takes some seconds; `meanwhile` runs at each of them."""

    clock: Any
    seconds: int
    meanwhile: Callable[[], object]

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        outcomes = super().carry(partner, transfers)
        for _ in range(self.seconds):
            self.clock.pass_(1)
            self.meanwhile()
        return outcomes


def test_a_carry_longer_than_a_claim_is_not_overtaken_by_another_worker(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    claims = Claims(ours)
    others: list[int] = []

    def meanwhile() -> None:
        if pair.clock.now().second % 20 == 0:
            claims.renew()
        others.append(work_lane(ours, "cis-atc"))

    carrier = Lasting(us="kz-knb", network=pair.network, clock=pair.clock, seconds=150, meanwhile=meanwhile)
    assert work_lane(replace(ours, carrier=carrier), "cis-atc", holding=claims.hold) == 1
    assert others == [0] * 150
    assert accepted(ours, row.record_id)()
    assert len(pair.network.carried) == 1


def test_a_worker_that_keeps_a_lane_too_long_loses_it(pair: Hubs) -> None:
    ours = with_limits(pair.network.brokers["kz-knb"], carry_max_s=1e-9)
    with ours.store.work() as work:
        lane = work.outbox.claim_lane("cis-atc", at=START, until=START + timedelta(seconds=60))
        work.commit()
    assert lane is not None
    claims = Claims(ours)
    with claims.hold(lane):
        claims.renew()
    with ours.store.read() as view:
        assert view.outbox.lane("cis-atc").claimed_until == START + timedelta(seconds=60)


def test_the_dispatcher_renews_the_claim_of_a_slow_carry(pair: Hubs) -> None:
    class Now:
        def now(self) -> datetime:
            return datetime.now(UTC)

    seen: list[datetime] = []

    def renewed() -> bool:
        with ours.store.read() as view:
            until = view.outbox.lane("cis-atc").claimed_until
        if until is not None and until not in seen:
            seen.append(until)
        return len(seen) > 1

    row = released(pair.network.brokers["kz-knb"], "cis-atc")
    ours = with_limits(pair.network.brokers["kz-knb"], lane_claim_s=3.0, poll_interval_s=0.05)
    carrier = Lasting(
        us="kz-knb",
        network=pair.network,
        clock=pair.clock,
        seconds=1,
        meanwhile=lambda: eventually(renewed),
    )
    ours = replace(ours, clock=Now(), carrier=carrier, limits=replace(ours.limits, clock_skew_s=1e9))
    theirs = pair.network.brokers["cis-atc"]
    pair.network.brokers["cis-atc"] = with_limits(theirs, clock_skew_s=1e9)
    with dispatching(ours):
        assert eventually(lambda: len(seen) > 1)
    assert first_entry(ours, row.record_id).retries == 0


def test_what_a_puller_does_not_complete_gives_others_their_turn_and_shows_why(hubs: Hubs) -> None:
    ours, theirs = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair(ours, theirs, pulls=True)
    hubs.pair(theirs, ours)
    hubs.agree()
    ours = with_limits(ours, batch_max_envelopes=4)
    hubs.network.brokers["kz-knb"] = ours
    named = attached(ours, b"x" * 500)
    stuck = [released(ours, "cis-atc", attachments=[named]) for _ in range(4)]
    last = released(ours, "cis-atc")
    full = with_limits(theirs, attachment_quota_bytes=100)
    for _ in range(4):
        poll(full, theirs.standing().partners["kz-knb"].row, wait_s=0)
    assert accepted(ours, last.record_id)()
    for _ in range(20):
        hubs.clock.pass_(1)
        poll(full, theirs.standing().partners["kz-knb"].row, wait_s=0)
    entry = first_entry(ours, stuck[0].record_id)
    assert (entry.state, entry.reason) == (EntryState.PENDING, "receipt-missing")
    assert 0 < entry.retries < 20
    hubs.clock.pass_(400)
    poll(theirs, theirs.standing().partners["kz-knb"].row, wait_s=0)
    assert all(accepted(ours, row.record_id)() for row in stuck)


def test_one_fetch_from_a_mailbox_is_no_failure(hubs: Hubs) -> None:
    ours, theirs = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair(ours, theirs, pulls=True)
    hubs.agree()
    row = released(ours, "cis-atc")
    assert len(mailbox(ours, "cis-atc", limit=5).transfers) == 1
    assert not mailbox(ours, "cis-atc", limit=5).transfers
    entry = first_entry(ours, row.record_id)
    assert (entry.attempts, entry.retries, entry.reason) == (1, 0, None)
    hubs.clock.pass_(1)
    assert len(mailbox(ours, "cis-atc", limit=5).transfers) == 1
    assert first_entry(ours, row.record_id).retries == 1


def test_a_batch_is_bounded_in_bytes_and_bodies_are_read_outside_the_write_transaction(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    rows = [released(ours, "cis-atc", narrative="x" * 5000) for _ in range(5)]

    class Watched:
        """A store whose units of work read no bodies."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ours.store, name)

        @contextmanager
        def work(self) -> Iterator[UnitOfWork]:
            with ours.store.work() as work:
                work.bodies.get_many = pytest.fail  # type: ignore[method-assign,assignment]
                yield work

    narrow = with_limits(replace(ours, store=Watched()), batch_max_bytes=40_000)
    assert work_lane(narrow, "cis-atc") == 5
    sizes = [count for _us, _them, count in pair.network.carried]
    assert sum(sizes) == 5
    assert max(sizes) < 5
    assert all(accepted(ours, row.record_id)() for row in rows)


def test_a_partner_that_says_when_to_come_again_is_left_alone_until_then(pair: Hubs) -> None:
    class Busy(LinkCarrier):
        def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
            raise PeerFault("partner-unreachable", "not now", status=429, retry_after_s=77)

    ours = pair.network.brokers["kz-knb"]
    released(ours, "cis-atc")
    work_lane(replace(ours, carrier=Busy(us="kz-knb", network=pair.network)), "cis-atc")
    with ours.store.read() as view:
        assert view.outbox.lane("cis-atc").open_until == START + timedelta(seconds=77)


@pytest.mark.parametrize(("told", "rest_s"), [(10, 10), (10**6, 300), (0, None), (None, None), ("9", None)])
def test_a_rest_that_a_partner_asks_for_is_bounded(told: object, rest_s: float | None) -> None:
    limits = Limits()
    until = breaker_until(1, at=START, limits=limits, roll=0.5, told={"retry_after_s": told})
    assert until is not None
    expected = limits.retry_first_s / 2 if rest_s is None else rest_s
    assert (until - START).total_seconds() == expected


def test_what_is_dropped_while_it_is_refused_costs_no_other_its_receipt(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    kept, dropped = released(ours, "cis-atc"), released(ours, "cis-atc")

    class Late(LinkCarrier):
        def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
            outcomes = super().carry(partner, transfers[:1])
            entry = first_entry(ours, dropped.record_id)
            drop(ours, BOLAT, entry.entry_id, reason="must not go out")
            return [*outcomes, Outcome(envelope_id=entry.envelope_id, code="policy-denied")]

    work_lane(replace(ours, carrier=Late(us="kz-knb", network=pair.network)), "cis-atc")
    assert accepted(ours, kept.record_id)()
    assert len(trace(ours, kept.record_id).receipts) == 1
    entry = first_entry(ours, dropped.record_id)
    assert (entry.state, entry.reason) == (EntryState.DEAD, "dropped")
    assert run_lanes(ours) == 0
