"""Statements made ready once: SQLAlchemy writes them, the driver runs them.

SQLAlchemy looks for a statement's text at each execution, by a key as large as the statement, and keeps books
for each result. The statements of this room stand in its modules: each is written once for a database, for
the names that it is given, and for how many values its lists have. What goes in and what comes out passes the
same column types.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

#: Statements that are kept ready, and those with lists once for each of their lengths.
_WRITTEN_MAX: Final = 1024
_READY_MAX: Final = 4096

Convert = Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A statement's text, and how what it is given becomes the driver's parameters, and a row what we read.

    `names` are the driver's, in its order, and `keys` where each value is found; `lists` has the keys of each
    value of a list, `fixed` values that stand in the statement itself.
    """

    sql: str
    names: Sequence[str]
    keys: Sequence[str]
    positional: bool
    lists: Mapping[str, Sequence[str]]
    fixed: Mapping[str, Any]
    conversions: Sequence[tuple[int, Convert]]
    row: Callable[[Sequence[Any]], Any]
    readings: Sequence[tuple[int, Convert]]

    def values(self, given: Mapping[str, Any]) -> Any:
        """Return the parameters in the form that the driver takes."""
        values = self.converted(given)
        return tuple(values) if self.positional else dict(zip(self.names, values, strict=True))

    def converted(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the values, each as the driver takes it, in its order."""
        if self.lists or self.fixed:
            given = self._spread(given)
        values = list(map(given.__getitem__, self.keys))
        for place, convert in self.conversions:
            values[place] = convert(values[place])
        return values

    def _spread(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        spread = {**given, **self.fixed}
        for name, keys in self.lists.items():
            spread.update(zip(keys, given[name], strict=True))
        return spread

    def read(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the driver's rows as named tuples."""
        if not self.readings:
            return list(map(self.row, found))
        read = list(map(list, found))
        for place, convert in self.readings:
            for values in read:
                values[place] = convert(values[place])
        return list(map(self.row, read))


def rows(connection: Connection, statement: Any, given: Mapping[str, Any]) -> list[Any]:
    """Run a statement that its module keeps, and return its rows."""
    one = ready(statement, connection.dialect, given)
    return one.read(execute(connection, one.sql, one.values(given))[0])


def count(connection: Connection, statement: Any, given: Mapping[str, Any]) -> int:
    """Run a statement that its module keeps, and return how many rows it met."""
    one = ready(statement, connection.dialect, given)
    return execute(connection, one.sql, one.values(given))[1]


def execute(
    connection: Connection, sql: str, values: Any, *, many: bool = False
) -> tuple[Sequence[Sequence[Any]], int]:
    """Run a text through the driver; return the rows that come back, and how many it met.

    With `many` it is run once for each of several values, and no rows come back.
    """
    errors: Any = connection.dialect.loaded_dbapi.Error
    cursor: Any = connection.connection.cursor()
    try:
        if many:
            cursor.executemany(sql, values)
        else:
            cursor.execute(sql, values)
        found = () if many or cursor.description is None else cursor.fetchall()
        return found, cursor.rowcount
    except errors as error:
        raise DBAPIError.instance(sql, None, error, errors, hide_parameters=True) from None
    finally:
        cursor.close()


def ready(statement: Any, dialect: Dialect, given: Mapping[str, Any]) -> Ready:
    """Return a statement, one that its module keeps, ready for what it is given."""
    written = _written(statement, dialect, frozenset(given))
    return _ready(written, tuple(len(given[name]) for name in written.lists))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Written:
    """A statement as SQLAlchemy wrote it for some names; `lists` are those of them that hold lists."""

    statement: Any
    compiled: SQLCompiler
    names: frozenset[str]
    lists: Sequence[str]


@lru_cache(maxsize=_WRITTEN_MAX)
def _written(statement: Any, dialect: Dialect, names: frozenset[str]) -> _Written:
    compiled: SQLCompiler = statement.compile(
        dialect=dialect, column_keys=sorted(names), for_executemany=True
    )
    lists = sorted(bind.key for bind in compiled.binds.values() if bind.expanding and bind.key in names)
    return _Written(statement=statement, compiled=compiled, names=names, lists=lists)


@lru_cache(maxsize=_READY_MAX)
def _ready(written: _Written, lengths: tuple[int, ...]) -> Ready:
    compiled, dialect = written.compiled, written.compiled.dialect
    example: dict[str, Any] = dict.fromkeys(written.names)
    example |= {name: [None] * length for name, length in zip(written.lists, lengths, strict=True)}
    state = compiled.construct_expanded_state(example)
    expanded = {compiled.binds[name]: ones for name, ones in state.parameter_expansion.items()}
    binds = dict(compiled.binds) | {one: bind for bind, ones in expanded.items() for one in ones}
    names = list(state.positiontup or () if compiled.positional else state.parameters)
    keys = [name if binds[name].expanding else binds[name].key for name in names]
    converts = [binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    columns = list(getattr(written.statement, "exported_columns", ()))
    readings = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    return Ready(
        sql=state.statement,
        names=names,
        keys=keys,
        positional=compiled.positional,
        lists={bind.key: ones for bind, ones in expanded.items() if bind.key in written.names},
        fixed={
            key: state.parameters[name]
            for key, name in zip(keys, names, strict=True)
            if binds[name].key not in written.names
        },
        conversions=_not_none(converts),
        row=_row(tuple(str(column.key) for column in columns)),
        readings=_not_none(readings),
    )


def _not_none(converts: Sequence[Convert | None]) -> Sequence[tuple[int, Convert]]:
    return [(place, convert) for place, convert in enumerate(converts) if convert is not None]


@lru_cache(maxsize=_WRITTEN_MAX)
def _row(names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a row of its values; without names it is a plain tuple."""
    named: Any = namedtuple
    return named("Row", names, rename=True)._make if names else tuple
