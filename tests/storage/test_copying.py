"""Many rows at once are stored, and refused, as few are: on PostgreSQL they come as one stream."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import Refused
from hub.ports import Store
from tests.storage import rows

_MANY = 12


def test_many_rows_come_back_as_they_were_stored(store: Store) -> None:
    told = "Қазақша, \\N, \\\\, \t, \n, \N{GRINNING FACE}"
    bodies = [rows.body(ciphertext=bytes(range(256)) * n) for n in range(_MANY)]
    records = [rows.record(body.body_id, language=told, in_reply_to=None) for body in bodies]
    events = [rows.event(subject=told, justification=told) for _ in range(_MANY)]
    with store.work() as work:
        work.records.add(records)
        work.bodies.add(bodies)
        work.stage(events)
        work.commit()
    with store.read() as view:
        keys = [(one.originator, one.record_id, one.version) for one in records]
        stored = [replace(view.records.get_many(keys)[key], position=0) for key in keys]
        assert stored == records
        assert view.bodies.get_many([b.body_id for b in bodies]) == {b.body_id: b for b in bodies}
        assert [event for _position, event in view.events(after=0, limit=99)] == events


def test_one_row_that_is_there_already_refuses_all_of_them(store: Store) -> None:
    known = rows.body()
    with rows.audited(store) as work:
        work.bodies.add([known])
    fresh = [rows.body() for _ in range(_MANY)]
    with pytest.raises(Refused) as refused, rows.audited(store) as work:
        work.bodies.add([*fresh, known])
    assert refused.value.code == "conflict"
    with store.read() as view:
        assert list(view.bodies.get_many([known.body_id, *(b.body_id for b in fresh)])) == [known.body_id]
