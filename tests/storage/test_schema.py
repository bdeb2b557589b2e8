from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import hub.storage
from hub.audit.leaves import leaf_entry
from hub.errors import HubError
from hub.ports import Store
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id
from hub.storage import open_store, schema, upgrade
from hub.storage.database import connect
from hub.storage.events import dump_event
from hub.storage.tables import METADATA
from tests.servers.postgres import PostgresServer
from tests.storage import rows


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def]
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.sqlite3'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.database(empty=True) as url:
            yield url


def _tell_version(url: str, version: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    engine.dispose()


def _make_version(url: str, revision: str) -> None:
    """Make the tables as the hub of an older version made them."""
    config = Config()
    config.set_main_option("script_location", str(Path(hub.storage.__file__).with_name("migrations")))
    database = connect(url, create=True)
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    database.close()


def test_migrations_make_the_tables_that_the_code_knows(database_url: str) -> None:
    engine = sqlalchemy.create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        made = sqlalchemy.inspect(connection)
        for table in METADATA.tables.values():
            partial = {
                index["name"]: index["dialect_options"]
                for index in made.get_indexes(table.name)
                if index.get("dialect_options")
            }
            told = {str(i.name) for i in table.indexes if i.dialect_options["sqlite"]["where"] is not None}
            with_condition = {
                name for name, options in partial.items() if any(key.endswith("_where") for key in options)
            }
            assert with_condition == told
            assert len(made.get_foreign_keys(table.name)) == len(table.foreign_key_constraints)
    engine.dispose()


def test_the_version_in_the_code_is_that_of_the_newest_migration() -> None:
    folder = Path(hub.storage.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [schema.VERSION]


def test_a_new_database_is_made_and_opens_again(empty_url: str) -> None:
    first = open_store(empty_url, create=True)
    with rows.audited(first):
        pass
    first.close()
    again = open_store(empty_url, create=True)
    with again.read() as view:
        assert len(view.events(after=0, limit=9)) == 1
    again.close()


def test_a_database_without_tables_does_not_open(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).touch()
    with pytest.raises(HubError) as failed:
        open_store(empty_url)
    assert failed.value.code == "config-invalid"
    upgrade(empty_url)
    open_store(empty_url).close()


@pytest.mark.parametrize("create", [False, True])
def test_a_database_of_an_unknown_version_does_not_open(database_url: str, create: bool) -> None:
    _tell_version(database_url, "9999")
    with pytest.raises(HubError) as failed:
        open_store(database_url, create=create)
    assert failed.value.code == "config-invalid"
    assert "9999" in failed.value.sentence


@pytest.mark.parametrize(
    "url",
    ["", "hub.sqlite3", "sqlite://", "sqlite:///:memory:", "mysql://u@h/d", "sqlite:////no/such/hub.sqlite3"],
)
def test_what_is_no_database_of_ours_does_not_open(url: str) -> None:
    with pytest.raises(HubError) as failed:
        open_store(url)
    assert failed.value.code == "config-invalid"


def test_a_folder_that_is_not_there_takes_no_new_database(tmp_path: Path) -> None:
    with pytest.raises(HubError) as failed:
        open_store(f"sqlite:///{tmp_path / 'none' / 'hub.sqlite3'}", create=True)
    assert failed.value.code == "config-invalid"


def test_a_server_that_does_not_answer_is_a_failure_of_storage_and_shows_no_password() -> None:
    with pytest.raises(HubError) as failed:
        open_store("postgresql://hub:geheim@127.0.0.1:1/hub")
    assert failed.value.code == "storage-unavailable"
    assert "geheim" not in str(failed.value)


def test_only_the_owner_may_read_a_new_database(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    store = open_store(f"sqlite:///{path}", create=True)
    with rows.audited(store):
        pass
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    store.close()


@pytest.mark.slow
def test_processes_that_make_the_same_database_at_once_all_get_it(empty_url: str) -> None:
    program = "import sys; from hub.storage import open_store; open_store(sys.argv[1], create=True).close()"
    root = Path(__file__).parents[2]
    makers = [subprocess.Popen([sys.executable, "-c", program, empty_url], cwd=root) for _ in range(3)]
    assert [maker.wait() for maker in makers] == [0, 0, 0]
    open_store(empty_url).close()


def test_commits_are_as_durable_as_the_database_can(store: Store, database_url: str) -> None:
    with store.work() as work:
        connection = work._session._connection  # type: ignore[attr-defined]
        if database_url.startswith("sqlite"):
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        else:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
            assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "30s"


def test_events_of_a_hub_made_before_the_log_get_a_salt_and_a_leaf(empty_url: str) -> None:
    before = [
        rows.event(justification="Іс № 7", details={"a": "1"}, salt=None),
        rows.event(actor=Actor(kind=ActorKind.HUB, id="kz-knb", agency="kz-knb"), salt=None),
    ]
    _make_version(empty_url, "0001")
    engine = sqlalchemy.create_engine(empty_url)
    add = sqlalchemy.text("INSERT INTO events VALUES (:position, :event_id, :at, :act, :subject, :event)")
    with engine.begin() as connection:
        for position, event in enumerate(before, 7):
            public = json.loads(dump_event(event)[0])
            if event.justification is not None:
                public["justification"] = event.justification
            connection.execute(
                add,
                {
                    "position": position,
                    "event_id": event.event_id,
                    "at": 0,
                    "act": event.act.value,
                    "subject": event.subject,
                    "event": json.dumps(public),
                },
            )
    engine.dispose()
    with pytest.raises(HubError) as failed:
        open_store(empty_url)
    assert "0001" in failed.value.sentence
    upgrade(empty_url)
    store = open_store(empty_url)
    with store.read() as view:
        found = view.events(after=0, limit=9)
        waiting = view.log.waiting(9)
    store.close()
    assert [position for position, _ in found] == [7, 8]
    assert [replace(event, salt=None) for _, event in found] == before
    assert [one.leaf for one in waiting] == [leaf_entry(event) for _, event in found]
    assert len({event.salt for _, event in found}) == 2


def test_what_is_of_the_known_version_is_upgraded_to_itself(database_url: str) -> None:
    upgrade(database_url)
    store = open_store(database_url)
    with store.read() as view:
        assert view.log.size() == 0
    store.close()


def test_what_is_on_its_way_in_a_hub_made_before_numbers_is_numbered_in_its_order(empty_url: str) -> None:
    _make_version(empty_url, "0003")
    engine = sqlalchemy.create_engine(empty_url)
    add = sqlalchemy.text(
        "INSERT INTO outbox (position, entry_id, lane, recipient, envelope_id, body_id, conversation,"
        " priority, state, created_at, next_at, expires_at, attempts, retries, hops, origin, attachments,"
        " head) VALUES (:position, :id, 'cis-atc', :recipient, :id, 'b', 'c', 'routine', :state, 0, 0, 0,"
        " 0, 0, '[]', :origin, '[]', true)"
    )
    told = [
        ("cis-atc", "accepted", None),
        ("cis-atc", "held", None),
        ("sco-rats", "pending", None),
        ("cis-atc", "pending", "kg-gknb"),
        ("cis-atc", "dead", None),
        ("sco-rats", "carried", None),
    ]
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text("INSERT INTO bodies (body_id, nonce, ciphertext) VALUES ('b', :n, :n)"),
            {"n": b"n"},
        )
        for position, (recipient, state, origin) in enumerate(told, 1):
            values = {"position": position, "id": new_id(), "recipient": recipient, "state": state}
            connection.execute(add, {**values, "origin": origin})
    engine.dispose()
    upgrade(empty_url)
    store = open_store(empty_url)
    with store.read() as view:
        numbers = [entry.number for entry in view.outbox.page(after=0, limit=9)]
        last = [view.books.last_sent(to) for to in ("cis-atc", "sco-rats")]
    store.close()
    assert numbers == [None, 1, 1, None, 2, 2]
    assert last == [2, 2]
