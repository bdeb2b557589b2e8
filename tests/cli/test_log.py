"""The log is looked at and checked from the machine's console; a check that was broken off goes on."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.audit.notes import NoteKey
from hub.bootstrap.opening import open_hub
from hub.exchange.log.keeper import LogKeeper
from hub.exchange.log.places import Place, dump_place
from tests.cli.walk import hub, json_of, refused


def keep_log(home: Path) -> None:
    with open_hub(home) as opened:
        LogKeeper(opened.broker, opened.config.log_dir).take_turn(at_once=True)


@pytest.fixture
def home(homes: Path) -> Path:
    """A home with a log that was signed and published."""
    keep_log(homes / "kz-knb")
    return homes / "kz-knb"


def tamper(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "hub.sqlite3", isolation_level=None)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)


def test_a_new_log_is_shown_as_it_stands(homes: Path) -> None:
    shown = json_of(hub("log", "show", "--json"))
    assert (shown["size"], shown["waiting"], shown["checkpoint"]) == (0, 1, None)


def test_a_log_is_shown_with_its_last_checkpoint_and_its_keys(home: Path) -> None:
    shown = json_of(hub("log", "show", "--json"))
    assert (shown["origin"], shown["size"], shown["waiting"]) == ("kz-knb/log", 1, 0)
    assert (shown["checkpoint"], shown["checkpoint_size"]) == (1, 1)
    assert {NoteKey.parse(key).name for key in shown["keys"]} == {"kz-knb/log"}
    assert "kz-knb/log+" in hub("log", "show").stdout


def test_a_whole_log_is_verified(home: Path) -> None:
    told = json_of(hub("log", "verify", "--json"))
    assert (told["verified"], told["from"], told["size"], told["checkpoints"]) == (True, 0, 1, 1)
    assert "is what was signed" in hub("log", "verify").stdout
    assert json_of(hub("log", "verify", "--from", "0", "--json"))["verified"] is True


def test_a_log_that_was_altered_is_not(home: Path) -> None:
    tamper(home, "UPDATE events SET event = replace(event, 'kz-knb', 'kz-mvd')")
    said = refused(hub("log", "verify"), "log-commitment-mismatch")
    assert "entry 0" in said
    assert "runbook" in said


def test_a_log_that_was_set_back_is_not(home: Path) -> None:
    shutil.copy(home / "hub.sqlite3", home / "backup")
    with open_hub(home) as opened:
        broker = opened.broker
        with broker.store.work() as work:
            work.stage([broker.event(Act.STARTED, broker.itself, "kz-knb", broker.clock.now())])
            work.commit()
    keep_log(home)
    shutil.copy(home / "backup", home / "hub.sqlite3")
    for left in ("hub.sqlite3-wal", "hub.sqlite3-shm"):
        (home / left).unlink(missing_ok=True)
    refused(hub("log", "verify"), "log-rolled-back")
    assert json_of(hub("log", "show", "--json"))["size"] == 1, "one can still look"


def test_published_files_that_were_altered_are_found(home: Path) -> None:
    (home / "log" / "checkpoint").write_bytes(b"nonsense\n")
    assert hub("log", "verify").exit_code != 0


def test_a_check_goes_on_where_it_was_broken_off_and_forgets_it_at_the_end(home: Path) -> None:
    first = json_of(hub("log", "verify", "--json"))
    remembered = home / "log" / ".verified-to"
    assert not remembered.exists()
    remembered.write_bytes(dump_place(Place(index=10_000)))
    assert json_of(hub("log", "verify", "--json")) == first, "another log's place is passed over"
    assert not remembered.exists()


def test_a_restored_backup_takes_its_entries_back_from_the_published_files(home: Path) -> None:
    shutil.copy(home / "hub.sqlite3", home / "backup")
    assert hub("agreement", "list").exit_code == 0
    with open_hub(home) as opened:
        broker = opened.broker
        with broker.store.work() as work:
            work.stage([broker.event(Act.STARTED, broker.itself, "kz-knb", broker.clock.now())])
            work.commit()
    keep_log(home)
    shutil.copy(home / "backup", home / "hub.sqlite3")
    refused(hub("log", "verify"), "log-rolled-back")
    refused(hub("log", "recover", "--reason", ""), "justification-missing")
    told = json_of(hub("log", "recover", "--reason", "backup of Sunday restored", "--json"))
    assert (told["before"], told["recovered"], told["size"]) == (1, 1, 2)
    keep_log(home)
    again = json_of(hub("log", "verify", "--json"))
    assert (again["size"], again["erased"]) == (3, 1)
    refused(hub("log", "recover", "--reason", "once more"), "conflict")
