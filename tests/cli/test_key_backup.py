"""All keys are lost, three of five custodians come together, and the hub goes on."""

from __future__ import annotations

import json
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.storage import open_store
from keys.shares import read_share
from tests.cli.conftest import Moving, Officers
from tests.cli.test_record import file
from tests.cli.walk import hub, json_of, refused

__all__ = ["file"]

FOUR = ["--custodian", "x"] * 4


def backed_up(folder: Path, home: Path, *more: str) -> Path:
    told = hub(
        "key", "backup", "-o", str(folder), "--shares", "5", "--threshold", "3", "--home", str(home), *more
    )
    assert told.exit_code == 0, told.output
    return folder / f"{home.name}.keys"


def pages(folder: Path, *numbers: int) -> list[str]:
    return [word for n in numbers for word in ("--share", str(folder / f"share-{n}-of-5.txt"))]


def steps(home: Path) -> list[str]:
    store = open_store(f"sqlite:///{home / 'hub.sqlite3'}")
    with store.read() as view:
        events = [event for _position, event in view.events(after=0, limit=999)]
    store.close()
    return [event.details["step"] for event in events if event.act is Act.KEY_CHANGED]


def test_lost_keys_come_back_and_the_hub_opens_its_records_and_goes_on(
    paired: Path, officers: Officers, file: Path, tmp_path: Path
) -> None:
    home = paired / "kz-knb"
    before = json_of(officers.act("aigul", "record", "draft", str(file), "--to", "cis-atc", "--json"))
    backup = backed_up(tmp_path / "backup", home)
    shutil.rmtree(home / "keys")
    (home / "unlock").unlink()
    refused(hub("log", "show"), "key-store-invalid")
    told = json_of(hub("key", "restore", str(backup), *pages(tmp_path / "backup", 5, 1, 3), "--json"))
    assert (told["agency"], told["restored"], told["keys"]) == ("kz-knb", True, 11)
    shown = officers.act(
        "bolat", "record", "read", before["record_id"], "--why", "before the release", "--json"
    )
    assert before["record_id"] in json.dumps(json_of(shown))
    json_of(
        officers.act(
            "bolat",
            "record",
            "release",
            before["record_id"],
            "--digest",
            before["digest"],
            "--to",
            "cis-atc",
            "--json",
        )
    )
    assert json_of(hub("log", "verify", "--json"))["verified"] is True
    assert steps(home)[-2:] == ["keys-backed-up", "keys-restored"]
    assert not (home / "keys" / "restored.json").exists()


def test_a_key_that_was_given_up_since_is_given_up_again(paired: Path, tmp_path: Path, clock: Moving) -> None:
    home = paired / "kz-knb"
    backup = backed_up(tmp_path / "backup", home)
    for purpose in ("sign-es256", "witness-ed25519", "tls-authority", "tls-leaf"):
        assert hub("key", "compromise", purpose, "--why", "seen on a screen").exit_code == 0
    given_up = compromised()
    assert len(given_up) == 4
    clock.pass_()
    told = hub("key", "restore", str(backup), *pages(tmp_path / "backup", 1, 2, 3), "--replace")
    assert told.exit_code == 0, told.output
    assert compromised() == given_up
    assert steps(home).count("key-compromised") == 8
    assert json_of(hub("log", "verify", "--json"))["verified"] is True


def compromised() -> set[str]:
    return {
        one["id"] for one in json_of(hub("key", "list", "--json"))["keys"] if one["state"] == "compromised"
    }


def test_a_new_home_gets_everything_but_the_database(paired: Path, tmp_path: Path) -> None:
    home, fresh = paired / "kz-knb", tmp_path / "elsewhere"
    backup = backed_up(tmp_path / "backup", home)
    there = ("--home", str(fresh))
    restored = hub("key", "restore", str(backup), *pages(tmp_path / "backup", 1, 2, 4), *there)
    assert restored.exit_code == 0
    assert "(once the database is in its place)" in restored.stdout
    assert "restore it from its backup" in refused(hub("log", "verify", *there), "config-invalid")
    for name in ("unlock", "hub.toml"):
        assert (fresh / name).read_bytes() == (home / name).read_bytes()
        assert stat.S_IMODE((fresh / name).stat().st_mode) == 0o600
    assert (fresh / "keys" / "restored.json").exists()  # the log learns it at the first start
    shutil.copy(home / "hub.sqlite3", fresh / "hub.sqlite3")
    assert json_of(hub("log", "verify", "--home", str(fresh), "--json"))["verified"] is True


def test_pages_are_for_their_custodians_alone(homes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    backed_up(folder, homes / "kz-knb", "--custodian", "Айгүл", "--custodian", "Bolat")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert sorted(path.name for path in folder.iterdir()) == [
        "inventory.txt",
        "kz-knb.keys",
        *(f"share-{number}-of-5.txt" for number in range(1, 6)),
    ]
    assert "Custodian  Айгүл" in (folder / "share-1-of-5.txt").read_text()
    assert "____" in (folder / "share-3-of-5.txt").read_text()
    listed = (folder / "inventory.txt").read_text()
    assert "any 3 of 5" in listed
    assert "log-ml-dsa-44" in listed


def test_the_answer_shows_no_share(homes: Path, tmp_path: Path) -> None:
    told = hub("key", "backup", "-o", str(tmp_path / "b"), "--shares", "2", "--threshold", "2", "--json")
    document = json_of(told)
    words = (tmp_path / "b" / "share-1-of-2.txt").read_text().split("-----")[2].split()
    assert document["checksum"] in (tmp_path / "b" / "inventory.txt").read_text()
    assert words[1] + " " + words[3] not in told.output
    assert document["not_in_it"] == []


def test_shares_can_be_shown_one_at_a_time_and_are_not_written(homes: Path, tmp_path: Path) -> None:
    told = hub(
        "key",
        "backup",
        "-o",
        str(tmp_path / "b"),
        "--shares",
        "3",
        "--threshold",
        "2",
        "--show",
        typed="\n\n\n",
    )
    assert told.exit_code == 0, told.output
    assert told.stderr.count("BEGIN SHARE") == 3
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["inventory.txt", "kz-knb.keys"]


def test_a_check_changes_nothing(homes: Path, tmp_path: Path) -> None:
    home = homes / "kz-knb"
    backup = backed_up(tmp_path / "backup", home)
    before = {path.name: path.read_bytes() for path in (home / "keys").iterdir()}
    told = json_of(
        hub("key", "restore", str(backup), "--check", *pages(tmp_path / "backup", 2, 3, 4), "--json")
    )
    assert (told["restored"], told["keys"]) == (False, 11)
    assert before == {path.name: path.read_bytes() for path in (home / "keys").iterdir()}


def test_keys_that_are_there_are_moved_aside_and_not_lost(homes: Path, tmp_path: Path) -> None:
    home = homes / "kz-knb"
    backup = backed_up(tmp_path / "backup", home)
    shares = pages(tmp_path / "backup", 1, 2, 3)
    refused(hub("key", "restore", str(backup), *shares), "home-exists")
    assert hub("key", "restore", str(backup), *shares, "--replace").exit_code == 0
    assert (home / "keys.before-1" / "store.json").exists()
    assert hub("log", "show").exit_code == 0


def test_wrong_foreign_and_too_few_shares_are_refused_with_a_code(homes: Path, tmp_path: Path) -> None:
    backup = backed_up(tmp_path / "one", homes / "kz-knb")
    backed_up(tmp_path / "other", homes / "kz-knb")
    two = pages(tmp_path / "one", 1, 2)
    refused(hub("key", "restore", str(backup), *two, "--replace"), "shares-too-few")
    foreign = hub("key", "restore", str(backup), *two, *pages(tmp_path / "other", 3), "--replace")
    refused(foreign, "share-foreign")
    spoilt = tmp_path / "spoilt.txt"
    spoilt.write_text((tmp_path / "one" / "share-3-of-5.txt").read_text().replace(" 1 ", " 1 not", 1))
    refused(hub("key", "restore", str(backup), *two, "--share", str(spoilt), "--replace"), "share-invalid")


def test_a_backup_of_another_agency_or_a_damaged_one_is_refused(homes: Path, tmp_path: Path) -> None:
    backup = backed_up(tmp_path / "backup", homes / "kz-knb")
    shares = pages(tmp_path / "backup", 1, 2, 3)
    elsewhere = str(homes / "cis-atc")
    refused(hub("key", "restore", str(backup), *shares, "--replace", "--home", elsewhere), "conflict")
    told = json.loads(backup.read_text())
    told["header"]["keys"].pop()
    backup.write_text(json.dumps(told))
    refused(hub("key", "restore", str(backup), *shares, "--replace"), "backup-invalid")


@pytest.mark.parametrize(
    "numbers",
    [("--shares", "2", "--threshold", "3"), ("--shares", "3", "--threshold", "3", *FOUR)],
)
def test_impossible_numbers_are_refused_before_anything_is_written(
    homes: Path, tmp_path: Path, numbers: tuple[str, ...]
) -> None:
    refused(hub("key", "backup", "-o", str(tmp_path / "b"), *numbers), "request-invalid")
    assert not (tmp_path / "b").exists()
    assert "keys-backed-up" not in steps(homes / "kz-knb")


def test_an_existing_folder_is_not_written_into(homes: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    refused(
        hub("key", "backup", "-o", str(tmp_path / "b"), "--shares", "2", "--threshold", "2"), "file-exists"
    )
    assert "keys-backed-up" not in steps(homes / "kz-knb")


def typed_at_a_terminal(words: list[str], lines: list[str]) -> tuple[int, str]:
    """Run a command at a terminal of its own, and type lines when it asks."""
    person, terminal = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", *words],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(terminal)
    os.write(person, "".join(f"{line}\n" for line in lines).encode())
    said, _ = done.communicate(timeout=120)
    os.close(person)
    return done.returncode, said.decode()


@pytest.mark.slow
def test_custodians_type_their_shares_and_a_slip_is_said_at_once(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "kz-knb"
    shutil.copytree(made / "kz-knb", home)
    backup = backed_up(tmp_path / "backup", home)
    shares = [read_share((tmp_path / "backup" / f"share-{n}-of-5.txt").read_text()) for n in (2, 4, 5)]
    slip = shares[1].replace(shares[1].split()[7], "zebra", 1)
    words = ["key", "restore", str(backup), "--check", "--home", str(home)]
    code, said = typed_at_a_terminal(words, [shares[0], slip, shares[1], shares[1], shares[2]])
    assert code == 0, said
    assert "a word is missing or was read wrongly" in said
    assert "Share 3 of 3" in said
    assert "open all 11 keys" in said.replace("\n", " ")
