from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from hub.entries import EntryCount, Lane, OutboxEntry, Priority
from hub.errors import HubError
from hub.ports import Store
from hub.records.ids import new_id
from hub.records.lifecycle import ENTRY_STEPS, EntryState
from tests.storage import rows

_LANE = Lane(partner="cis-atc")
_TEN = {Priority.FLASH: 4, Priority.URGENT: 3, Priority.ROUTINE: 3}
_E = EntryState


def _claim(
    store: Store, lane: Lane = _LANE, *, shares: Mapping[Priority, int] = _TEN
) -> Sequence[OutboxEntry]:
    with store.read() as view:
        return view.outbox.claim(lane, at=rows.START, shares=shares)


def _settle(store: Store, *entries: OutboxEntry, **changes: Any) -> None:
    with rows.audited(store) as work:
        work.outbox.settle(None, [replace(entry, **changes) for entry in entries])


def test_entries_come_back_as_they_were_queued(store: Store) -> None:
    one = rows.body()
    entry = rows.entry(
        one.body_id,
        lane="kg-gknb",
        recipient="by-kgb",
        record_id=new_id(),
        version=3,
        priority=Priority.FLASH,
        attempts=2,
        retries=5,
        reason="partner-unreachable",
        hops=("kz-knb", "cis-atc"),
        origin="cis-atc",
        attachments=("a" * 64, "b" * 64),
    )
    with rows.audited(store) as work:
        work.bodies.add([one])
        work.outbox.queue([entry])
        assert work.outbox.of_envelope(entry.envelope_id) != []
    with store.read() as view:
        stored = view.outbox.get(entry.entry_id)
        assert stored is not None
        assert stored.position > 0
        assert replace(stored, position=0) == entry
        assert view.outbox.get(new_id()) is None
        assert view.outbox.of_envelope(entry.envelope_id) == [stored]
        assert view.outbox.of_record(str(entry.record_id)) == [stored]
        assert view.outbox.of_attachment("a" * 64, "kg-gknb")
        assert not view.outbox.of_attachment("a" * 64, "by-kgb")
        assert not view.outbox.of_attachment("c" * 64, "kg-gknb")


def test_an_entry_without_its_body_is_not_queued(store: Store) -> None:
    with pytest.raises(HubError) as failed, rows.audited(store) as work:
        work.outbox.queue([rows.entry(new_id())])
    assert failed.value.code == "internal"


def test_pages_follow_positions_and_filters_narrow_them(store: Store) -> None:
    entries = rows.queue(store, {}, {"lane": "sco-rats"}, {"state": _E.HELD}, {"state": _E.ACCEPTED}, {})
    with store.read() as view:
        page = view.outbox.page
        assert page(after=0, limit=9) == entries
        assert page(after=entries[1].position, limit=2) == entries[2:4]
        assert page(after=0, limit=9, lane="sco-rats") == entries[1:2]
        assert page(after=0, limit=9, state=_E.HELD) == entries[2:3]
        assert page(after=0, limit=9, state=_E.ACCEPTED) == entries[3:4]
        assert page(after=0, limit=9, lane="cis-atc", state=_E.PENDING) == [entries[0], entries[4]]


def test_only_due_entries_of_the_lane_are_claimed_longest_due_first(store: Store) -> None:
    late, early, _, _ = rows.queue(
        store,
        {"next_at": rows.at(-1)},
        {"next_at": rows.at(-2)},
        {"next_at": rows.at(1)},
        {"lane": "sco-rats"},
    )
    assert _claim(store) == [early, late]


def test_priorities_get_their_shares_flash_first(store: Store) -> None:
    many = [{"priority": priority} for _ in range(12) for priority in reversed(Priority)]
    rows.queue(store, *many)
    claimed = [entry.priority for entry in _claim(store)]
    assert claimed == [Priority.FLASH] * 4 + [Priority.URGENT] * 3 + [Priority.ROUTINE] * 3


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        ((12, 12, 0), (7, 3, 0)),
        ((12, 0, 1), (9, 0, 1)),
        ((0, 12, 12), (0, 7, 3)),
        ((1, 2, 12), (1, 2, 7)),
        ((0, 0, 12), (0, 0, 10)),
        ((2, 1, 1), (2, 1, 1)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_what_a_priority_leaves_over_goes_to_the_others(
    store: Store, waiting: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    counted = zip(Priority, waiting, strict=True)
    rows.queue(store, *({"priority": priority} for priority, number in counted for _ in range(number)))
    claimed = [entry.priority for entry in _claim(store)]
    assert tuple(claimed.count(priority) for priority in Priority) == expected


def test_no_share_claims_nothing(store: Store) -> None:
    rows.queue(store, {})
    assert _claim(store, shares={}) == []
    assert _claim(store, shares={Priority.FLASH: 0}) == []


@pytest.mark.parametrize("state", [_E.PENDING, _E.CARRIED, _E.HELD])
def test_a_live_entry_keeps_what_follows_in_its_conversation(store: Store, state: EntryState) -> None:
    first, second, elsewhere = rows.queue(
        store,
        {"conversation": "c", "state": state, "next_at": rows.at(60)},
        {"conversation": "c"},
        {"conversation": "c", "lane": "sco-rats"},
    )
    assert _claim(store) == []
    assert _claim(store, Lane(partner="sco-rats")) == [elsewhere]
    with store.read() as view:
        assert view.outbox.lanes_due(rows.START) == ["sco-rats"]
    _settle(store, first, state=_E.DEAD)
    assert _claim(store) == [second]


@pytest.mark.parametrize("state", [_E.ACCEPTED, _E.REFUSED, _E.DEAD])
def test_an_entry_that_is_done_lets_the_next_of_its_conversation_go(store: Store, state: EntryState) -> None:
    entries = rows.queue(store, *({"conversation": "c"} for _ in range(3)))
    for entry in entries:
        assert _claim(store) == [entry]
        _settle(store, entry, state=state)
    assert _claim(store) == []


def test_what_comes_after_an_entry_that_is_done_can_go_at_once(store: Store) -> None:
    rows.queue(store, {"conversation": "c", "state": _E.ACCEPTED})
    (second,) = rows.queue(store, {"conversation": "c"})
    assert _claim(store) == [second]


def test_a_resumed_entry_goes_before_what_followed_it(store: Store) -> None:
    first, second, third = rows.queue(store, *({"conversation": "c"} for _ in range(3)))
    _settle(store, first, state=_E.DEAD)
    assert _claim(store) == [second]
    _settle(store, first, state=_E.PENDING)
    assert _claim(store) == [first]
    _settle(store, first, state=_E.ACCEPTED)
    assert _claim(store) == [second]
    _settle(store, second, state=_E.REFUSED)
    assert _claim(store) == [third]


def test_several_of_one_conversation_settled_at_once_leave_the_right_head(store: Store) -> None:
    entries = rows.queue(store, *({"conversation": "c"} for _ in range(4)))
    with rows.audited(store) as work:
        work.outbox.settle(None, [replace(e, state=_E.DEAD) for e in entries[:2]])
        work.outbox.queue([rows.entry(entries[0].body_id, conversation="c")])
    assert _claim(store) == [entries[2]]


def test_an_entry_queued_and_one_settled_in_the_same_unit_of_work_follow_one_another(store: Store) -> None:
    (first,) = rows.queue(store, {"conversation": "c"})
    second = rows.entry(first.body_id, conversation="c")
    with rows.audited(store) as work:
        work.outbox.settle(None, [replace(first, state=_E.ACCEPTED)])
        work.outbox.queue([second])
        assert rows.ids(work.outbox.claim(_LANE, at=rows.START, shares=_TEN)) == [second.entry_id]
    assert rows.ids(_claim(store)) == [second.entry_id]


def test_settling_stores_what_may_change_and_nothing_else(store: Store) -> None:
    (entry,) = rows.queue(store, {})
    changed = replace(
        entry, state=_E.CARRIED, next_at=rows.at(9), attempts=1, retries=2, reason="relay-refused"
    )
    _settle(store, replace(changed, lane="sco-rats", conversation="x", envelope_id="y", position=7))
    with store.read() as view:
        assert view.outbox.get(entry.entry_id) == changed


@pytest.mark.parametrize("before", list(EntryState))
def test_an_entry_takes_the_steps_of_its_lifecycle_and_no_other(store: Store, before: EntryState) -> None:
    for after in EntryState:
        (entry,) = rows.queue(store, {"state": before})
        with store.work() as work:
            if after is before or after in ENTRY_STEPS[before]:
                work.outbox.settle(None, [replace(entry, state=after)])
                assert work.outbox.get(entry.entry_id) == replace(entry, state=after)
            else:
                with pytest.raises(HubError) as refused:
                    work.outbox.settle(None, [replace(entry, state=after)])
                assert refused.value.code == "transition-invalid"


def test_one_impossible_step_settles_none_of_the_batch(store: Store) -> None:
    good, bad = rows.queue(store, {}, {"state": _E.ACCEPTED})
    with pytest.raises(HubError) as refused:
        _settle(store, good, bad, state=_E.DEAD)
    assert refused.value.code == "transition-invalid"
    with store.read() as view:
        assert view.outbox.get(good.entry_id) == good


def test_an_impossible_step_does_not_keep_the_unit_of_work_from_its_other_changes(store: Store) -> None:
    good, bad = rows.queue(store, {}, {"state": _E.ACCEPTED})
    with rows.audited(store) as work:
        with rows.fails("transition-invalid"):
            work.outbox.settle(None, [replace(bad, state=_E.DEAD)])
        work.outbox.settle(None, [replace(good, state=_E.HELD), replace(good, state=_E.DEAD)])
    with store.read() as view:
        assert [(c.state, c.count) for c in view.outbox.counts()] == [(_E.ACCEPTED, 1), (_E.DEAD, 1)]


def test_an_entry_that_is_not_there_is_not_settled(store: Store) -> None:
    with store.work() as work, pytest.raises(HubError) as refused:
        work.outbox.settle(None, [rows.entry(new_id())])
    assert refused.value.code == "not-found"


def test_a_retry_is_bookkeeping_and_a_step_is_not(store: Store) -> None:
    (entry,) = rows.queue(store, {})
    with store.work() as work:
        work.outbox.settle(None, [replace(entry, attempts=1, retries=1, next_at=rows.at(2))])
        work.commit()
    with rows.fails("audit-missing"), store.work() as work:
        work.outbox.settle(None, [replace(entry, state=_E.ACCEPTED)])
        work.commit()


def test_what_is_live_past_its_time_is_expired_soonest_first(store: Store) -> None:
    states = [*EntryState]
    entries = rows.queue(
        store, *({"state": state, "expires_at": rows.at(-n)} for n, state in enumerate(states)), {}
    )
    live = [e for e in reversed(entries[:-1]) if e.state in {_E.PENDING, _E.CARRIED, _E.HELD}]
    with store.read() as view:
        assert view.outbox.expired(rows.START, 9) == live
        assert view.outbox.expired(rows.START, 2) == live[:2]


def test_counts_follow_every_change(store: Store) -> None:
    first, second, other, _ = rows.queue(
        store,
        {"created_at": rows.at(1), "retries": 1},
        {"created_at": rows.at(2)},
        {"created_at": rows.at(3), "lane": "sco-rats"},
        {"created_at": rows.at(4), "state": _E.HELD},
    )
    _settle(store, first, state=_E.ACCEPTED, retries=3)
    _settle(store, replace(second, retries=5), state=_E.PENDING)
    _settle(store, other, state=_E.DEAD)

    def count(lane: str, state: EntryState, seconds: int, retries: int = 0) -> EntryCount:
        return EntryCount(lane=lane, state=state, count=1, oldest_at=rows.at(seconds), retries=retries)

    with store.read() as view:
        assert view.outbox.counts() == [
            count("cis-atc", _E.ACCEPTED, 1, retries=3),
            count("cis-atc", _E.HELD, 4),
            count("cis-atc", _E.PENDING, 2, retries=5),
            count("sco-rats", _E.DEAD, 3),
        ]


def test_the_oldest_is_the_oldest_that_is_still_there(store: Store) -> None:
    entries = rows.queue(store, *({"created_at": rows.at(n)} for n in range(3)))
    _settle(store, entries[0], entries[2], state=_E.ACCEPTED)
    with store.read() as view:
        counted = {count.state: (count.count, count.oldest_at) for count in view.outbox.counts()}
    assert counted == {_E.ACCEPTED: (2, rows.at(0)), _E.PENDING: (1, rows.at(1))}


def test_counts_agree_with_the_rows_after_many_changes(store: Store) -> None:
    entries = rows.queue(store, *({"lane": lane} for _ in range(6) for lane in ("cis-atc", "sco-rats")))
    _settle(store, *entries[:7], state=_E.CARRIED)
    _settle(store, *entries[2:5], state=_E.REFUSED)
    _settle(store, *entries[3:4], state=_E.PENDING)
    with store.read() as view:
        for count in view.outbox.counts():
            found = view.outbox.page(after=0, limit=99, lane=count.lane, state=count.state)
            assert len(found) == count.count
        assert sum(count.count for count in view.outbox.counts()) == len(entries)


def _queue_sized(store: Store, *told: tuple[Priority, int]) -> list[OutboxEntry]:
    bodies = [rows.body(ciphertext=b"c" * size) for _, size in told]
    entries = [
        rows.entry(body.body_id, priority=priority) for body, (priority, _) in zip(bodies, told, strict=True)
    ]
    with rows.audited(store) as work:
        work.bodies.add(bodies)
        work.outbox.queue(entries)
    with store.read() as view:
        return list(view.outbox.page(after=0, limit=100))


def _within(store: Store, max_bytes: int) -> list[str]:
    with store.read() as view:
        claimed = view.outbox.claim(_LANE, at=rows.START, shares=_TEN, max_bytes=max_bytes)
    return rows.ids(claimed)


def test_a_batch_holds_no_more_bytes_than_asked_for_and_at_least_one_body(store: Store) -> None:
    entries = _queue_sized(store, *[(Priority.ROUTINE, 100)] * 5)
    assert _within(store, 500) == rows.ids(entries)
    assert _within(store, 499) == rows.ids(entries[:4])
    assert _within(store, 100) == rows.ids(entries[:1])
    assert _within(store, 1) == rows.ids(entries[:1])


def test_large_bodies_of_one_priority_leave_room_for_the_first_of_the_others(store: Store) -> None:
    flash, urgent, routine = Priority.FLASH, Priority.URGENT, Priority.ROUTINE
    entries = _queue_sized(store, *[(flash, 100)] * 4, (urgent, 50), (urgent, 50), (routine, 50))
    f1, f2, _, _, u1, _, r1 = rows.ids(entries)
    assert _within(store, 300) == [f1, f2, u1, r1]
    assert _within(store, 200) == [f1, u1, r1]


def test_a_body_that_is_gone_takes_no_room(store: Store) -> None:
    (gone,) = rows.queue(store, {})
    with rows.audited(store) as work:
        work.bodies.erase(gone.body_id)
    assert _within(store, 1) == [gone.entry_id]


def test_a_try_without_a_lane_yields_to_what_was_settled_meanwhile(store: Store) -> None:
    fetched, accepted = rows.queue(store, {}, {})
    _settle(store, accepted, state=_E.ACCEPTED)
    with store.work() as work:
        tried = [replace(entry, attempts=1, next_at=rows.at(5)) for entry in (fetched, accepted)]
        assert work.outbox.settle(None, tried, yielding=True) == {accepted.entry_id}
        work.commit()
    with store.read() as view:
        found = [view.outbox.get(entry.entry_id) for entry in (fetched, accepted)]
        assert [(e.state, e.attempts) for e in found if e] == [(_E.PENDING, 1), (_E.ACCEPTED, 0)]


def test_what_an_agency_has_waiting_for_relaying_is_counted_up_to_a_number(store: Store) -> None:
    relayed = {"origin": "kg-gknb"}
    states = (EntryState.PENDING, EntryState.CARRIED, EntryState.HELD, EntryState.DEAD)
    rows.queue(store, *({**relayed, "state": state} for state in states), {"origin": "kz-mvd"}, {})
    with store.read() as view:
        assert view.outbox.relayed_waiting("kg-gknb", most=10) == 3
        assert view.outbox.relayed_waiting("kg-gknb", most=2) == 2
        assert view.outbox.relayed_waiting("kz-knb", most=10) == 0
