from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy

from hub.audit.leaves import leaf_entry, read_leaf
from hub.audit.tiles import Tile
from hub.ports import CheckpointRow, EpochRow, LogEntry, Store, TileRow, Waiting
from hub.storage import open_store
from tests.servers.postgres import PostgresServer
from tests.storage import rows


def stage(store: Store, number: int) -> list[Waiting]:
    """Stage events, each in a transaction of its own; return them as they wait."""
    for _ in range(number):
        with rows.audited(store):
            pass
    with store.read() as view:
        return list(view.log.waiting(10_000))


def append(store: Store, waiting: list[Waiting], tiles: list[TileRow] | None = None) -> None:
    with store.work() as work:
        assert work.log.lock()
        size = work.log.size()
        entries = [
            LogEntry(index=size + n, position=one.position, event_id=one.event_id, leaf=one.leaf)
            for n, one in enumerate(waiting)
        ]
        work.log.append(entries, [bytes([e.index % 256]) * 32 for e in entries], tiles or [])
        work.commit()


def checkpoint(number: int, size: int) -> CheckpointRow:
    return CheckpointRow(number=number, size=size, root=b"r" * 32, at=rows.at(number), note=b"note")


def add_checkpoints(store: Store, *sizes: int) -> list[CheckpointRow]:
    made = [checkpoint(number, size) for number, size in enumerate(sizes, 1)]
    with store.work() as work:
        for row in made:
            work.log.add_checkpoint(row)
        work.commit()
    return made


def test_an_empty_log_has_nothing(store: Store) -> None:
    with store.read() as view:
        assert view.log.size() == 0
        assert view.log.waiting(9) == []
        assert view.log.waiting_count(9) == 0
        assert view.log.entry(0) is None
        assert view.log.entries(0, 9) == []
        assert view.log.checkpoint() is view.log.checkpoint(1) is view.log.checkpoint_covering(0) is None
        assert view.log.index_of("none") is None


def test_what_was_staged_waits_with_its_leaf_in_the_order_of_commits(store: Store) -> None:
    events = [rows.event(at=rows.at(n)) for n in range(3)]
    for event in events:
        with store.work() as work:
            work.stage([event])
            work.commit()
    with store.read() as view:
        waiting = view.log.waiting(9)
        assert [one.event_id for one in waiting] == [event.event_id for event in events]
        assert [one.leaf for one in waiting] == [leaf_entry(event) for event in events]
        assert [one.at for one in waiting] == [event.at for event in events]
        assert view.log.waiting(2) == waiting[:2]
        assert (view.log.waiting_count(2), view.log.waiting_count(9)) == (2, 3)
        assert read_leaf(waiting[0].leaf).event_id == events[0].event_id


def test_events_about_some_subjects_come_in_their_order(store: Store) -> None:
    events = [
        rows.event(at=rows.at(n), subject=subject) for n, subject in enumerate(("a", "b", "c", "a", "b"))
    ]
    with store.work() as work:
        work.stage(events)
        work.commit()
    with store.read() as view:
        found = view.events_about(["b", "a", "nothing"], limit=9)
        assert [event for _, event in found] == [events[0], events[1], events[3], events[4]]
        first = found[0][0]
        assert view.events_about(["a"], after=first, limit=9) == [found[2]]
        assert view.events_about(["a", "b"], limit=1) == found[:1]
        assert view.events_about([], limit=9) == []


def test_an_event_without_a_salt_is_not_staged(store: Store) -> None:
    with rows.fails("audit-missing"), store.work() as work:
        work.stage([rows.event(salt=None)])


def test_entries_come_back_by_index_and_by_event(store: Store) -> None:
    first = stage(store, 3)
    append(store, first[:2])
    with store.read() as view:
        assert view.log.size() == 2
        assert view.log.waiting(9) == first[2:]
        assert view.log.index_of(first[1].event_id) == 1
        assert view.log.index_of(first[2].event_id) is None
        entries = view.log.entries(0, 9)
        assert [(e.index, e.position, e.event_id, e.leaf) for e in entries] == [
            (n, one.position, one.event_id, one.leaf) for n, one in enumerate(first[:2])
        ]
        assert view.log.entry(1) == entries[1]
        assert view.log.entries(1, 1) == entries[1:]
    append(store, first[2:])
    with store.read() as view:
        assert view.log.waiting_count(9) == 0
        assert view.log.index_of(first[2].event_id) == 2


def test_an_event_is_in_the_log_once_and_an_index_given_once(store: Store) -> None:
    (one, other) = stage(store, 2)
    append(store, [one])
    again = LogEntry(index=1, position=one.position, event_id=one.event_id, leaf=one.leaf)
    taken = LogEntry(index=0, position=other.position, event_id=other.event_id, leaf=other.leaf)
    for entry in (again, taken):
        with rows.fails("conflict"), store.work() as work:
            work.log.append([entry], [b"h" * 32], [])
            work.commit()
    with store.read() as view:
        assert view.log.size() == 1


def test_a_full_tile_is_read_whole_and_a_partial_one_from_what_is_below(store: Store) -> None:
    waiting = stage(store, 3)
    full = TileRow(level=0, index=7, hashes=os.urandom(8192), root=b"a" * 32)
    above = [TileRow(level=1, index=n, hashes=b"h" * 8192, root=bytes([n]) * 32) for n in range(3)]
    append(store, waiting, [full, *above])
    with store.read() as view:
        assert view.log.tile(Tile(level=0, index=7)) == full.hashes
        assert view.log.tile(Tile(level=0, index=7, width=5)) == full.hashes[:160]
        assert view.log.tile(Tile(level=0, index=0, width=3)) == b"\0" * 32 + b"\1" * 32 + b"\2" * 32
        assert view.log.tile(Tile(level=0, index=0, width=2)) == b"\0" * 32 + b"\1" * 32
        assert view.log.tile(Tile(level=2, index=0, width=2)) == b"\0" * 32 + b"\1" * 32
        with rows.fails("log-damaged"):
            view.log.tile(Tile(level=0, index=0, width=4))
        with rows.fails("log-damaged"):
            view.log.tile(Tile(level=2, index=1, width=1))


def test_checkpoints_come_back_by_number_and_by_what_they_cover(store: Store) -> None:
    made = add_checkpoints(store, 2, 2, 5)
    with store.read() as view:
        assert view.log.checkpoint() == made[2]
        assert view.log.checkpoint(2) == made[1]
        assert view.log.checkpoint(4) is None
        assert view.log.checkpoints(after=1, limit=1) == made[1:2]
        covering = [view.log.checkpoint_covering(index) for index in range(6)]
    assert covering == [made[0], made[0], made[2], made[2], made[2], None]


def test_a_number_of_a_checkpoint_is_given_once(store: Store) -> None:
    add_checkpoints(store, 2)
    with rows.fails("conflict"), store.work() as work:
        work.log.add_checkpoint(checkpoint(1, 3))
        work.commit()


def test_the_log_is_bookkeeping_and_takes_no_event_of_its_own(store: Store) -> None:
    append(store, stage(store, 1))
    add_checkpoints(store, 1)


def test_a_view_does_not_add_to_the_log(store: Store) -> None:
    attempts: list[Callable[[], object]] = []
    with store.read() as view:
        attempts += [
            lambda: view.log.lock(),
            lambda: view.log.append([], [], []),
            lambda: view.log.add_checkpoint(checkpoint(1, 1)),
        ]
        for attempt in attempts:
            with rows.fails("internal"):
                attempt()


@pytest.mark.slow
def test_one_sequencer_at_a_time(postgres_store: Store) -> None:
    with postgres_store.work() as first:
        assert first.log.lock()
        with postgres_store.work() as second:
            assert not second.log.lock()
        with ThreadPoolExecutor(1) as pool:

            def wait() -> bool:
                with postgres_store.work() as third:
                    return third.log.lock(wait=True)

            waiting = pool.submit(wait)
            assert not waiting.done()
            first.commit()
            assert waiting.result(10)


@pytest.fixture
def postgres_store(postgres: PostgresServer):  # type: ignore[no-untyped-def]
    with postgres.database() as url:
        opened = open_store(url)
        yield opened
        opened.close()


_FORBIDDEN = {
    "an event": "UPDATE events SET act = 'x'",
    "its leaf": "UPDATE events SET leaf = 'x'",
    "its leaf with its secret": "UPDATE events SET leaf = 'x', secret = NULL",
    "its secret": "UPDATE events SET secret = 'x'",
    "its place": "UPDATE events SET position = position + 1, secret = NULL",
    "no event": "DELETE FROM events",
    "an entry": "UPDATE log_entries SET leaf_hash = 'x'",
    "no entry": "DELETE FROM log_entries",
    "a tile": "UPDATE log_tiles SET root = 'x'",
    "no tile": "DELETE FROM log_tiles",
    "a checkpoint": "UPDATE checkpoints SET size = 0",
    "no checkpoint": "DELETE FROM checkpoints",
    "a change of keys": "UPDATE log_epochs SET sets = 'x'",
    "no change of keys": "DELETE FROM log_epochs",
}
_ONLY_SQLITE = {
    "an event in place of another": "INSERT OR REPLACE INTO events SELECT * FROM events",
    "an entry in place of another": "INSERT OR REPLACE INTO log_entries SELECT * FROM log_entries",
}
_ONLY_POSTGRESQL = {
    f"no {table} at once": f"TRUNCATE {table} CASCADE"
    for table in ("events", "log_entries", "log_tiles", "checkpoints", "log_epochs")
}


def test_the_log_is_only_added_to(store: Store, database_url: str) -> None:
    append(store, stage(store, 2), [TileRow(level=0, index=0, hashes=b"", root=b"")])
    add_checkpoints(store, 2)
    with rows.audited(store) as work:
        work.log.add_epoch(EpochRow(number=1, checkpoint=1, size=2, at=rows.at(), sets=("a", "b")))
    on_sqlite = database_url.startswith("sqlite")
    forbidden = [*_FORBIDDEN.values(), *(_ONLY_SQLITE if on_sqlite else _ONLY_POSTGRESQL).values()]
    for statement in forbidden:
        with rows.fails("internal"), store.work() as work:
            work._session.run(sqlalchemy.text(statement))  # type: ignore[attr-defined]


def test_a_secret_is_erased_and_nothing_else_of_its_event(store: Store) -> None:
    event = rows.event(justification="Іс № 7", details={"digest": "ab", "version": "1"})
    with store.work() as work:
        work.stage([event])
        work.commit()
    erase = sqlalchemy.text("UPDATE events SET secret = NULL WHERE secret IS NOT NULL")
    with store.work() as work:
        assert work._session.run(erase) == 1  # type: ignore[attr-defined]
        work.commit()
    with store.read() as view:
        ((_, left),) = view.events(after=0, limit=9)
        (waiting,) = view.log.waiting(9)
    assert (left.salt, left.justification, left.details) == (None, None, {"version": "1"})
    assert (left.event_id, left.act, left.at, left.subject) == (
        event.event_id,
        event.act,
        event.at,
        event.subject,
    )
    assert waiting.leaf == leaf_entry(event)
