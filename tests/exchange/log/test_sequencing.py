from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy

from hub.audit.tiles import TILE_WIDTH, inclusion_proof, root_of, tiles_of
from hub.exchange.broker import Broker
from hub.exchange.log.sequencing import sequence
from hub.storage.session import Session
from tests.exchange.log.logs import entries, expected_root, limited, sequence_all, stage, url_of


def test_staged_events_get_indices_in_their_order_batch_by_batch(broker: Broker) -> None:
    broker = limited(broker, log_batch_max_entries=3)
    ids = stage(broker, 14)
    assert [sequence(broker), sequence(broker), sequence(broker)] == [12, 2, 0]
    ids += stage(broker, 1)
    assert sequence(broker, wait=True) == 1
    assert [(entry.index, entry.event_id) for entry in entries(broker)] == list(enumerate(ids))


@pytest.mark.parametrize("batch", [1, 100, 256])
def test_the_tree_is_the_same_whatever_the_batches(broker: Broker, batch: int) -> None:
    broker = limited(broker, log_batch_max_entries=batch)
    for number in (1, 254, 1, 1, 256, 3):
        stage(broker, number)
        sequence_all(broker)
        with broker.store.read() as view:
            assert root_of(view.log.size(), view.log.tile) == expected_root(broker)


def test_a_batch_may_be_wider_than_a_tile(broker: Broker) -> None:
    broker = limited(broker, log_batch_max_entries=1000)
    stage(broker, 7)
    assert sequence(broker) == 7
    stage(broker, 600)
    assert sequence(broker) == 600
    with broker.store.read() as view:
        assert root_of(607, view.log.tile) == expected_root(broker)
        assert [tile.width for tile in tiles_of(607, 0)] == [256, 256, 95]


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the rows that come back from the database, and the statements that are run."""
    found: list[int] = []
    rows = Session.rows

    def counting(self: Session, statement: Any, *parameters: Any) -> Any:
        answer = rows(self, statement, *parameters)
        found.append(len(answer))
        return answer

    Session.rows = counting  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Session.rows = rows  # type: ignore[method-assign]


def test_the_cost_of_a_batch_does_not_grow_with_the_log(broker: Broker) -> None:
    costs: list[tuple[int, int]] = []
    for _ in range(3):
        broker = limited(broker, log_batch_max_entries=1000)
        stage(broker, 2 * TILE_WIDTH - 10)
        sequence_all(broker)
        stage(broker, 10)
        with counted() as found:
            assert sequence(broker) == 10
        costs.append((len(found), sum(found)))
    assert costs == [costs[0]] * 3
    statements, read = costs[0]
    assert statements <= 8
    assert read < TILE_WIDTH + 2 * 10 + 8


def test_a_proof_reads_logarithmically_many_nodes(broker: Broker) -> None:
    broker = limited(broker, log_batch_max_entries=1000)
    stage(broker, 3 * TILE_WIDTH + 100)
    sequence_all(broker)
    with broker.store.read() as view:
        size = view.log.size()
        for index in (0, 300, size - 1):
            read: list[Any] = []

            def tile(tile: Any) -> bytes:
                read.append(tile)  # noqa: B023
                return view.log.tile(tile)

            inclusion_proof(index, size, tile)
            assert len(read) <= 3


def test_who_waits_for_an_event_sees_it_in_the_index(broker: Broker) -> None:
    (event_id,) = stage(broker, 1)
    with broker.store.read() as view:
        assert view.log.index_of(event_id) is None
    sequence(broker)
    with broker.store.read() as view:
        assert view.log.index_of(event_id) == 0


def test_an_idle_log_takes_no_write_lock(broker: Broker) -> None:
    with broker.store.work() as work:
        assert work.log.lock()
        assert sequence(broker) == 0


def test_an_index_cannot_be_given_twice_even_past_the_lock(broker: Broker) -> None:
    stage(broker, 1)
    sequence(broker)
    engine = sqlalchemy.create_engine(url_of(broker))
    with pytest.raises(sqlalchemy.exc.IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql('INSERT INTO log_entries SELECT "index", 999, leaf_hash FROM log_entries')
    engine.dispose()
