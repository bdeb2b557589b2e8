"""Ties of derived records to their masters, on both databases."""

from __future__ import annotations

from hub.entries import TearRow
from hub.ports import Store
from hub.records.ids import new_id
from tests.storage import rows


def tie(master_id: str, record_id: str, version: int = 1, **told: object) -> TearRow:
    made = {
        "master_version": 1,
        "left_out": ("narrative[1]", "grading"),
        "may_stay": ("details.aim",),
        **told,
    }
    return TearRow(record_id=record_id, version=version, master_id=master_id, **made)  # type: ignore[arg-type]


def test_ties_are_found_from_both_ends_the_newest_of_each_record(store: Store) -> None:
    master, first, second = (new_id() for _ in range(3))
    ties = [tie(master, first), tie(master, first, 3, master_version=2), tie(master, second)]
    with store.work() as work:
        for one in (*ties, tie(new_id(), new_id())):
            work.tears.add(one)
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        assert view.tears.of_master(master) == sorted(ties[1:], key=lambda one: one.record_id)
        assert view.tears.get(first) == ties[1]
        assert view.tears.get(first, 1) == ties[0]
        assert view.tears.get(first, 2) is None
        assert view.tears.get(master) is None


def test_what_changed_is_noted_with_one_version(store: Store) -> None:
    one, other = tie(new_id(), new_id()), tie(new_id(), new_id())
    with store.work() as work:
        work.tears.add(one)
        work.tears.add(other)
        work.tears.note_changed(one.record_id, 1, ["subjects[0]"])
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        noted, untouched = view.tears.get(one.record_id), view.tears.get(other.record_id)
    assert noted is not None
    assert (noted.changed, untouched) == (("subjects[0]",), other)
