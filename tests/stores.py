"""Stores that tests use one after another: opened once, and each time as if they were new.

A store that has been used knows its statements: to compile these for each test takes longer than what most
tests do.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from hub.ports import Store
from hub.storage import open_store
from tests.servers.kept import KeptDatabase
from tests.servers.postgres import PostgresServer


@dataclass(kw_only=True)
class StorePool:
    """Stores of SQLite; one that is closed opens its file anew when it is used again."""

    template: Path
    folder: Path
    stores: list[Store] = field(default_factory=list)

    def fresh(self, number: int) -> Store:
        """Return the store of this number, closed, over a fresh file."""
        path, kept = self.folder / f"{number}.sqlite3", self.folder / f"{number}.kept"
        for left in self.folder.glob(f"{number}.sqlite3*"):
            left.unlink()  # what a test left open keeps its own file, and reads nothing of this one
        shutil.copy(kept if kept.exists() else self.template, path)
        if number == len(self.stores):
            self.stores.append(open_store(f"sqlite:///{path}"))
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
    stores: list[Store] = field(default_factory=list)
    _databases: list[KeptDatabase] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    def fresh(self, number: int) -> Store:
        """Return the store of this number with what a new one has, or what was kept."""
        if number == len(self.stores):
            url = self._open.enter_context(self.server.database())
            connection = psycopg.connect(url, autocommit=True)
            self._open.callback(connection.close)
            self._databases.append(KeptDatabase(connection))
            self.stores.append(open_store(url))
            self._open.callback(self.stores[number].close)
        else:
            self._databases[number].put_back()
        return self.stores[number]

    def keep(self) -> None:
        """From now on hand the stores out with what is in them now."""
        for database in self._databases:
            database.keep()

    def close(self) -> None:
        """Close the stores and drop their databases."""
        self._open.close()
