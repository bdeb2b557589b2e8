"""What one unit of work says of a passage, and what another marks meanwhile, both hold."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import Final

import psycopg
import pytest

from hub.entries import PassageRow
from hub.ports import Store
from hub.records.ids import new_id
from hub.storage import open_store

US, THEM = "kz-knb", "cis-atc"
_WAIT_S: Final = 30.0
_BLOCKED: Final = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def passage(**told: object) -> PassageRow:
    made = PassageRow(
        passer=US, passage_id=new_id(), originator=THEM, record_id=new_id(), version=1, consent_id=new_id()
    )
    return replace(made, **told)  # type: ignore[arg-type]


def put(store: Store, *rows: PassageRow) -> None:
    with store.work() as work:
        for row in rows:
            work.passages.put(row)
        work.commit()


def test_a_passage_is_put_in_the_place_of_what_it_was(store: Store) -> None:
    first, other = passage(), passage()
    put(store, first, other)
    changed = replace(first, version=3, consent_id=new_id(), behind=True)
    put(store, changed)
    with store.read() as view:
        assert view.passages.held(US, first.passage_id) == changed
        assert view.passages.held(US, other.passage_id) == other
        assert view.passages.held(THEM, first.passage_id) is None
        assert view.passages.of_record(THEM, first.record_id) == [changed]


def test_those_that_must_follow_are_read_from_an_id_on(store: Store) -> None:
    behind = [passage(behind=True) for _ in range(3)]
    put(store, *behind, passage(), passage(passer=THEM, behind=True))
    ids = [one.passage_id for one in behind]
    with store.read() as view:
        first = view.passages.behind(US, after="", limit=2)
        assert [one.passage_id for one in first] == ids[:2]
        rest = view.passages.behind(US, after=ids[1], limit=2)
        assert [one.passage_id for one in rest] == ids[2:]


def wait_until_blocked(operator: psycopg.Connection[tuple[object, ...]], waiting: Future[int]) -> None:
    until = monotonic() + _WAIT_S
    while not waiting.done() and operator.execute(_BLOCKED).fetchone() is None:
        assert monotonic() < until, "nobody waits for the row"


@pytest.mark.slow
@pytest.mark.parametrize("first", ["put", "held"])
def test_a_mark_that_waits_for_who_writes_the_passage_is_not_lost(postgres_url: str, first: str) -> None:
    store, row = open_store(postgres_url), passage(behind=True)
    put(store, row)

    def mark() -> int:
        with store.work() as work:
            found = work.passages.mark(US, THEM, record_id=row.record_id)
            work.commit()
        return found

    with ThreadPoolExecutor(1) as pool, psycopg.connect(postgres_url, autocommit=True) as operator:
        with store.work() as work:
            if first == "held":
                assert work.passages.held(US, row.passage_id) == row
            else:
                work.passages.put(replace(row, behind=False))
            marking = pool.submit(mark)
            wait_until_blocked(operator, marking)
            assert not marking.done()
            work.passages.put(replace(row, behind=False))
            work.commit()
        assert marking.result(_WAIT_S) == 1
    with store.read() as view:
        assert [one.passage_id for one in view.passages.behind(US, after="", limit=9)] == [row.passage_id]
    store.close()
