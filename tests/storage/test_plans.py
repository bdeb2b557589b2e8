"""What a hub does all day is answered by indexes: its cost does not grow with what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from hub.entries import Lane, Priority
from hub.ports import EventQuery, Store, UnitOfWork
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, RecordState
from hub.storage import bulk, ready
from tests.storage import rows

#: A database of its own: PostgreSQL remembers how many rows tests before this one had, and plans by that.
pytestmark = pytest.mark.usefixtures("database_url")

_SHARES = {Priority.FLASH: 5, Priority.URGENT: 3, Priority.ROUTINE: 2}
_LANE = Lane(partner="cis-atc")
_BIG = (
    "bodies",
    "records",
    "outbox",
    "inbox",
    "receipts",
    "deliveries",
    "events",
    "releases",
    "statements",
    "unadmitted",
    "reconciliations",
)

_READS: dict[str, Callable[[UnitOfWork], object]] = {
    "claim": lambda work: work.outbox.claim(_LANE, at=rows.at(), shares=_SHARES),
    "lanes_due": lambda work: work.outbox.lanes_due(rows.at()),
    "expired": lambda work: work.outbox.expired(rows.at(), 10),
    "counts": lambda work: work.outbox.counts(),
    "of_envelope": lambda work: work.outbox.of_envelope(new_id()),
    "of_record": lambda work: work.outbox.of_record(new_id()),
    "relayed_waiting": lambda work: work.outbox.relayed_waiting("cis-atc", most=5),
    "outbox.page": lambda work: work.outbox.page(after=5, limit=10, lane="cis-atc"),
    "outbox.page held": lambda work: work.outbox.page(after=5, limit=10, state=EntryState.HELD),
    "seen": lambda work: work.inbox.seen([("cis-atc", new_id())]),
    "bodies": lambda work: work.bodies.get_many([new_id()]),
    "bodies.sizes": lambda work: work.bodies.sizes([new_id()]),
    "newest": lambda work: work.records.newest([new_id(), new_id()]),
    "get_many": lambda work: work.records.get_many([("kz-knb", new_id(), 1), ("cis-atc", new_id(), 2)]),
    "records.get": lambda work: work.records.get(new_id(), 2),
    "versions": lambda work: work.records.versions(new_id()),
    "records.page": lambda work: work.records.page(after=5, limit=10, state=RecordState.DRAFT),
    "releases": lambda work: work.records.releases(new_id()),
    "receipts.of_envelope": lambda work: work.receipts.of_envelope(new_id()),
    "receipts.of_record": lambda work: work.receipts.of_record(new_id()),
    "unsent": lambda work: work.receipts.unsent("cis-atc", 10),
    "partners_waiting": lambda work: work.receipts.partners_waiting(),
    "deliveries.page": lambda work: work.deliveries.page("kz-mvd", after=5, limit=10),
    "deliveries.page of kinds": lambda work: work.deliveries.page(
        "kz-mvd", after=5, limit=10, kinds=["designation", "notice"]
    ),
    "attachments.unneeded": lambda work: work.attachments.unneeded(10),
    "attachments.unused": lambda work: work.attachments.unused(
        created_before=rows.at(), let_go_before=rows.at(), limit=10
    ),
    "attachments.of_record": lambda work: work.attachments.of_record(("kz-knb", new_id(), 1)),
    "deliveries.of_record": lambda work: work.deliveries.of_record(new_id()),
    "deliveries.held_back": lambda work: work.deliveries.held_back(new_id()),
    "events": lambda work: work.events(after=5, limit=10),
    "search by actor": lambda work: work.search_events(EventQuery(actor="officer:aigul"), limit=10),
    "search by record": lambda work: work.search_events(EventQuery(about=new_id()), limit=10),
    "search by time": lambda work: work.search_events(
        EventQuery(since=rows.at(), until=rows.at(9)), limit=10
    ),
    "books.sent": lambda work: work.books.sent("cis-atc", first=5, last=9, limit=10),
    "books.received": lambda work: work.books.received("cis-atc", first=5, last=9, limit=10),
    "books.last_received": lambda work: work.books.last_received("cis-atc"),
    "books.first_sent_at": lambda work: work.books.first_sent_at("cis-atc", rows.at()),
    "books.arrivals": lambda work: work.books.arrivals("cis-atc", after=5, limit=10),
    "books.noted": lambda work: work.books.noted("cis-atc", first=5, last=9, limit=10),
    "books.gaps": lambda work: work.books.gaps("cis-atc", after=5, limit=10),
    "books.newest_reconciliations": lambda work: work.books.newest_reconciliations("kz-knb"),
    "books.statements": lambda work: work.books.statements(["ab" * 32]),
    **{
        f"dues.due {what}": lambda work, what=what: work.dues.due(what, before=rows.at(), limit=10)
        for what in ("reply_due_at", "confirm_by", "review_at", "retain_until")
    },
    "dues.due after": lambda work: work.dues.due(
        "retain_until", before=rows.at(9), after=(rows.at(), 5), limit=10
    ),
    "dues.unacknowledged": lambda work: work.dues.unacknowledged(after=5, limit=10),
    "dues.uncollected": lambda work: work.dues.uncollected(after=("kz-mvd", 5), limit=10),
    "dues.told": lambda work: work.dues.told("reply", [new_id(), new_id()]),
    "dues.keeping": lambda work: work.dues.keeping("kz-knb", new_id()),
    "events_about": lambda work: work.events_about([new_id(), new_id()], limit=10),
}


def explained(store: Store, step: Callable[[UnitOfWork], object]) -> list[str]:
    """Return the plan's lines of every statement that a step runs."""
    lines: list[str] = []

    with store.work() as work:
        connection = work._session._connection  # type: ignore[attr-defined]
        on_postgresql = connection.dialect.name == "postgresql"
        if on_postgresql:  # the tables are nearly empty: is there an index at all that answers?
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN " if on_postgresql else "EXPLAIN QUERY PLAN "

        def look(_: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
            if statement.startswith(("SELECT", "WITH", "INSERT", "UPDATE")):
                many = rest[-1]
                cursor.execute(explain + statement, parameters[0] if many else parameters)
                lines.extend(str(row[-1]) for row in cursor.fetchall())

        def looking(on: Any, sql: str, values: Any, *, many: bool = False) -> Any:
            look(on, on.connection.cursor(), sql, values, many)
            return execute(on, sql, values, many=many)

        execute = ready.execute
        event.listen(connection, "before_cursor_execute", look)
        try:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(ready, "execute", looking)
                patched.setattr(bulk, "execute", looking)
                step(work)
        finally:
            event.remove(connection, "before_cursor_execute", look)
    return lines


def refuse_scans(lines: list[str], among: Iterable[str] = ()) -> None:
    assert lines
    for line in lines:
        told = line.strip().removeprefix("->").strip()
        for table in among or _BIG:
            assert not told.startswith(f"Seq Scan on {table}"), line
            if told.startswith(f"SCAN {table}"):
                assert "USING" in told, line


@pytest.mark.parametrize("read", _READS)
def test_no_question_reads_a_whole_table(store: Store, read: str) -> None:
    refuse_scans(explained(store, _READS[read]))


def test_no_change_reads_a_whole_table(store: Store) -> None:
    (row,) = rows.save_records(store)
    live, done = rows.queue(store, {}, {"state": EntryState.DEAD})
    one = rows.body()

    def change(work: UnitOfWork) -> None:
        work.bodies.add([one])
        work.records.advance(row, to=RecordState.RELEASED)
        work.deliveries.add([rows.delivery(row)])
        work.outbox.queue([rows.entry(one.body_id)])
        changed = replace(live, state=EntryState.DEAD), replace(done, state=EntryState.PENDING)
        work.outbox.settle(None, changed)
        work.inbox.admit([rows.admitted()])
        work.receipts.queue([rows.receipt()])
        work.receipts.sent([new_id()])
        work.deliveries.page("kz-mvd", after=0, limit=1)
        work.outbox.counts()

    refuse_scans(explained(store, change))


def test_a_claim_reads_the_index_of_what_is_due_alone(store: Store) -> None:
    rows.queue(store, {})
    lines = explained(store, lambda work: work.outbox.claim(_LANE, at=rows.at(), shares=_SHARES))
    assert sum("outbox_due" in line for line in lines) == len(Priority)
    lines = explained(store, lambda work: work.outbox.lanes_due(rows.at()))
    assert any("outbox_due" in line for line in lines)


def test_partners_waiting_are_found_by_hops_along_the_index(store: Store) -> None:
    lines = explained(store, lambda work: work.receipts.partners_waiting())
    assert any("receipts_waiting" in line for line in lines)
    assert any("Recursive Union" in line or "RECURSIVE STEP" in line for line in lines)
