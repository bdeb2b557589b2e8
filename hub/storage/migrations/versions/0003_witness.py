"""Witnessing: what we cosigned of other logs, evidence of forks, and what was said of our own log."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_ONLY_ADDED: Final = ("log_forks", "cosignatures", "timestamps")

_POSTGRESQL: Final = (
    """CREATE FUNCTION refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF NEW.size < OLD.size OR NEW.origin <> OLD.origin
            OR (NEW.size = OLD.size AND NEW.root <> OLD.root) THEN
           RAISE EXCEPTION 'what was cosigned is replaced only by what continues it';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER witnessed_logs_grow BEFORE UPDATE ON witnessed_logs
       FOR EACH ROW EXECUTE FUNCTION refuse_shrinking()""",
    """CREATE TRIGGER witnessed_logs_stay BEFORE DELETE OR TRUNCATE ON witnessed_logs
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    *(
        f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
        for table in _ONLY_ADDED
    ),
)
_SQLITE: Final = (
    """CREATE TRIGGER witnessed_logs_grow BEFORE UPDATE ON witnessed_logs
       WHEN NEW.size < OLD.size OR NEW.origin <> OLD.origin
            OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
       BEGIN SELECT RAISE(ABORT, 'what was cosigned is replaced only by what continues it'); END""",
    """CREATE TRIGGER witnessed_logs_stay BEFORE DELETE ON witnessed_logs
       BEGIN SELECT RAISE(ABORT, 'what was cosigned is not forgotten'); END""",
    *(
        f"CREATE TRIGGER {table}_no_{change} BEFORE {change} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'evidence is only added, never changed'); END"
        for table in _ONLY_ADDED
        for change in ("update", "delete")
    ),
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "witnessed_logs",
        sa.Column("origin", sa.Text(), primary_key=True),
        sa.Column("origin_hash", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
    )
    op.create_index("witnessed_logs_by_hash", "witnessed_logs", ["origin_hash"], unique=True)
    op.create_table(
        "log_forks",
        sa.Column("number", POSITION, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("known", sa.LargeBinary(), nullable=False),
    )
    op.create_index("log_forks_by_checkpoint", "log_forks", ["origin", "kind", "size", "root"], unique=True)
    op.create_table(
        "cosignatures",
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("witness", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
    )
    op.create_table(
        "timestamps",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("tsa", sa.Text(), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["checkpoints.number"]),
    )
    op.create_index("timestamps_by_size", "timestamps", ["size", "number"])
    op.create_table(
        "witness_states",
        sa.Column("witness", sa.Text(), primary_key=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("cosigned_at", sa.BigInteger()),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("code", sa.Text()),
        sa.Column("sentence", sa.Text()),
    )
    op.create_table(
        "quorum_state",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("met_at", sa.BigInteger()),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("missing_since", sa.BigInteger()),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("alarm", sa.Text()),
        sa.Column("worker", sa.Text()),
        sa.Column("leased_until", sa.BigInteger()),
    )
    op.execute("INSERT INTO quorum_state (id, number, size, missing) VALUES (1, 0, 0, '[]')")
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
