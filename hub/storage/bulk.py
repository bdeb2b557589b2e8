"""Many rows by one statement: made ready once, without SQLAlchemy's bookkeeping for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable

from hub.storage.copying import COPY_MIN_ROWS, Copy, copy_of
from hub.storage.ready import execute, ready


def run_many(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement once for each row; return how many rows it met.

    All rows have the same names. The statement is one that its module keeps: it is made ready only once.
    """
    one = ready(statement, connection.dialect, rows[0])
    if len(rows) >= COPY_MIN_ROWS and set(one.keys) == rows[0].keys():
        copy = _copy(statement, connection.dialect, tuple(one.keys))
        if copy is not None:
            return copy.run(connection, map(one.converted, rows))
    if len(rows) == 1:
        return execute(connection, one.sql, one.values(rows[0]))[1]
    return execute(connection, one.sql, list(map(one.values, rows)), many=True)[1]


@lru_cache(maxsize=128)
def _copy(statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> Copy | None:
    """Return how rows of these columns are streamed to the database, where they can be."""
    return copy_of(statement, dialect, names)
