"""The version of the tables: brought up by migrations, and refused when it is not the one this code knows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from hub.errors import OurFault
from hub.storage.database import Database

#: The newest migration.
VERSION: Final = "0027"

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(7305803105)")


def bring_up(database: Database) -> None:
    """Run the migrations that are missing, all in one transaction, one process at a time."""
    with database.reading() as connection:
        if _version(connection) == VERSION:
            return
    from alembic import command  # here, because it is slow to load and seldom needed
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_ONE_AT_A_TIME)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if _version(connection) not in known | {None}:
            check(connection)  # says which version it is
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def check(connection: Connection) -> None:
    """Raise OurFault `config-invalid` unless the tables are of the version that this code knows."""
    version = _version(connection)
    if version is None:
        raise OurFault("config-invalid", "The database holds no hub; `hub init` makes its tables.")
    if version != VERSION:
        raise OurFault(
            "config-invalid",
            f"The database is of version {version} and this hub knows version {VERSION}: "
            "use the hub that made it, or start `hub serve` of this one, which upgrades it.",
        )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
