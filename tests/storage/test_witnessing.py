from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy

from hub.audit.witnessing import Contradiction, origin_hash
from hub.ports import (
    Alarm,
    CheckpointRow,
    CosignatureRow,
    ForkRow,
    QuorumState,
    Store,
    TimestampRow,
    WitnessedRow,
    WitnessState,
)
from tests.storage import rows

LOG = "cis-atc/log"


def witnessed(size: int = 5, **told: Any) -> WitnessedRow:
    values = {
        "origin": LOG,
        "origin_hash": origin_hash(told.get("origin", LOG)),
        "agency": "cis-atc",
        "size": size,
        "root": bytes([size]) * 32,
        "at": rows.at(size),
        "note": b"note %d" % size,
    }
    return WitnessedRow(**{**values, **told})


def fork(**told: Any) -> ForkRow:
    values = {
        "origin": LOG,
        "size": 5,
        "root": b"f" * 32,
        "kind": Contradiction.FORK,
        "reported_by": "sco-rats",
        "at": rows.at(),
        "request": b"old 5\n\n...",
        "known": b"note",
    }
    return ForkRow(**{**values, **told})


def advance(store: Store, row: WitnessedRow, before: WitnessedRow | None) -> bool:
    with store.work() as work:
        done = work.witnessing.advance(row, before=before)
        if before is None:
            work.stage([rows.event()])
        work.commit()
    return done


def add_checkpoints(store: Store, *sizes: int) -> None:
    with store.work() as work:
        for number, size in enumerate(sizes, 1):
            work.log.add_checkpoint(
                CheckpointRow(number=number, size=size, root=b"r" * 32, at=rows.at(number), note=b"note")
            )
        work.commit()


def test_what_was_cosigned_is_remembered_by_origin_and_by_its_hash(store: Store) -> None:
    one, other = witnessed(), witnessed(3, origin="sco-rats/log", agency="sco-rats")
    assert advance(store, one, None)
    assert advance(store, other, None)
    with store.read() as view:
        assert view.witnessing.witnessed(LOG) == one
        assert view.witnessing.witnessed_by_hash(one.origin_hash) == one
        assert view.witnessing.witnessed_logs() == [one, other]
        assert view.witnessing.witnessed("none") is view.witnessing.witnessed_by_hash("none") is None


def test_the_first_checkpoint_of_a_log_leaves_an_entry_and_the_next_ones_need_none(store: Store) -> None:
    with rows.fails("audit-missing"), store.work() as work:
        work.witnessing.advance(witnessed(), before=None)
        work.commit()
    assert advance(store, witnessed(5), None)
    assert advance(store, witnessed(9), witnessed(5))
    with store.read() as view:
        assert view.witnessing.witnessed(LOG) == witnessed(9)


def test_a_request_that_saw_an_older_state_changes_nothing(store: Store) -> None:
    advance(store, witnessed(5), None)
    advance(store, witnessed(9), witnessed(5))
    assert not advance(store, witnessed(7), witnessed(5))
    assert not advance(store, witnessed(12), witnessed(9, root=b"other" + bytes(27)))
    with rows.audited(store) as work:
        assert not work.witnessing.advance(witnessed(2), before=None)
    with store.read() as view:
        assert view.witnessing.witnessed(LOG) == witnessed(9)


@pytest.mark.slow
@pytest.mark.parametrize("known", [None, witnessed(5)])
def test_of_racing_requests_one_is_first(store: Store, known: WitnessedRow | None) -> None:
    if known:
        advance(store, known, None)
    for step in range(10):
        with store.read() as view:
            before = view.witnessing.witnessed(LOG)
        barrier = Barrier(4)

        def race(size: int, before: WitnessedRow | None = before, barrier: Barrier = barrier) -> bool:
            barrier.wait(30)
            return advance(store, witnessed(size), before)

        with ThreadPoolExecutor(4) as threads:
            won = list(threads.map(race, range(10 + 10 * step, 14 + 10 * step)))
        assert won.count(True) == 1
        with store.read() as view:
            now = view.witnessing.witnessed(LOG)
        assert now is not None
        assert now.size == 10 + 10 * step + won.index(True)


CHANGES: list[str] = [
    "UPDATE witnessed_logs SET size = 4",
    "UPDATE witnessed_logs SET root = '\\x00'",
    "UPDATE witnessed_logs SET origin = 'x'",
    "DELETE FROM witnessed_logs",
    "UPDATE log_forks SET origin = 'x'",
    "DELETE FROM log_forks",
    "UPDATE cosignatures SET lines = 'x'",
    "DELETE FROM cosignatures",
    "UPDATE timestamps SET tsa = 'x'",
    "DELETE FROM timestamps",
]


@pytest.mark.parametrize("change", CHANGES)
def test_no_statement_takes_back_what_was_said(store: Store, database_url: str, change: str) -> None:
    add_checkpoints(store, 5)
    with rows.audited(store) as work:
        work.witnessing.advance(witnessed(), before=None)
        work.witnessing.add_fork(fork(), most=9)
        work.witnessing.add_cosignatures([CosignatureRow(size=5, witness="cis-atc", at=rows.at(), lines="—")])
        work.witnessing.add_timestamp(TimestampRow(number=1, size=5, tsa="t", at=rows.at(), token=b"t"))
    engine = sqlalchemy.create_engine(database_url)
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.DBAPIError):
        connection.execute(sqlalchemy.text(change))
    engine.dispose()


def test_evidence_is_numbered_and_kept_once(store: Store) -> None:
    with rows.audited(store) as work:
        assert work.witnessing.add_fork(fork(), most=9)
        assert not work.witnessing.add_fork(fork(request=b"again"), most=9)
    with rows.audited(store) as work:
        assert work.witnessing.add_fork(fork(size=6, kind=Contradiction.UNPROVEN), most=9)
        assert work.witnessing.add_fork(fork(origin="sco-rats/log"), most=9)
    with store.read() as view:
        kept = view.witnessing.forks(limit=9)
        assert [row.number for row in kept] == [1, 2, 3]
        assert kept[0] == fork(number=1)
        assert view.witnessing.forks(after=1, limit=1) == [kept[1]]
        assert view.witnessing.fork_count(Contradiction.FORK) == 2
        assert view.witnessing.fork_count(Contradiction.UNPROVEN) == 1


def test_evidence_against_a_log_is_bounded(store: Store) -> None:
    with rows.audited(store) as work:
        told = [work.witnessing.add_fork(fork(size=size), most=2) for size in range(4)]
        assert work.witnessing.add_fork(fork(origin="sco-rats/log"), most=2)
        assert work.witnessing.add_fork(fork(kind=Contradiction.UNPROVEN), most=2)
    assert told == [True, True, False, False]


def test_evidence_needs_an_entry(store: Store) -> None:
    with rows.fails("audit-missing"), store.work() as work:
        work.witnessing.add_fork(fork(), most=9)
        work.commit()


def test_cosignatures_are_kept_by_size_and_stay(store: Store) -> None:
    given = [
        CosignatureRow(size=size, witness=witness, at=rows.at(size), lines=f"— {witness} {size}\n")
        for size, witness in ((5, "a"), (5, "b"), (7, "a"), (9, "a"), (9, "b"))
    ]
    with store.work() as work:
        work.witnessing.add_cosignatures(given)
        work.witnessing.add_cosignatures([replace(given[0], lines="other"), *given[1:2]])
        work.witnessing.add_cosignatures([])
        work.commit()
    with store.read() as view:
        found = view.witnessing
        assert found.cosignatures(5) == given[:2]
        assert found.cosignatures(6) == []
        assert [found.cosigned_size(least) for least in (0, 5, 6, 8, 9, 10)] == [5, 5, 7, 9, 9, None]
        assert [found.cosigned_size(least, needed=2) for least in (0, 6, 10)] == [5, 9, None]
        assert found.cosigned_size(0, needed=3) is None


def test_a_later_time_stamp_covers_earlier_checkpoints(store: Store) -> None:
    add_checkpoints(store, 5, 7, 7, 9)
    stamps = [
        TimestampRow(number=number, size=size, tsa="https://tsa", at=rows.at(number), token=b"%d" % number)
        for number, size in ((1, 5), (3, 7))
    ]
    with store.work() as work:
        for row in stamps:
            work.witnessing.add_timestamp(row)
        work.witnessing.add_timestamp(replace(stamps[0], token=b"other"))
        work.commit()
    with store.read() as view:
        found = view.witnessing
        assert found.timestamps(1) == stamps[:1]
        assert found.timestamps(2) == []
        assert [found.timestamp_covering(size) for size in (0, 5, 6, 7)] == [
            stamps[0],
            stamps[0],
            stamps[1],
            stamps[1],
        ]
        assert found.timestamp_covering(8) is None
        assert found.last_timestamp() == stamps[1]


def test_no_time_stamp_is_kept_without_its_checkpoint(store: Store) -> None:
    with rows.fails("internal"), store.work() as work:
        work.witnessing.add_timestamp(TimestampRow(number=1, size=5, tsa="t", at=rows.at(), token=b"t"))
        work.commit()


def test_how_asking_went_is_kept_for_each_witness(store: Store) -> None:
    good = WitnessState(witness="a", asked_at=rows.at(), cosigned_at=rows.at(), number=3, size=5)
    bad = WitnessState(witness="b", asked_at=rows.at(), failing_since=rows.at(), code="x", sentence="y")
    with store.work() as work:
        work.witnessing.put_states([bad, replace(good, number=1)])
        work.witnessing.put_states([good])
        work.commit()
    with store.read() as view:
        assert view.witnessing.states() == {"a": good, "b": bad}


STEPS: list[tuple[QuorumState, bool]] = [
    (QuorumState(met_at=rows.at(1), number=1, size=5), False),
    (QuorumState(met_at=rows.at(1), missing_since=rows.at(2), missing=("a", "b")), True),
    (QuorumState(met_at=rows.at(1), missing_since=rows.at(2), missing=("a",)), False),
    (QuorumState(met_at=rows.at(3)), True),
    (QuorumState(met_at=rows.at(3), alarm=Alarm.FORKED), True),
]


def test_a_quorum_that_goes_missing_or_comes_back_leaves_an_entry(store: Store) -> None:
    with store.read() as view:
        assert view.witnessing.quorum() == QuorumState()
    for state, leaves_an_entry in STEPS:
        with store.work() as work:
            work.witnessing.put_quorum(state)
            if leaves_an_entry:
                with rows.fails("audit-missing"):
                    work.commit()
                work.stage([rows.event()])
            work.commit()
        with store.read() as view:
            assert view.witnessing.quorum() == state


def test_one_worker_at_a_time_asks_the_witnesses(store: Store) -> None:
    def lease(worker: str, second: float) -> bool:
        with store.work() as work:
            at = rows.at() + timedelta(seconds=second)
            done = work.witnessing.lease(worker, at=at, until=at + timedelta(seconds=30))
            work.commit()
        return done

    assert lease("one", 0)
    assert not lease("two", 10)
    assert lease("one", 20)
    assert not lease("two", 40)
    assert lease("two", 50)
    assert not lease("one", 51)
    # A clock that was set back by hours does not leave the task to a worker that is gone.
    assert lease("one", -7200)


@pytest.mark.slow
def test_the_quorum_is_read_by_one_unit_of_work_at_a_time(store: Store) -> None:
    """Two that each add a cosignature must not both miss the other's."""

    def settle(witness: str) -> int:
        with store.work() as work:
            work.witnessing.quorum()
            work.witnessing.add_cosignatures(
                [CosignatureRow(size=5, witness=witness, at=rows.at(), lines="—")]
            )
            seen = len(work.witnessing.cosignatures(5))
            work.commit()
        return seen

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(settle, "abcd")) == [1, 2, 3, 4]
