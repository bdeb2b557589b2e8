"""While one batch is on the wire the next is made ready, and nothing else changes for it."""

from __future__ import annotations

from hub.entries import OutboxEntry
from hub.exchange.broker import Broker
from hub.exchange.claiming import shares
from hub.exchange.dispatching import work_lane
from hub.exchange.upkeep import trace
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import Hubs, released, with_limits


def small(broker: Broker) -> Broker:
    """Return the hub with batches of four (a share is at least one, so flash and urgent leave two over)."""
    return with_limits(broker, batch_max_envelopes=4)


def states(broker: Broker, *record_ids: str) -> set[EntryState]:
    return {trace(broker, record_id).entries[0].state for record_id in record_ids}


def test_a_lane_of_several_batches_is_carried_whole_and_once(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    sent = [released(ours, "cis-atc", narrative=f"No {n}").record_id for n in range(11)]
    assert work_lane(small(ours), "cis-atc") == 11
    assert states(ours, *sent) == {EntryState.ACCEPTED}
    with theirs.store.read() as view:
        assert [row.record_id for row in view.records.page(after=0, limit=50)] == sent
    assert len(pair.network.carried) > 1


def test_a_conversation_keeps_its_order_over_many_batches(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    first = released(ours, "cis-atc", narrative="No 0")
    conversation = [first.record_id]
    for n in range(1, 6):
        row = released(ours, "cis-atc", narrative=f"No {n}", conversation=first.conversation)
        conversation.append(row.record_id)
        released(ours, "cis-atc", narrative=f"beside {n}")
    assert work_lane(small(ours), "cis-atc") == 11
    with theirs.store.read() as view:
        came = [row.record_id for row in view.records.page(after=0, limit=50)]
    assert [record_id for record_id in came if record_id in conversation] == conversation


def test_the_batch_ahead_is_not_carried_when_the_one_before_it_fails(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    sent = [released(ours, "cis-atc").record_id for _ in range(8)]
    pair.network.lose_answer = 1
    work_lane(small(ours), "cis-atc")
    assert len(pair.network.carried) == 1
    assert states(ours, *sent) == {EntryState.PENDING}
    tries = [trace(ours, record_id).entries[0].retries for record_id in sent]
    assert sorted(tries) == [0] * (8 - sum(tries)) + [1] * sum(tries)
    pair.clock.pass_(400)
    assert work_lane(small(ours), "cis-atc") == 8
    assert states(ours, *sent) == {EntryState.ACCEPTED}


def test_a_hub_that_stops_carries_nothing_more(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    sent = [released(ours, "cis-atc").record_id for _ in range(8)]
    done = work_lane(small(ours), "cis-atc", running=lambda: False)
    assert len(pair.network.carried) == 1
    assert [trace(ours, r).entries[0].state for r in sent].count(EntryState.ACCEPTED) == done < 8


def test_a_claim_leaves_out_what_is_under_way(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    for _ in range(6):
        released(ours, "cis-atc")
    with ours.store.read() as view:
        lane = view.outbox.lane("cis-atc")

        def claimed(besides: frozenset[int]) -> list[OutboxEntry]:
            at = pair.clock.now()
            return list(view.outbox.claim(lane, at=at, shares=shares(4), besides=besides))

        first = claimed(frozenset())
        second = claimed(frozenset(entry.position for entry in first))
    assert first
    assert second
    assert len({entry.entry_id for entry in first + second}) == 6
