"""The tables of witnessing: what we cosigned, what contradicted it, and what was said of our own log."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, LargeBinary, Table, Text

from hub.audit.witnessing import Contradiction
from hub.ports import Alarm
from hub.storage.columns import Choice, Moment, Position, Words
from hub.storage.tables import METADATA


def _text(name: str, *, key: bool = False, optional: bool = False) -> Column[Any]:
    return Column(name, Text, primary_key=key, nullable=optional)


def _number(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, BigInteger, primary_key=key, nullable=False, autoincrement=False)


def _bytes(name: str) -> Column[Any]:
    return Column(name, LargeBinary, nullable=False)


def _moment(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=optional)


#: One row a log, changed only forwards: a trigger refuses a smaller size, and deleting.
witnessed_logs: Final = Table(
    "witnessed_logs",
    METADATA,
    _text("origin", key=True),
    _text("origin_hash"),
    _text("agency"),
    _number("size"),
    _bytes("root"),
    _moment("at"),
    _bytes("note"),
    Index("witnessed_logs_by_hash", "origin_hash", unique=True),
)

#: Only ever added to, by a trigger; so are cosignatures and timestamps.
log_forks: Final = Table(
    "log_forks",
    METADATA,
    Column("number", Position, primary_key=True, autoincrement=False),
    _text("origin"),
    _number("size"),
    _bytes("root"),
    Column("kind", Choice(Contradiction), nullable=False),
    _text("reported_by"),
    _moment("at"),
    _bytes("request"),
    _bytes("known"),
    Index("log_forks_by_checkpoint", "origin", "kind", "size", "root", unique=True),
)

cosignatures: Final = Table(
    "cosignatures",
    METADATA,
    _number("size", key=True),
    _text("witness", key=True),
    _moment("at"),
    _text("lines"),
)

timestamps: Final = Table(
    "timestamps",
    METADATA,
    _number("number", key=True),
    _text("tsa", key=True),
    _number("size"),
    _moment("at"),
    _bytes("token"),
    Index("timestamps_by_size", "size", "number"),
    ForeignKeyConstraint(["number"], ["checkpoints.number"]),
)

witness_states: Final = Table(
    "witness_states",
    METADATA,
    _text("witness", key=True),
    _moment("asked_at"),
    _moment("cosigned_at", optional=True),
    _number("number"),
    _number("size"),
    _moment("failing_since", optional=True),
    _text("code", optional=True),
    _text("sentence", optional=True),
)

#: One row: how our log stands with its witnesses, and which worker asks them.
quorum_state: Final = Table(
    "quorum_state",
    METADATA,
    _number("id", key=True),
    _moment("met_at", optional=True),
    _number("number"),
    _number("size"),
    _moment("missing_since", optional=True),
    Column("missing", Words, nullable=False),
    Column("alarm", Choice(Alarm), nullable=True),
    _text("worker", optional=True),
    _moment("leased_until", optional=True),
)
