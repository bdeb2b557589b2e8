from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hub.entries import Lane, Priority
from hub.errors import HubError
from hub.ports import Store
from hub.records.lifecycle import EntryState
from tests.storage import rows


def _take(store: Store, partner: str = "cis-atc", *, seconds: float = 0, hold_s: float = 60) -> Lane | None:
    with store.work() as work:
        lane = work.outbox.claim_lane(partner, at=rows.at(seconds), until=rows.at(seconds + hold_s))
        work.commit()
    return lane


def _due(store: Store, seconds: float = 0) -> list[str]:
    with store.read() as view:
        return list(view.outbox.lanes_due(rows.at(seconds)))


def test_a_lane_is_worked_by_one_at_a_time(store: Store) -> None:
    rows.queue(store, {})
    lane = _take(store)
    assert lane == Lane(partner="cis-atc", token=1, claimed_until=rows.at(60))
    assert _take(store) is None
    with store.work() as work:
        work.outbox.release_lane(lane, failures=0, open_until=None)
        work.commit()
    again = _take(store)
    assert again is not None
    assert again.token == 2


def test_of_many_workers_one_gets_the_lane(store: Store) -> None:
    rows.queue(store, {})
    together = threading.Barrier(4)

    def take(_: int) -> Lane | None:
        together.wait()
        return _take(store)

    with ThreadPoolExecutor(4) as pool:
        claimed = [lane for lane in pool.map(take, range(4)) if lane is not None]
    assert [lane.token for lane in claimed] == [1]


def test_a_lane_that_nothing_was_queued_for_can_be_claimed(store: Store) -> None:
    with store.read() as view:
        assert view.outbox.lane("kg-gknb") == Lane(partner="kg-gknb")
    assert _take(store, "kg-gknb") == Lane(partner="kg-gknb", token=1, claimed_until=rows.at(60))


def test_a_claim_that_ran_out_is_overtaken_and_its_token_settles_nothing(store: Store) -> None:
    (entry,) = rows.queue(store, {})
    slow = _take(store)
    quick = _take(store, seconds=60)
    assert slow is not None
    assert quick is not None
    assert quick.token == slow.token + 1
    with store.work() as work, pytest.raises(HubError) as refused:
        work.outbox.settle(slow, [replace(entry, state=EntryState.DEAD)])
    assert refused.value.code == "conflict"
    with store.work() as work:
        assert not work.outbox.extend_lane(slow, until=rows.at(999))
        work.outbox.release_lane(slow, failures=9, open_until=rows.at(999))
        work.commit()
    with store.read() as view:
        assert view.outbox.lane("cis-atc") == quick
        assert view.outbox.get(entry.entry_id) == entry
    with rows.audited(store) as work:
        work.outbox.settle(quick, [replace(entry, state=EntryState.ACCEPTED)])


def test_what_was_ended_while_it_was_carried_is_not_brought_back_by_a_failed_try(store: Store) -> None:
    dropped, taken, other = rows.queue(store, {}, {}, {})
    lane = _take(store)
    with rows.audited(store) as work:
        work.outbox.settle(None, [replace(e, state=EntryState.DEAD) for e in (dropped, taken)])
    with rows.audited(store) as work:
        tried = [replace(e, attempts=1, retries=1) for e in (dropped, other)]
        work.outbox.settle(lane, [*tried, replace(taken, state=EntryState.ACCEPTED)])
    with store.read() as view:
        found = [view.outbox.get(e.entry_id) for e in (dropped, taken, other)]
        assert [e.state for e in found if e] == [EntryState.DEAD, EntryState.ACCEPTED, EntryState.PENDING]
        assert [e.retries for e in found if e] == [0, 0, 1]
        assert {c.state: c.count for c in view.outbox.counts()} == dict.fromkeys(
            (EntryState.DEAD, EntryState.ACCEPTED, EntryState.PENDING), 1
        )


def test_a_claim_can_be_held_longer(store: Store) -> None:
    lane = _take(store)
    assert lane is not None
    with store.work() as work:
        assert work.outbox.extend_lane(lane, until=rows.at(120))
        work.commit()
    assert _take(store, seconds=119) is None
    assert _take(store, seconds=120) is not None


def test_a_lane_that_was_given_back_is_not_held_longer(store: Store) -> None:
    lane = _take(store)
    assert lane is not None
    with store.work() as work:
        work.outbox.release_lane(lane, failures=0, open_until=None)
        assert not work.outbox.extend_lane(lane, until=rows.at(120))
        work.commit()
    assert _take(store) is not None


def test_an_open_breaker_rests_the_lane(store: Store) -> None:
    rows.queue(store, {})
    lane = _take(store)
    assert lane is not None
    with store.work() as work:
        work.outbox.release_lane(lane, failures=3, open_until=rows.at(30))
        work.commit()
    assert _take(store, seconds=29) is None
    assert _due(store, 29) == []
    assert _due(store, 30) == ["cis-atc"]
    after = _take(store, seconds=30)
    assert after is not None
    assert after.failures == 3


def test_lanes_are_due_while_something_is_and_nobody_works_them(store: Store) -> None:
    rows.queue(
        store,
        {"lane": "cis-atc", "priority": Priority.FLASH},
        {"lane": "sco-rats", "next_at": rows.at(10)},
        {"lane": "kg-gknb", "state": EntryState.HELD},
        {"lane": "by-kgb", "state": EntryState.ACCEPTED},
        {"lane": "de-bka", "priority": Priority.URGENT},
    )
    assert _due(store) == ["cis-atc", "de-bka"]
    assert _due(store, 10) == ["cis-atc", "de-bka", "sco-rats"]
    assert _take(store, "de-bka") is not None
    assert _due(store) == ["cis-atc"]
    assert _due(store, 60) == ["cis-atc", "de-bka", "sco-rats"]


def test_a_worker_that_settles_keeps_others_from_claiming_until_its_commit(store: Store) -> None:
    (entry,) = rows.queue(store, {})
    lane = _take(store)
    assert lane is not None
    begun, tried = threading.Event(), threading.Event()

    def overtake() -> Lane | None:
        begun.wait()
        tried.set()
        return _take(store, seconds=60)

    with ThreadPoolExecutor(1) as pool:
        overtaking = pool.submit(overtake)
        with store.work() as work:
            work.outbox.settle(lane, [replace(entry, state=EntryState.ACCEPTED)])
            begun.set()
            tried.wait()
            work.stage([rows.event()])
            work.commit()
        overtaking.result()
    with store.read() as view:
        settled = view.outbox.get(entry.entry_id)
    assert settled is not None
    assert settled.state is EntryState.ACCEPTED
