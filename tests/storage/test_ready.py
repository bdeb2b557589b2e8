"""A statement that was made ready asks and answers as SQLAlchemy itself does."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam, select

from hub.entries import Priority
from hub.ports import Store
from hub.records.lifecycle import EntryState
from hub.storage import ready, tables
from tests.storage import rows

_C = tables.outbox.c
_LISTED = (
    select(tables.outbox)
    .where(
        _C.entry_id.in_(bindparam("which", expanding=True)),
        _C.priority.in_(list(Priority)),
        _C.state == EntryState.PENDING,
        _C.next_at <= bindparam("at"),
    )
    .order_by(_C.position)
)


def _connection(view: object) -> Any:
    return view._session._connection  # type: ignore[attr-defined]


@pytest.mark.parametrize("length", [0, 1, 3])
def test_lists_of_any_length_and_values_of_the_statement_itself_select_as_they_should(
    store: Store, length: int
) -> None:
    made = rows.queue(store, {}, {}, {"state": EntryState.DEAD}, {})
    asked = {"which": [one.entry_id for one in made][:length], "at": rows.at(9)}
    with store.read() as view:
        found = ready.rows(_connection(view), _LISTED, asked)
        told = _connection(view).execute(_LISTED, asked).all()
    assert [tuple(row) for row in found] == [tuple(row) for row in told]
    assert [row.entry_id for row in found] == [one.entry_id for one in made[: min(length, 2)]]


def test_columns_without_a_name_are_read_by_their_place(store: Store) -> None:
    twice = select(_C.position + 1, _C.position + 2, _C.position).order_by(_C.position)
    (one,) = rows.queue(store, {})
    with store.read() as view:
        (row,) = ready.rows(_connection(view), twice, {})
    assert (row[0] - 1, row[1] - 2, row.position) == (one.position,) * 3
