"""Between a carry and its settling no lock is held: receipts, people and time may be faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from hub.audit.events import Act
from hub.entries import PartnerRow
from hub.envelope.suites import Suite
from hub.errors import PeerFault
from hub.exchange.broker import Broker
from hub.exchange.dispatching import work_lane
from hub.exchange.upkeep import drop, expire, trace
from hub.ports import Outcome, Transfer
from hub.records.lifecycle import EntryState, ReceiptStatus
from tests.exchange.hubs import BOLAT, Hubs, LinkCarrier, released, run_lanes


@dataclass(frozen=True, kw_only=True)
class SlowAnswer(LinkCarrier):
    """Something happens after the other side has committed and before its answer is here, or is lost."""

    meanwhile: Callable[[], object]
    lost: bool = field(default=False)

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        outcomes = super().carry(partner, transfers)
        self.meanwhile()
        if self.lost:
            raise PeerFault("partner-unreachable", "The answer was lost.")
        return outcomes


def slow(hubs: Hubs, broker: Broker, meanwhile: Callable[[], object], *, lost: bool = False) -> Broker:
    carrier = SlowAnswer(us=broker.agency, network=hubs.network, meanwhile=meanwhile, lost=lost)
    return replace(broker, carrier=carrier)


def acts(broker: Broker) -> list[Act]:
    with broker.store.read() as view:
        return [event.act for _position, event in view.events(after=0, limit=1000)]


def lane_is_free(broker: Broker, partner: str) -> bool:
    with broker.store.read() as view:
        return view.outbox.lane(partner).claimed_until is None


@pytest.fixture
def chain(hubs: Hubs) -> Hubs:
    """kz-knb reaches sco-rats only through cis-atc; cis-atc and sco-rats use the classical suite alone."""
    ours, relay, far = (hubs.add(a) for a in ("kz-knb", "cis-atc", "sco-rats"))
    hubs.pair(ours, relay)
    hubs.pair(far, relay, suites=[Suite.CLASSIC_1])
    hubs.pair(ours, far, via="cis-atc")
    hubs.pair(far, ours, via="cis-atc")
    hubs.pair(relay, ours, relay_for=["sco-rats"])
    hubs.pair(relay, far, relay_for=["kz-knb"], suites=[Suite.CLASSIC_1])
    hubs.agree()
    return hubs


def test_a_relay_hands_on_receipts_of_a_suite_that_it_does_not_use_itself(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    run_lanes(ours)
    run_lanes(relay, rounds=2)
    life = trace(ours, row.record_id)
    assert life.entries[0].state is EntryState.ACCEPTED
    assert [(r.by, r.status) for r in life.receipts] == [("sco-rats", ReceiptStatus.ACCEPTED)]


@pytest.mark.parametrize("lost", [False, True])
def test_a_receipt_that_comes_before_the_answer_stands(chain: Hubs, lost: bool) -> None:
    ours, relay, _far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    other = released(ours, "cis-atc")
    work_lane(slow(chain, ours, lambda: run_lanes(relay, rounds=2), lost=lost), "cis-atc")
    assert trace(ours, row.record_id).entries[0].state is EntryState.ACCEPTED
    assert Act.CARRIED not in acts(ours)
    assert lane_is_free(ours, "cis-atc")
    chain.clock.pass_(400)
    run_lanes(ours)
    assert trace(ours, other.record_id).entries[0].state is EntryState.ACCEPTED


@pytest.mark.parametrize("lost", [False, True])
def test_what_a_person_drops_while_it_is_carried_stays_dropped_until_a_receipt_says_otherwise(
    pair: Hubs, lost: bool
) -> None:
    ours = pair.network.brokers["kz-knb"]
    row, other = released(ours, "cis-atc"), released(ours, "cis-atc")
    entry = trace(ours, row.record_id).entries[0]
    dropping = slow(pair, ours, lambda: drop(ours, BOLAT, entry.entry_id, reason="by courier"), lost=lost)
    work_lane(dropping, "cis-atc")
    dropped = trace(ours, row.record_id).entries[0]
    assert dropped.state is (EntryState.DEAD if lost else EntryState.ACCEPTED)
    assert dropped.reason == ("dropped" if lost else None)
    pair.clock.pass_(400)
    run_lanes(ours)
    assert trace(ours, other.record_id).entries[0].state is EntryState.ACCEPTED
    assert len(trace(ours, row.record_id).receipts) == (0 if lost else 1)


def test_what_outlives_its_time_while_it_is_carried_dies_once(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")

    def wait() -> None:
        pair.clock.pass_(8 * 86400)
        expire(ours)

    work_lane(slow(pair, ours, wait, lost=True), "cis-atc")
    assert trace(ours, row.record_id).entries[0].state is EntryState.DEAD
    assert acts(ours).count(Act.DIED) == 1
    assert expire(ours) == 0
