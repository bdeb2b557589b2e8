"""Many rows by one statement: made ready once, without SQLAlchemy's bookkeeping for each row.

What a row holds goes through the same column types. Only what is the same for every row is done once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler

from hub.storage.copying import COPY_MIN_ROWS, Copy, copy_of


def run_many(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement once for each row; return how many rows it met.

    All rows have the same names. The statement is one that its module keeps: it is made ready only once.
    """
    ready = _ready(statement, connection.dialect, frozenset(rows[0]))
    if ready.copy is not None and len(rows) >= COPY_MIN_ROWS:
        return ready.copy.run(connection, map(ready.converted, rows))
    return connection.exec_driver_sql(ready.sql, [ready.values(row) for row in rows]).rowcount


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """A statement's text, and how a row becomes its parameters: what is read, added and converted."""

    sql: str
    names: Sequence[str]
    positional: bool
    read: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    fixed: Mapping[str, Any]
    conversions: Sequence[tuple[int, Callable[[Any], Any]]]
    copy: Copy | None

    def values(self, row: Mapping[str, Any]) -> Any:
        """Return a row's parameters in the form that the driver takes."""
        values = self.converted(row)
        return tuple(values) if self.positional else dict(zip(self.names, values, strict=True))

    def converted(self, row: Mapping[str, Any]) -> list[Any]:
        """Return a row's values, each as the driver takes it, in the order of the names."""
        values = list(self.read({**row, **self.fixed} if self.fixed else row))
        for place, convert in self.conversions:
            values[place] = convert(values[place])
        return values


@lru_cache(maxsize=128)
def _ready(statement: Any, dialect: Dialect, names: frozenset[str]) -> _Ready:
    compiled: SQLCompiler = statement.compile(
        dialect=dialect, column_keys=sorted(names), for_executemany=True
    )
    order = list(compiled.positiontup or compiled.binds)
    binds = [compiled.binds[name] for name in order]
    plain = set(order) == names
    processors = [bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in binds]
    return _Ready(
        sql=compiled.string,
        names=order,
        positional=compiled.positional,
        read=itemgetter(*(bind.key for bind in binds)),
        fixed={bind.key: bind.effective_value for bind in binds if bind.key not in names},
        conversions=[(n, convert) for n, convert in enumerate(processors) if convert is not None],
        copy=copy_of(statement, dialect, order) if plain else None,
    )
