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
                assert work.deliveries.get(one.delivery_id) == replace(one, state=after, position=1)
            else:
                with pytest.raises(HubError) as refused:
                    work.deliveries.advance(one.delivery_id, to=after)
                assert refused.value.code == "transition-invalid"


def test_a_delivery_that_is_not_there_takes_no_step(store: Store) -> None:
    with store.work() as work, pytest.raises(HubError) as refused:
        work.deliveries.advance(new_id(), to=DeliveryState.OPENED)
    assert refused.value.code == "not-found"
