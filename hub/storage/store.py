"""The database as `hub.ports.Store`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.ports import Store, UnitOfWork, View
from hub.storage import schema
from hub.storage.database import Database, connect
from hub.storage.session import Session
from hub.storage.unit import SqlUnitOfWork, SqlView


def open_store(url: str, *, create: bool = False) -> Store:
    """Open the database at an SQLAlchemy URL; `create` makes it first, or brings its tables up to date.

    Raises OurFault `config-invalid` when there is no hub's database or one of an unknown version.
    """
    database = connect(url, create=create)
    try:
        if create:
            schema.bring_up(database)
        with database.reading() as connection:
            schema.check(connection)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)


def upgrade(url: str) -> None:
    """Bring the tables of an existing database up to the version that this code knows."""
    database = connect(url, create=False)
    try:
        schema.bring_up(database)
    finally:
        database.close()


class SqlStore:
    """Implements `hub.ports.Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def work(self) -> Iterator[UnitOfWork]:
        """Open a unit of work; leaving the block without `commit` rolls back."""
        with self._database.writing() as connection:
            yield SqlUnitOfWork(Session(connection, writes=True))

    @contextmanager
    def read(self) -> Iterator[View]:
        """Open a snapshot to read from."""
        with self._database.reading() as connection:
            yield SqlView(Session(connection, writes=False))

    def close(self) -> None:
        """Close all connections."""
        self._database.close()
