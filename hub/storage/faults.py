"""What a database's failure means to the hub. No SQL, no values and no driver's words leave this room."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import exc

from hub.errors import HubError, OurFault, Refused

#: What SQLAlchemy raises when a statement, a commit or a connection fails.
DATABASE_ERRORS: Final = (exc.DBAPIError, exc.TimeoutError)

_THERE_ALREADY: Final = {
    "UniqueViolation",
    "SQLITE_CONSTRAINT_UNIQUE",
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_ROWID",
}
_MISUSED: Final = (exc.IntegrityError, exc.ProgrammingError, exc.DataError)


#: In words, what kept a database from doing its work, beside the name that its documentation uses.
_SAID: Final = {
    "SQLITE_BUSY": "another process holds it",
    "SQLITE_LOCKED": "another process holds it",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it may only be read",
    "SQLITE_IOERR": "its files could not be read or written",
    "SQLITE_CANTOPEN": "its files cannot be opened",
    "SQLITE_CORRUPT": "its file is damaged",
    "SQLITE_NOTADB": "its file is no database",
    "DiskFull": "the disk is full",
    "OperationalError": "the server cannot be reached, or it ended the connection",
    "TimeoutError": "all connections are in use",
    "LockNotAvailable": "another process holds it",
    "AdminShutdown": "the server is being stopped",
    "ReadOnlySqlTransaction": "it may only be read",
}


def fault(error: exc.SQLAlchemyError) -> HubError:
    """Return the failure that a database error stands for."""
    name = _name(error)
    if name in _THERE_ALREADY:
        return Refused(
            "conflict", "What was to be stored is there already; nothing of this change was stored."
        )
    if isinstance(error, _MISUSED):
        return OurFault("internal", f"The database was asked for what it does not take ({name}).")
    return OurFault(
        "storage-unavailable",
        f"The database could not do it now: {_said(name)}. A change is stored whole or not at all.",
    )


def _name(error: exc.SQLAlchemyError) -> str:
    """Return the driver's name for a failure, such as SQLITE_FULL or DiskFull."""
    origin = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorname", type(origin).__name__)
    return type(origin).__name__


def _said(name: str) -> str:
    """Return words for a driver's name of a failure; a name that SQLite documents is told with them."""
    known = next((name[:length] for length in range(len(name), 0, -1) if name[:length] in _SAID), None)
    told = _SAID.get(known or "", "its log says why")
    return f"{told} ({name})" if name.startswith("SQLITE_") else told
