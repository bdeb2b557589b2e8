"""Whoever has seen a position never sees a lower one appear: pages neither skip nor repeat."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

from hub.entries import Lane, Priority
from hub.ports import Store, View
from hub.records.lifecycle import EntryState
from tests.storage import rows


def _positions(view: View) -> dict[str, list[int]]:
    return {
        "records": [row.position for row in view.records.page(after=0, limit=10_000)],
        "outbox": [entry.position for entry in view.outbox.page(after=0, limit=10_000)],
        "deliveries": [one.position for one in view.deliveries.page("kz-mvd", after=0, limit=10_000)],
        "events": [position for position, _ in view.events(after=0, limit=10_000)],
    }


def _write(store: Store, number: int) -> None:
    bodies = [rows.body() for _ in range(number)]
    records = [rows.record(body.body_id) for body in bodies]
    with store.work() as work:
        work.stage([rows.event()])
        work.outbox.queue([rows.entry(body.body_id) for body in bodies])
        work.deliveries.add([rows.delivery(row) for row in records])
        work.records.add(records)
        work.bodies.add(bodies)
        if number % 2:  # some take their positions before the commit step
            assert work.records.page(after=0, limit=1) != []
        work.stage([rows.event()])
        work.commit()


def test_positions_appear_in_order_under_concurrent_commits(store: Store) -> None:
    done = threading.Event()
    seen: list[dict[str, list[int]]] = []

    def watch() -> None:
        while not done.is_set():
            with store.read() as view:
                seen.append(_positions(view))

    with ThreadPoolExecutor(5) as pool:
        watching = pool.submit(watch)
        for writing in [pool.submit(_write, store, 1 + turn % 4) for turn in range(60)]:
            writing.result()
        done.set()
        watching.result()
    with store.read() as view:
        seen.append(_positions(view))
    for earlier, later in pairwise(seen):
        for name, positions in later.items():
            before = earlier[name]
            assert positions[: len(before)] == before, name
            assert positions == sorted(set(positions)), name
    assert len(seen[-1]["events"]) == 120
    assert len(seen[-1]["records"]) == len(seen[-1]["outbox"]) == len(seen[-1]["deliveries"]) == 150


def test_positions_are_in_the_order_in_which_rows_were_added(store: Store) -> None:
    bodies = [rows.body() for _ in range(5)]
    records = [rows.record(body.body_id) for body in bodies]
    with rows.audited(store) as work:
        work.bodies.add(bodies)
        work.records.add(records[:2])
        assert len(work.records.page(after=0, limit=9)) == 2
        work.records.add(records[2:4])
        work.records.add(records[4:])
    with store.read() as view:
        stored = view.records.page(after=0, limit=9)
    assert [row.record_id for row in stored] == [row.record_id for row in records]


def test_a_conversation_keeps_one_head_under_concurrent_queueing_and_settling(store: Store) -> None:
    """Every entry goes out exactly once and in order, however the units of work interleave."""
    lane = Lane(partner="cis-atc")
    shares = {Priority.ROUTINE: 10}
    went: list[int] = []
    queued = threading.Event()

    def queue(_: int) -> None:
        rows.queue(store, {"conversation": "c"}, {"conversation": "c"})

    def carry() -> None:
        while True:
            last = queued.is_set()
            with store.read() as view:
                heads = view.outbox.claim(lane, at=rows.at(), shares=shares)
            assert len(heads) <= 1
            went.extend(head.position for head in heads)
            with rows.audited(store) as work:
                work.outbox.settle(None, [replace(head, state=EntryState.ACCEPTED) for head in heads])
            if last and not heads:
                return

    with ThreadPoolExecutor(4) as pool:
        carrying = pool.submit(carry)
        for queueing in [pool.submit(queue, turn) for turn in range(20)]:
            queueing.result()
        queued.set()
        carrying.result()
    assert went == sorted(went)
    assert len(went) == 40
