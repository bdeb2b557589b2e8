"""One transaction: runs statements, gives positions, and tells whether state changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Executable, Select, Table, bindparam, select, update

from hub.errors import OurFault
from hub.storage import ready
from hub.storage.bulk import run_many
from hub.storage.faults import DATABASE_ERRORS, fault
from hub.storage.tables import counters

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Kind = TypeVar("Kind")

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})

_TAKE: Final = (
    update(counters)
    .where(counters.c.name == "position")
    .values(value=counters.c.value + bindparam("count"))
    .returning(counters.c.value)
)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A query in two forms, made once: for views, and for units of work that keep the row from others."""

    plain: Select[Any]
    locking: Select[Any]


def kept(query: Select[Any]) -> Kept:
    """Return both forms of a query. The lock lets others store what refers to the row."""
    return Kept(plain=query, locking=query.with_for_update(key_share=True))


class Session:
    """A transaction on one connection.

    Positions come from one row that stays locked from the first `take` to the end, so whoever sees a
    position has seen, or never will see, every lower one. Units of work take them last, all at once.
    After a failed statement nothing more is done: on no database can half a change be committed.
    """

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self.writes = writes
        self._next = 0
        self._left = 0
        self._locked = False
        self._over = False
        self._first: list[Callable[[], None]] = []
        self.changed = False

    @property
    def on_sqlite(self) -> bool:
        """Tell whether the database is SQLite, where a writer is alone."""
        return self._connection.dialect.name == "sqlite"

    def change(self, *, audited: bool = True) -> None:
        """Note that state is about to change; bookkeeping says `audited=False`."""
        if not self.writes:
            raise OurFault("internal", "This view only reads; a unit of work changes things.")
        self.check_open()
        self.changed = self.changed or audited

    def rows(self, statement: Executable, parameters: Parameters = _NONE) -> Sequence[Any]:
        """Run a statement that its module keeps, and return all its rows, read by name or by place."""
        if isinstance(parameters, Mapping):
            return self._do(ready.rows, statement, parameters)
        if len(parameters) == 1:
            return self._do(ready.rows, statement, parameters[0])
        return self._do(_all, statement, parameters)

    def built(self, query: Select[Any]) -> Sequence[Any]:
        """Run a query that was put together for this one call, and return all its rows."""
        return self._do(_all, query)

    def row(self, statement: Executable, parameters: Parameters = _NONE) -> Any | None:
        """Run a statement and return its first row."""
        found = self.rows(statement, parameters)
        return found[0] if found else None

    def kept_row(self, query: Kept, parameters: Parameters) -> Any | None:
        """Return a query's first row; in a unit of work others cannot change it until the end."""
        found = self.kept_rows(query, parameters)
        return found[0] if found else None

    def kept_rows(self, query: Kept, parameters: Parameters) -> Sequence[Any]:
        """Return a query's rows; in a unit of work others cannot change them until the end."""
        return self.rows(query.locking if self.writes else query.plain, parameters)

    def run(self, statement: Executable, parameters: Parameters = _NONE) -> int:
        """Run a statement that its module keeps, once for each of several parameter sets.

        Return how many rows an UPDATE or DELETE met; an INSERT says with RETURNING what it stored.
        """
        if isinstance(parameters, Mapping):
            return self._do(ready.count, statement, parameters)
        return self._do(run_many, statement, parameters)

    def goes_first(self, flush: Callable[[], None]) -> None:
        """Have rows written before others: those that others refer to, or that may wait for another unit."""
        self._first.append(flush)

    def write_first(self) -> None:
        """Write what goes first."""
        for flush in self._first:
            flush()

    def take(self, count: int) -> int:
        """Return the first of `count` new positions."""
        self.write_first()
        if count > self._left:
            self.reserve(count - self._left)
        first = self._next
        self._next += count
        self._left -= count
        return first

    def reserve(self, count: int) -> None:
        """Ask the database for positions that later calls of `take` hand out."""
        last = self.rows(_TAKE, {"count": count})[0][0]
        if not self._left:  # else the new ones follow those that are left: nobody came between
            self._next = last - count + 1
        self._left += count
        self._locked = True

    def lock(self) -> None:
        """Keep every other unit of work from its commit step until this one ends."""
        self.write_first()
        if not self._locked:
            self.reserve(0)

    def commit(self) -> None:
        """Commit durably and end the transaction."""
        self.check_open()
        self._over = True
        try:
            self._connection.commit()
        except DATABASE_ERRORS as error:
            raise fault(error) from None

    def _do(self, run: Callable[..., Kind], *told: Any) -> Kind:
        """Run a statement; after a failure nothing more is done here."""
        self.check_open()
        try:
            return run(self._connection, *told)
        except DATABASE_ERRORS as error:
            self._over = True
            raise fault(error) from None

    def check_open(self) -> None:
        """Raise OurFault `internal` when nothing can be done here any more."""
        if self._over:
            raise OurFault("internal", "This unit of work was committed or has failed; open another.")


def _all(connection: Connection, statement: Executable, *parameters: Any) -> Sequence[Any]:
    """Run a statement by way of SQLAlchemy and return all its rows."""
    return connection.execute(statement, *parameters).all()


class Shape(Generic[Kind]):
    """How rows of one kind are read: of some tables, the first column that bears the name of each field."""

    def __init__(self, kind: type[Kind], *tables: Table) -> None:
        self._kind = kind
        self._names = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
        self.columns = tuple(
            next(table.c[name] for table in tables if name in table.c) for name in self._names
        )

    def select(self) -> Select[Any]:
        """Return a query for whole rows, to be narrowed."""
        return select(*self.columns)

    def load(self, rows: Iterable[Sequence[Any]]) -> list[Kind]:
        """Return the rows as what they hold."""
        names, kind, made = self._names, self._kind, []
        for row in rows:
            # As its own constructor would, which goes field by field for it is frozen.
            one = object.__new__(kind)
            one.__dict__.update(zip(names, row, strict=True))
            made.append(one)
        return made

    def load_one(self, row: Sequence[Any] | None) -> Kind | None:
        """Return the row as what it holds, if there is one."""
        return None if row is None else self.load((row,))[0]
