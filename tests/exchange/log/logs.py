"""Logs to test with: events staged by the hundred, and what is expected of the tree over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy

from hub.audit.events import Act
from hub.audit.merkle import Frontier, hash_leaf
from hub.audit.notes import NoteKey
from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.epochs import OwnKeys, own_keys
from hub.exchange.log.sequencing import sequence
from hub.ports import CheckpointRow, LogEntry
from tests.exchange.hubs import TestClock


def limited(broker: Broker, **limits: Any) -> Broker:
    """Return the hub with other limits."""
    return replace(broker, limits=replace(broker.limits, **limits))


def clock_of(broker: Broker) -> TestClock:
    assert isinstance(broker.clock, TestClock)
    return broker.clock


def stage(broker: Broker, number: int) -> list[str]:
    """Stage events in one transaction; return their ids."""
    at = broker.clock.now()
    events = [broker.event(Act.STARTED, broker.itself, broker.agency, at) for _ in range(number)]
    with broker.store.work() as work:
        work.stage(events)
        work.commit()
    return [event.event_id for event in events]


def sequence_all(broker: Broker) -> int:
    """Sequence all that waits; return how many batches it took."""
    batches = 0
    while sequence(broker):
        batches += 1
    return batches


def signed(broker: Broker, number: int) -> CheckpointRow:
    """Log events and sign for them."""
    stage(broker, number)
    sequence_all(broker)
    clock_of(broker).at += timedelta(seconds=1)
    row = checkpoint(broker)
    assert row is not None
    return row


def keys(broker: Broker) -> list[NoteKey]:
    return [signer.key for signer in broker.keyring.log_signers()]


def own(broker: Broker) -> OwnKeys:
    with broker.store.read() as view:
        return own_keys(view.log, broker.keyring)


def entries(broker: Broker) -> Sequence[LogEntry]:
    with broker.store.read() as view:
        return view.log.entries(0, view.log.size())


def expected_root(broker: Broker) -> bytes:
    """Return the root over the entries as they are stored, computed from nothing else."""
    return Frontier(size=0, hashes=()).extended(hash_leaf(entry.leaf) for entry in entries(broker)).root()


def tamper(url: str, *statements: str) -> None:
    """Change a database as its administrator can: past the triggers."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
        else:
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in names.all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def url_of(broker: Broker) -> str:
    """Return where a hub's database is."""
    database: Any = broker.store._database  # type: ignore[attr-defined]
    return str(database._writer.url.render_as_string(hide_password=False))
