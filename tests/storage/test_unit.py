from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import psycopg
import pytest

from hub.audit.events import Act
from hub.errors import HubError
from hub.ports import Store, UnitOfWork
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id
from hub.records.lifecycle import RecordState
from hub.storage import database, open_store
from tests.servers.postgres import PostgresServer
from tests.storage import rows


def test_events_come_back_as_they_were_staged_in_order(store: Store) -> None:
    events = [
        rows.event(),
        rows.event(
            act=Act.CONSULTED, justification="Іс № 7", salt=b"\x00" * 32, details={"b": "2", "a": "1"}
        ),
        rows.event(actor=Actor(kind=ActorKind.HUB, id="kz-knb", agency="kz-knb"), at=rows.at(0.000001)),
    ]
    with store.work() as work:
        work.stage(events[:2])
        work.stage(events[2:])
        work.commit()
    with store.read() as view:
        positions, staged = zip(*view.events(after=0, limit=9), strict=True)
        assert list(staged) == events
        assert list(positions) == sorted(set(positions))
        assert view.events(after=positions[0], limit=1) == [(positions[1], events[1])]
        assert view.events(after=positions[2], limit=1) == []


def test_leaving_without_commit_stores_nothing(store: Store) -> None:
    one = rows.body()
    with store.work() as work:
        work.bodies.add([one])
        work.stage([rows.event()])
    with store.read() as view:
        assert view.bodies.get_many([one.body_id]) == {}
        assert view.events(after=0, limit=1) == []


def test_an_exception_stores_nothing(store: Store) -> None:
    one = rows.body()

    def fail(work: UnitOfWork) -> None:
        work.bodies.add([one])
        assert one.body_id in work.bodies.get_many([one.body_id])
        raise KeyError("ours")

    with pytest.raises(KeyError), store.work() as work:
        fail(work)
    with store.read() as view:
        assert view.bodies.get_many([one.body_id]) == {}


_CHANGES: dict[str, Callable[[UnitOfWork], object]] = {
    "bodies.add": lambda work: work.bodies.add([rows.body()]),
    "bodies.erase": lambda work: work.bodies.erase(new_id()),
    "inbox.admit": lambda work: work.inbox.admit([rows.admitted()]),
    "receipts.add": lambda work: work.receipts.add([rows.receipt()]),
    "receipts.queue": lambda work: work.receipts.queue([rows.receipt()]),
    "directory.put_partner": lambda work: work.directory.put_partner(rows.partner()),
    "directory.put_member": lambda work: work.directory.put_member(rows.member()),
    "directory.put_officer": lambda work: work.directory.put_officer(rows.officer()),
    "directory.put_agreement": lambda work: work.directory.put_agreement(rows.agreement()),
}


@pytest.mark.parametrize("change", _CHANGES)
def test_a_change_without_an_audit_event_is_stopped(store: Store, change: str) -> None:
    with store.read() as view:
        generation = view.directory.generation()
    with rows.fails("audit-missing"), store.work() as work:
        _CHANGES[change](work)
        work.commit()
    with store.read() as view:
        assert view.directory.generation() == generation


def test_changes_of_records_queue_and_deliveries_take_an_event(store: Store) -> None:
    (row,) = rows.save_records(store)
    (entry,) = rows.queue(store, {})
    changes: list[Callable[[UnitOfWork], None]] = [
        lambda work: work.records.add([replace(row, version=2)]),
        lambda work: work.records.replace(row, expected_revision=1),
        lambda work: work.records.advance(row, to=RecordState.RELEASED),
        lambda work: work.records.add_releases([rows.release(row)]),
        lambda work: work.outbox.queue([rows.entry(entry.body_id)]),
        lambda work: work.deliveries.add([rows.delivery(row)]),
    ]
    for change in changes:
        with rows.fails("audit-missing"), store.work() as work:
            change(work)
            work.commit()


def test_bookkeeping_takes_no_event(store: Store) -> None:
    with store.work() as work:
        lane = work.outbox.claim_lane("cis-atc", at=rows.at(), until=rows.at(1))
        assert lane is not None
        work.outbox.extend_lane(lane, until=rows.at(2))
        work.outbox.release_lane(lane, failures=0, open_until=None)
        work.outbox.settle(None, [])
        work.receipts.sent([new_id()])
        work.replays.forget_before(rows.at())
        work.commit()


def test_a_view_only_reads(store: Store) -> None:
    with store.read() as view:
        for change in _CHANGES.values():
            with pytest.raises(HubError) as failed:
                change(view)  # type: ignore[arg-type]
            assert failed.value.code == "internal"


def test_a_unit_of_work_ends_with_its_commit(store: Store) -> None:
    with store.work() as work:
        work.commit()
        for use in (lambda: work.directory.generation(), work.commit, lambda: work.bodies.add([rows.body()])):
            with pytest.raises(HubError) as failed:
                use()
            assert failed.value.code == "internal"


def test_after_a_failed_statement_nothing_can_be_committed(store: Store) -> None:
    one, other = rows.body(), rows.body()
    with rows.audited(store) as work:
        work.bodies.add([one])
    with store.work() as work:
        work.bodies.add([other, one])
        with pytest.raises(HubError) as refused:
            work.bodies.get_many([])
        assert refused.value.code == "conflict"
        with rows.fails("internal"):
            work.stage([rows.event()])
        with rows.fails("internal"):
            work.commit()
    with store.read() as view:
        assert view.bodies.get_many([other.body_id]) == {}


def test_a_reader_keeps_its_snapshot_while_others_commit(store: Store) -> None:
    with store.read() as view:
        assert view.events(after=0, limit=9) == []
        with rows.audited(store):
            pass
        assert view.events(after=0, limit=9) == []
    with store.read() as view:
        assert len(view.events(after=0, limit=9)) == 1


def test_readers_do_not_wait_for_a_writer(store: Store) -> None:
    one = rows.body()
    with store.work() as work:
        work.bodies.add([one])
        assert work.bodies.get_many([one.body_id]) != {}
        with store.read() as view:
            assert view.bodies.get_many([one.body_id]) == {}
            assert view.outbox.lanes_due(rows.at()) == []


def test_events_are_neither_changed_nor_deleted(store: Store, database_url: str) -> None:
    import sqlalchemy

    with rows.audited(store):
        pass
    engine = sqlalchemy.create_engine(database_url)
    for forbidden in ("UPDATE events SET act = 'x'", "DELETE FROM events"):
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="only added"), engine.begin() as connection:
            connection.exec_driver_sql(forbidden)
    engine.dispose()


def test_waiting_too_long_for_another_writer_is_a_failure_of_storage(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.storage.database.WAIT_S", 0.01)
    store = open_store(sqlite_url)
    entered, leave = threading.Event(), threading.Event()

    def keep() -> None:
        with store.work():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=keep)
    thread.start()
    entered.wait()
    with pytest.raises(HubError) as failed, store.work():
        pass
    leave.set()
    thread.join()
    assert failed.value.code == "storage-unavailable"
    store.close()


def test_a_database_that_another_process_keeps_locked_is_a_failure_of_storage(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.storage.database._SQLITE", ("PRAGMA busy_timeout = 1",))
    store = open_store(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HubError) as failed, store.work():
        pass
    assert failed.value.code == "storage-unavailable"
    assert "SQLITE_BUSY" in failed.value.sentence
    other.execute("ROLLBACK")
    with rows.audited(store):
        pass
    store.close()


def test_a_full_disk_stores_nothing_and_says_so(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with rows.audited(store) as work:
        pages = work._session._connection.exec_driver_sql("PRAGMA page_count").scalar()  # type: ignore[attr-defined]
        work._session._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")  # type: ignore[attr-defined]
    bodies = [rows.body(ciphertext=b"c" * 4000) for _ in range(20)]
    with pytest.raises(HubError) as failed, rows.audited(store) as work:
        work.bodies.add(bodies)
    assert failed.value.code == "storage-unavailable"
    assert "SQLITE_FULL" in failed.value.sentence
    with store.read() as view:
        assert view.bodies.get_many([body.body_id for body in bodies]) == {}
        assert len(view.events(after=0, limit=9)) == 1
    store.close()


def test_failures_say_nothing_of_statements_or_values(store: Store) -> None:
    (row,) = rows.save_records(store)
    with pytest.raises(HubError) as refused:
        rows.save_records(store, record_id=row.record_id)
    told = f"{refused.value} {refused.value.__cause__}"
    assert row.record_id not in told
    assert "insert" not in told.lower()


@pytest.mark.slow
def test_a_lost_connection_stores_nothing_and_the_next_unit_of_work_goes_on(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = open_store(postgres_url)
    one = rows.body()
    with rows.fails("storage-unavailable"), rows.audited(store) as work:
        work.bodies.add([one])
        assert work.bodies.get_many([one.body_id]) != {}
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hub'")
    with rows.audited(store) as work:
        assert work.bodies.get_many([one.body_id]) == {}
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("idle", [True, False], ids=["idle for too long", "ended by its operator"])
def test_a_view_whose_connection_the_server_ended_after_its_last_question_ends_well(
    postgres: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch, idle: bool
) -> None:
    if idle:
        soon = tuple(told.replace("'30s'", "'1s'") for told in database._POSTGRESQL)
        assert soon != database._POSTGRESQL
        monkeypatch.setattr(database, "_POSTGRESQL", soon)
    name = f"hub-{idle}"
    alive = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
    store = open_store(f"{postgres_url}?application_name={name}")
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as operator:
        with store.read() as view:
            assert view.log.size() == 0
            if not idle:
                operator.execute(alive.replace("pid", "pg_terminate_backend(pid)", 1), [name])
            until = monotonic() + 20
            while operator.execute(alive, [name]).fetchone() is not None:
                assert monotonic() < until, "the server did not end the connection"
        with store.read() as view:
            assert view.log.size() == 0
    store.close()


@pytest.mark.slow
def test_the_password_of_a_server_is_in_no_failure(postgres_url: str) -> None:
    password = postgres_url.split(":")[2].split("@")[0]
    wrong = postgres_url.replace(password, "geheim")
    with pytest.raises(HubError) as failed:
        open_store(wrong)
    assert failed.value.code == "storage-unavailable"
    assert "geheim" not in str(failed.value)
