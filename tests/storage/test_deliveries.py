from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hub.errors import HubError
from hub.ports import Store
from hub.records.ids import new_id
from hub.records.lifecycle import DELIVERY_STEPS, DeliveryState
from tests.storage import rows


def test_each_member_has_its_own_gap_free_positions(store: Store) -> None:
    (row,) = rows.save_records(store)
    members = ["kz-mvd", "kz-border", "kz-mvd", "kz-mvd"]
    deliveries = [rows.delivery(row, member=member, envelope_id=new_id()) for member in members]
    with rows.audited(store) as work:
        work.deliveries.add(deliveries[:3])
        assert [d.position for d in work.deliveries.page("kz-mvd", after=0, limit=9)] == [1, 2]
        work.deliveries.add(deliveries[3:])
    with store.read() as view:
        mvd = [
            replace(d, position=n) for n, d in zip((1, 2, 3), (deliveries[i] for i in (0, 2, 3)), strict=True)
        ]
        assert view.deliveries.page("kz-mvd", after=0, limit=9) == mvd
        assert view.deliveries.page("kz-mvd", after=1, limit=1) == mvd[1:2]
        assert view.deliveries.page("kz-border", after=0, limit=9) == [replace(deliveries[1], position=1)]
        assert view.deliveries.page("kz-nbk", after=0, limit=9) == []
        assert view.deliveries.get(deliveries[0].delivery_id) == mvd[0]
        assert view.deliveries.get(new_id()) is None
        assert len(view.deliveries.of_record(row.record_id)) == 4


def test_what_is_rolled_back_leaves_no_gap(store: Store) -> None:
    (row,) = rows.save_records(store)
    with store.work() as work:
        work.deliveries.add([rows.delivery(row)])
        assert work.deliveries.page("kz-mvd", after=0, limit=9) != []
    with rows.audited(store) as work:
        work.deliveries.add([rows.delivery(row)])
    with store.read() as view:
        assert [d.position for d in view.deliveries.page("kz-mvd", after=0, limit=9)] == [1]


def test_positions_stay_gap_free_when_many_deliver_at_once(store: Store) -> None:
    (row,) = rows.save_records(store)

    def deliver(turn: int) -> None:
        members = ["kz-mvd", "kz-border"] if turn % 2 else ["kz-border", "kz-mvd"]
        with rows.audited(store) as work:
            work.deliveries.add([rows.delivery(row, member=member) for member in members])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(deliver, range(20)))
    with store.read() as view:
        for member in ("kz-mvd", "kz-border"):
            positions = [d.position for d in view.deliveries.page(member, after=0, limit=99)]
            assert positions == list(range(1, 21))


def test_a_delivery_takes_the_steps_of_its_lifecycle_and_no_other(store: Store) -> None:
    (row,) = rows.save_records(store)
    pairs = [(before, after) for before in DeliveryState for after in DeliveryState]
    for before, after in pairs:
        one = rows.delivery(row, state=before)
        with store.work() as work:
            work.deliveries.add([one])
            if after in DELIVERY_STEPS[before]:
                work.deliveries.advance(one.delivery_id, to=after)
                placed = replace(one, state=after, position=1)
                expected = None if placed.held_back else placed
                assert work.deliveries.get(one.delivery_id) == expected
            else:
                with pytest.raises(HubError) as refused:
                    work.deliveries.advance(one.delivery_id, to=after)
                assert refused.value.code == "transition-invalid"


def test_what_is_held_has_no_place_in_the_sequence_until_it_is_let_go(store: Store) -> None:
    (row,) = rows.save_records(store)
    held = [rows.delivery(row, state=DeliveryState.HELD, reason="policy-forbids") for _ in range(3)]
    went = rows.delivery(row)
    with rows.audited(store) as work:
        work.deliveries.add([held[0], went, *held[1:]])
    with store.read() as view:
        assert view.deliveries.page("kz-mvd", after=-9, limit=9) == [replace(went, position=1)]
        assert view.deliveries.of_record(row.record_id) == [replace(went, position=1)]
        assert [view.deliveries.get(one.delivery_id) for one in held] == [None] * 3
        back = view.deliveries.held_back(row.record_id)
    assert [replace(one, position=0) for one in back] == held
    with rows.audited(store) as work:
        work.deliveries.advance(held[1].delivery_id, to=DeliveryState.WAITING)
        work.deliveries.advance(held[2].delivery_id, to=DeliveryState.DEAD)
    let_go = replace(held[1], state=DeliveryState.WAITING, reason=None, position=2)
    with store.read() as view:
        assert view.deliveries.page("kz-mvd", after=1, limit=9) == [let_go]
        assert view.deliveries.get(held[1].delivery_id) == let_go
        states = [(one.delivery_id, one.state) for one in view.deliveries.held_back(row.record_id)]
    assert states == [
        (held[0].delivery_id, DeliveryState.HELD),
        (held[2].delivery_id, DeliveryState.DEAD),
    ]


def test_what_is_let_go_and_ended_at_once_is_one_of_both(store: Store) -> None:
    (row,) = rows.save_records(store)
    one = rows.delivery(row, state=DeliveryState.HELD)
    with rows.audited(store) as work:
        work.deliveries.add([one])

    def take(to: DeliveryState) -> DeliveryState | None:
        with rows.audited(store) as work:
            held = work.deliveries.held_back(row.record_id)
            if not held or held[0].state is not DeliveryState.HELD:
                return None
            work.deliveries.advance(one.delivery_id, to=to)
        return to

    with ThreadPoolExecutor(2) as pool:
        took = list(pool.map(take, (DeliveryState.WAITING, DeliveryState.DEAD)))
    assert took.count(None) == 1


def test_a_delivery_that_is_not_there_takes_no_step(store: Store) -> None:
    with store.work() as work, pytest.raises(HubError) as refused:
        work.deliveries.advance(new_id(), to=DeliveryState.OPENED)
    assert refused.value.code == "not-found"
