"""Stores that tests use one after another: opened once, and each time as if they were new.

A store that has been used knows its statements: to compile these for each test takes longer than what most
tests do.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy.pool import QueuePool

from hub.ports import Store, UnitOfWork, View
from hub.storage.database import Database, PostgresqlDatabase, connect
from hub.storage.store import SqlStore
from tests.servers.kept import KeptDatabase
from tests.servers.postgres import PostgresServer

#: Connections that a store keeps; the server has a hundred for all of them.
_KEPT = 2


class Lent(SqlStore):
    """A store for one test. When that is over it opens nothing, whichever thread still holds it.

    A few connections to a server are kept for the next test: a new one has read nothing of the tables yet.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.database = database
        self._over = False

    @contextmanager
    def work(self) -> Iterator[UnitOfWork]:
        """Open a unit of work."""
        self._refuse_late()
        with super().work() as work:
            yield work

    @contextmanager
    def read(self) -> Iterator[View]:
        """Open a snapshot to read from."""
        self._refuse_late()
        with super().read() as view:
            yield view

    def close(self) -> None:
        """Close all connections, but for a few to a server."""
        if not isinstance(self.database, PostgresqlDatabase) or _idle(self.database) > _KEPT:
            super().close()

    def again(self) -> Lent:
        """Return the store for another test; no connection to a file serves it that is open now."""
        self.end()
        return Lent(self.database)

    def end(self) -> None:
        """Open nothing any more."""
        self._over = True
        self.close()

    def _refuse_late(self) -> None:
        if self._over:
            raise RuntimeError("a thread asks for the store of a test that is over")


def _idle(database: PostgresqlDatabase) -> int:
    pool = database._writer.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedin()


@dataclass(kw_only=True)
class StorePool:
    """Stores of SQLite; one that is closed opens its file anew when it is used again."""

    template: Path
    folder: Path
    stores: list[Lent] = field(default_factory=list)

    def fresh(self, number: int) -> Store:
        """Return the store of this number, closed, over a fresh file."""
        path, kept = self.folder / f"{number}.sqlite3", self.folder / f"{number}.kept"
        if number < len(self.stores):
            self.stores[number].end()
        for left in self.folder.glob(f"{number}.sqlite3*"):
            left.unlink()  # what a test left open keeps its own file, and reads nothing of this one
        shutil.copy(kept if kept.exists() else self.template, path)
        if number == len(self.stores):
            self.stores.append(Lent(connect(f"sqlite:///{path}", create=False)))
        self.stores[number] = self.stores[number].again()
        return self.stores[number]

    def keep(self) -> None:
        """From now on hand the stores out, of which none may be in use, with what is in them now."""
        for number, store in enumerate(self.stores):
            store.close()
            shutil.copy(self.folder / f"{number}.sqlite3", self.folder / f"{number}.kept")


@dataclass(kw_only=True)
class PostgresPool:
    """Stores of PostgreSQL, each over a database whose rows are put back."""

    server: PostgresServer
    stores: list[Lent] = field(default_factory=list)
    _databases: list[KeptDatabase] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    def fresh(self, number: int) -> Store:
        """Return the store of this number with what a new one has, or what was kept."""
        if number == len(self.stores):
            url = self._open.enter_context(self.server.database())
            connection = psycopg.connect(url, autocommit=True)
            self._open.callback(connection.close)
            self._databases.append(KeptDatabase(connection))
            database = connect(url, create=False)
            self._open.callback(database.close)
            self.stores.append(Lent(database))
        else:
            self.stores[number] = self.stores[number].again()
            self._databases[number].put_back()
        return self.stores[number]

    def keep(self) -> None:
        """From now on hand the stores out with what is in them now."""
        for database in self._databases:
            database.keep()

    def close(self) -> None:
        """Close the stores and drop their databases."""
        self._open.close()
