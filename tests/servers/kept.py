"""A database of PostgreSQL that tests use one after another; each finds it as it was made."""

from __future__ import annotations

import psycopg

_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


class KeptDatabase:
    """One database whose rows are put back between tests: to make a new one takes many times as long.

    Rows are all that is put back. A test that changes tables or triggers wants a database of its own.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        # Like its administrator, past the triggers that keep a log and past references.
        connection.execute("SET session_replication_role = replica")
        self._tables = [name for (name,) in connection.execute(_TABLES)]
        self.keep()
        self._filled = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in self._tables
        )
        assert connection.execute("SELECT FROM pg_sequences").fetchone() is None

    def keep(self) -> None:
        """Keep the rows as they are now."""
        self._rows = {name: rows for name in self._tables if (rows := self._copy(name))}

    def put_back(self) -> None:
        """Make the rows what they were; a transaction that was left open is ended with its session."""
        self._connection.execute(_END_OTHERS)
        filled = [name for (name,) in self._connection.execute(self._filled)]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("; ".join(f"DELETE FROM {name}" for name in filled))
            for name, rows in self._rows.items():
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(rows)

    def _copy(self, table: str) -> bytes:
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
            return b"".join(copy)
