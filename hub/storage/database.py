"""Connections: what each database must be told so that a commit lasts and nobody waits for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from hub.errors import OurFault
from hub.storage.fairness import FairLock
from hub.storage.faults import DATABASE_ERRORS, fault
from hub.storage.ready import execute

#: How long one waits for a lock, a connection or another process before giving up.
WAIT_S: Final = 20
_IDLE_IN_TRANSACTION_S: Final = 30
_CONNECT_S: Final = 10
_CONNECTIONS: Final = 32

_SQLITE: Final = (
    f"PRAGMA busy_timeout = {WAIT_S * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL forgets acknowledged commits when the power fails
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # or INSERT OR REPLACE would delete without asking them
    "PRAGMA secure_delete = ON",  # an erased key does not stay behind in a free page
    "PRAGMA cache_size = -16384",
    "PRAGMA journal_size_limit = 67108864",
)
# A stronger synchronous_commit that the database's operator has set is left alone.
_POSTGRESQL: Final = (
    """SELECT set_config('synchronous_commit', 'on', false)
       WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')""",
    f"SET idle_in_transaction_session_timeout = '{_IDLE_IN_TRANSACTION_S}s'",
    f"SET lock_timeout = '{WAIT_S}s'",
)


class Database(Protocol):
    """A source of transactions; each ends, rolled back unless committed, with its block."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that may change things."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction on one snapshot, never waiting for writers."""
        ...

    def close(self) -> None:
        """Close all connections that are not in use."""
        ...


def connect(url: str, *, create: bool) -> Database:
    """Return the database that a URL names; raise OurFault `config-invalid` when it names none of ours."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        raise OurFault(
            "config-invalid", "The database is not given as a URL such as sqlite:///FILE."
        ) from None
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return SqliteDatabase(Path(parsed.database), create=create)
    if backend == "postgresql":
        return PostgresqlDatabase(parsed)
    raise OurFault(
        "config-invalid",
        f"The database is sqlite:///FILE or postgresql://USER@HOST/NAME, not {backend} without a file.",
    )


class SqliteDatabase:
    """One file, one writing process. Threads take turns; other processes, as commands are, wait for a gap."""

    def __init__(self, path: Path, *, create: bool) -> None:
        if create:
            _make_private(path)
        elif not path.is_file():
            raise OurFault("config-invalid", f"There is no database {path}; restore it from its backup.")
        self._turn = FairLock()
        self._writer = _sqlite(path, pool_size=1, max_overflow=0)
        self._reader = _sqlite(path, pool_size=4, max_overflow=_CONNECTIONS - 4)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that holds the write lock from its start."""
        if not self._turn.acquire(WAIT_S):
            raise OurFault("storage-unavailable", f"Other changes kept the database for {WAIT_S} seconds.")
        try:
            with _transaction(self._writer, "BEGIN IMMEDIATE") as connection:
                yield connection
        finally:
            self._turn.release()

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction on one snapshot."""
        return _transaction(self._reader, "BEGIN")

    def close(self) -> None:
        """Close all connections; the last one folds the log into the file."""
        self._reader.dispose()
        self._writer.dispose()


class PostgresqlDatabase:
    """A server; any number of processes."""

    def __init__(self, url: URL) -> None:
        self._writer = create_engine(
            url.set(drivername="postgresql+psycopg").update_query_dict(
                {"application_name": "hub", "connect_timeout": str(_CONNECT_S), **url.query}
            ),
            hide_parameters=True,
            pool_size=8,
            max_overflow=_CONNECTIONS - 8,
            pool_timeout=WAIT_S,
            pool_pre_ping=True,  # after a restart or failover old connections are dead
        )
        event.listen(self._writer, "connect", _prepare_postgresql)
        self._reader = self._writer.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def writing(self) -> AbstractContextManager[Connection]:
        """Begin a transaction in which each statement sees what was committed before it."""
        return _transaction(self._writer)

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction on one snapshot."""
        return _transaction(self._reader)

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()


@contextmanager
def _transaction(engine: Engine, begin: str | None = None) -> Iterator[Connection]:
    """Begin, in these words where the driver has none; at the end roll back what was not committed."""
    connection = None
    try:
        connection = engine.connect()
        connection.begin()
        if begin is not None:
            execute(connection, begin, ())
    except DATABASE_ERRORS as error:
        if connection is not None:
            connection.close()
        raise fault(error) from None
    try:
        yield connection
    except DATABASE_ERRORS as error:
        raise fault(error) from None
    finally:
        with suppress(*DATABASE_ERRORS):  # it broke before it could roll back: the database does so itself
            connection.close()


def _make_private(path: Path) -> None:
    """Make an empty file that its owner alone may read, unless there is one."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise OurFault("config-invalid", f"The database {path} cannot be made: {error.strerror}.") from None


def _sqlite(path: Path, **pool: Any) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, hide_parameters=True, pool_timeout=WAIT_S, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver's own comes too late
    for pragma in _SQLITE:
        connection.execute(pragma)


def _prepare_postgresql(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        for setting in _POSTGRESQL:
            cursor.execute(setting)
    connection.commit()
