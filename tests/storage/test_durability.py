"""A writer that is killed: what it was told is stored is there, and nothing is half there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub.storage import open_store

_WRITER = """
import sys
from hub.storage import open_store
from tests.storage import rows

store = open_store(sys.argv[1])
while True:
    bodies = [rows.body() for _ in range(7)]
    records = [rows.record(body.body_id) for body in bodies]
    with store.work() as work:
        work.bodies.add(bodies)
        work.records.add(records)
        work.outbox.queue([rows.entry(body.body_id) for body in bodies])
        work.stage([rows.event(subject=records[0].record_id)])
        work.commit()
    print(records[0].record_id, flush=True)
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9_and_nothing_is_half_there(database_url: str) -> None:
    root = Path(__file__).parents[2]
    acknowledged: list[str] = []
    for kill_after in (1, 5, 23):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, database_url], stdout=subprocess.PIPE, text=True, cwd=root
        )
        assert writer.stdout is not None
        for _ in range(kill_after):
            acknowledged.append(writer.stdout.readline().strip())
        writer.kill()
        acknowledged += writer.stdout.read().split()
        writer.wait()
        store = open_store(database_url)
        with store.read() as view:
            stored = view.records.page(after=0, limit=100_000)
            assert len(stored) % 7 == 0
            assert len(view.outbox.page(after=0, limit=100_000)) == len(stored)
            assert len(view.bodies.get_many([row.body_id for row in stored])) == len(stored)
            subjects = {event.subject for _, event in view.events(after=0, limit=100_000)}
            assert len(subjects) == len(stored) / 7
            assert subjects >= set(acknowledged)
            assert sum(count.count for count in view.outbox.counts()) == len(stored)
        store.close()
    assert len(acknowledged) >= 29
