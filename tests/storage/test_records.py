from __future__ import annotations

from dataclasses import replace

import pytest

from hub.entries import Direction, Priority
from hub.errors import HubError
from hub.ports import Store
from hub.records.ids import new_id
from hub.records.lifecycle import RECORD_STEPS, RecordState
from tests.storage import rows


def test_a_record_comes_back_as_it_was_stored_with_a_position(store: Store) -> None:
    one = rows.body()
    row = rows.record(
        one.body_id,
        direction=Direction.IN,
        priority=Priority.FLASH,
        label={"classification": "secret", "releasable_to": ["kz"], "note": "Қазақстан"},
        in_reply_to=new_id(),
        reply_due_at=rows.at(0.000001),
        retain_until=rows.at(10**8),
        expires_at=rows.at(5),
        envelope_id=new_id(),
    )
    with rows.audited(store) as work:
        work.bodies.add([one])
        work.records.add([row])
    with store.read() as view:
        stored = view.records.get(row.record_id)
    assert stored is not None
    assert stored.position > 0
    assert replace(stored, position=0) == row


def test_the_highest_version_is_given_unless_one_is_named(store: Store) -> None:
    (first,) = rows.save_records(store)
    (second,) = rows.save_records(store, record_id=first.record_id, version=2)
    with store.read() as view:
        assert view.records.get(first.record_id) == second
        assert view.records.get(first.record_id, 1) == first
        assert view.records.get(first.record_id, 3) is None
        assert view.records.newest([first.record_id, new_id()]) == {("kz-knb", first.record_id): second}
        assert view.records.versions(first.record_id) == [first, second]
        keys = [("kz-knb", first.record_id, version) for version in (1, 3)]
        assert view.records.get_many(keys) == {keys[0]: first}


def test_asking_for_no_records_gives_none(store: Store) -> None:
    with store.read() as view:
        assert view.records.newest([]) == {}
        assert view.records.get_many([]) == {}


def test_a_version_is_stored_once(store: Store) -> None:
    (row,) = rows.save_records(store)
    with pytest.raises(HubError) as refused:
        rows.save_records(store, record_id=row.record_id)
    assert refused.value.code == "conflict"
    with store.read() as view:
        assert view.records.page(after=0, limit=10) == [row]


def test_pages_follow_positions_and_filters_narrow_them(store: Store) -> None:
    conversation = new_id()
    first = rows.save_records(store, 3, kind="notice")
    second = rows.save_records(store, 2, kind="diffusion", conversation=conversation)
    third = rows.save_records(store, 2, kind="diffusion", state=RecordState.RELEASED)
    every = first + second + third
    with store.read() as view:
        page = view.records.page
        assert page(after=0, limit=100) == every
        assert [*page(after=0, limit=2), *page(after=every[1].position, limit=100)] == every
        assert page(after=0, limit=100, kind="diffusion") == second + third
        assert page(after=0, limit=100, conversation=conversation) == second
        assert page(after=0, limit=100, state=RecordState.RELEASED) == third
        assert (
            page(after=third[0].position, limit=9, kind="diffusion", state=RecordState.RELEASED) == third[1:]
        )


def test_replacing_takes_the_expected_revision_and_keeps_the_position(store: Store) -> None:
    (row,) = rows.save_records(store)
    with rows.audited(store) as work:
        work.records.replace(replace(row, language="ru", position=999), expected_revision=1)
    with store.read() as view:
        stored = view.records.get(row.record_id)
    assert stored == replace(row, language="ru", revision=2)


def test_a_record_is_replaced_together_with_its_body(store: Store) -> None:
    (row,) = rows.save_records(store)
    other = rows.body()
    with rows.audited(store) as work:
        work.bodies.add([other])
        work.records.replace(replace(row, body_id=other.body_id), expected_revision=1)
    with store.read() as view:
        stored = view.records.get(row.record_id)
        assert stored is not None
        assert view.bodies.get_many([stored.body_id]) == {other.body_id: other}


def test_replacing_what_another_replaced_meanwhile_is_a_conflict(store: Store) -> None:
    (row,) = rows.save_records(store)
    with rows.audited(store) as work:
        work.records.replace(replace(row, language="ru"), expected_revision=1)
    with store.work() as work, pytest.raises(HubError) as refused:
        work.records.replace(replace(row, language="en"), expected_revision=1)
    assert refused.value.code == "conflict"


def test_replacing_cannot_take_a_step_that_the_lifecycle_does_not_have(store: Store) -> None:
    (row,) = rows.save_records(store, state=RecordState.RELEASED)
    with store.work() as work, pytest.raises(HubError) as refused:
        work.records.replace(replace(row, state=RecordState.DRAFT), expected_revision=1)
    assert refused.value.code == "transition-invalid"


@pytest.mark.parametrize("before", list(RecordState))
def test_a_record_takes_the_steps_of_its_lifecycle_and_no_other(store: Store, before: RecordState) -> None:
    for after in RecordState:
        (row,) = rows.save_records(store, state=before)
        with store.work() as work:
            if after in RECORD_STEPS[before]:
                work.records.advance(row, to=after)
                assert work.records.get(row.record_id) == replace(row, state=after, revision=2)
            else:
                with pytest.raises(HubError) as refused:
                    work.records.advance(row, to=after)
                assert refused.value.code == "transition-invalid"


def test_a_record_that_is_not_there_takes_no_step(store: Store) -> None:
    with store.work() as work, pytest.raises(HubError) as refused:
        work.records.advance(rows.record(new_id()), to=RecordState.RELEASED)
    assert refused.value.code == "not-found"


def test_a_unit_of_work_sees_the_records_it_added(store: Store) -> None:
    one = rows.body()
    row = rows.record(one.body_id)
    with store.work() as work:
        work.bodies.add([one])
        work.records.add([row])
        assert work.records.versions(row.record_id) != []
        work.records.advance(row, to=RecordState.RELEASED)
        stored = work.records.get(row.record_id)
        assert stored is not None
        assert stored.state is RecordState.RELEASED
        assert work.records.page(after=0, limit=10) == [stored]


def test_releases_come_back_oldest_first(store: Store) -> None:
    (row,) = rows.save_records(store)
    releases = [rows.release(row, at=rows.at(-n)) for n in range(3)]
    with rows.audited(store) as work:
        work.records.add_releases(releases[:2])
    with rows.audited(store) as work:
        work.records.add_releases(releases[2:])
    with store.read() as view:
        assert view.records.releases(row.record_id) == releases
        assert view.records.releases(new_id()) == []


def test_a_record_without_its_body_is_not_stored(store: Store) -> None:
    with pytest.raises(HubError) as failed, rows.audited(store) as work:
        work.records.add([rows.record(new_id())])
    assert failed.value.code == "internal"
    with store.read() as view:
        assert view.records.page(after=0, limit=1) == []


def test_records_of_two_originators_with_one_id_do_not_meet(store: Store) -> None:
    came = {"direction": Direction.IN, "state": RecordState.RECEIVED}
    (first,) = rows.save_records(store, originator="cis-atc", **came)
    (second,) = rows.save_records(store, originator="sco-rats", record_id=first.record_id, **came)
    (later,) = rows.save_records(store, originator="sco-rats", record_id=first.record_id, version=2, **came)
    with rows.audited(store) as work:
        work.records.advance(second, to=RecordState.SUPERSEDED)
        work.deliveries.add([rows.delivery(first), rows.delivery(second)])
    second = replace(second, state=RecordState.SUPERSEDED, revision=2)
    with store.read() as view:
        records = view.records
        assert records.get(first.record_id) is None
        assert records.versions(first.record_id) == []
        assert records.get(first.record_id, originator="cis-atc") == first
        assert records.get(first.record_id, 1, originator="sco-rats") == second
        assert records.get(first.record_id, 2, originator="cis-atc") is None
        assert records.versions(first.record_id, originator="sco-rats") == [second, later]
        newest = {("cis-atc", first.record_id): first, ("sco-rats", first.record_id): later}
        assert records.newest([first.record_id]) == newest
        assert records.get_many([("sco-rats", first.record_id, 1)]) == {
            ("sco-rats", first.record_id, 1): second
        }


def test_an_id_without_an_originator_means_our_own_record_or_the_only_one(store: Store) -> None:
    came = {"direction": Direction.IN, "state": RecordState.RECEIVED}
    (theirs,) = rows.save_records(store, originator="cis-atc", version=2, **came)
    with store.read() as view:
        assert view.records.get(theirs.record_id) == theirs
    (ours,) = rows.save_records(store, record_id=theirs.record_id)
    with store.read() as view:
        assert view.records.get(theirs.record_id) == ours
        assert view.records.versions(theirs.record_id) == [ours]
        # Never a version of somebody else's record.
        assert view.records.get(theirs.record_id, 2) is None
