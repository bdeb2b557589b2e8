"""Rows that are only added, brought to PostgreSQL as one binary stream: COPY, within the transaction.

The server parses and plans nothing for each row, and answers once. Constraints and triggers hold as they do
for INSERT, and a row that one of them refuses fails the whole stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Insert, Table, insert
from sqlalchemy.exc import DBAPIError

#: Fewer rows are not worth the two further answers of the server.
COPY_MIN_ROWS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Copy:
    """The statement that opens a stream of rows for some columns, and their types in this order."""

    sql: str
    types: Sequence[str]

    def run(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Send rows, whose values are as the driver takes them; return how many were stored."""
        driver: Any = connection.connection.driver_connection
        errors: Any = connection.dialect.loaded_dbapi.Error
        try:
            with driver.cursor() as cursor:
                with cursor.copy(self.sql) as stream:
                    stream.set_types(self.types)
                    for row in rows:
                        stream.write_row(row)
                stored: int = cursor.rowcount
                return stored
        except errors as error:
            raise DBAPIError.instance(self.sql, None, error, errors, hide_parameters=True) from None


def copy_of(statement: object, dialect: Dialect, names: Sequence[str]) -> Copy | None:
    """Return how rows of these columns are streamed; None for what is not a plain INSERT on PostgreSQL."""
    if dialect.name != "postgresql" or not isinstance(statement, Insert):
        return None
    table = statement.table
    if not isinstance(table, Table) or _text(statement, dialect, names) != _text(
        insert(table), dialect, names
    ):
        return None
    columns = [table.c[name] for name in names]
    quote = dialect.identifier_preparer
    listed = ", ".join(map(quote.format_column, columns))
    return Copy(
        sql=f"COPY {quote.format_table(table)} ({listed}) FROM STDIN (FORMAT BINARY)",
        types=[column.type.compile(dialect=dialect).lower() for column in columns],
    )


def _text(statement: Insert, dialect: Dialect, names: Sequence[str]) -> str:
    return statement.compile(dialect=dialect, column_keys=sorted(names), for_executemany=True).string
