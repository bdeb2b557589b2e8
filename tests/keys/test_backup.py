"""A backup opens with enough of its shares to the very key store, and every change of it is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.errors import HubError
from keys.backup import Backup, make_backup, open_backup, read_backup
from keys.shares import ShareSet
from tests.keys.stores import NOW, UNLOCK, made

Made = tuple[Backup, ShareSet]


@pytest.fixture(scope="module")
def backup() -> Made:
    return make_backup(
        made(), agency="kz-knb", unlock=UNLOCK, config="agency = 'kz-knb'\n", shares=3, threshold=2, at=NOW
    )


def code(task: Callable[[], object]) -> str:
    with pytest.raises(HubError) as failed:
        task()
    return failed.value.code


def test_a_backup_holds_the_store_its_secret_and_its_configuration(backup: Made) -> None:
    one, shares = backup
    contents = open_backup(read_backup(one.as_bytes()), shares.shares[1:])
    there = {path.name: path.read_bytes() for path in made().iterdir() if path.suffix != ".lock"}
    assert contents.files == there
    assert (contents.unlock, contents.config) == (UNLOCK, "agency = 'kz-knb'\n")


def test_everybody_can_read_whose_it_is_and_which_keys_are_in_it(backup: Made) -> None:
    header = read_backup(backup[0].as_bytes()).header
    assert (header.agency, header.shares, header.threshold) == ("kz-knb", 3, 2)
    assert "master" in {one["purpose"] for one in header.keys}
    assert header.absent == ()


def test_nothing_secret_stands_in_the_file_or_in_what_is_printed(backup: Made) -> None:
    one, shares = backup
    raw = one.as_bytes()
    assert UNLOCK not in raw
    assert UNLOCK.hex().encode() not in raw
    contents = open_backup(one, shares.shares[:2])
    assert str(UNLOCK) not in repr(contents)
    assert repr(one.ciphertext) not in repr(one)


def test_too_few_and_foreign_shares_are_refused(backup: Made) -> None:
    one, shares = backup
    _other, foreign = make_backup(
        made(), agency="kz-knb", unlock=UNLOCK, config="", shares=3, threshold=2, at=NOW
    )
    assert code(lambda: open_backup(one, shares.shares[:1])) == "shares-too-few"
    assert code(lambda: open_backup(one, [shares.shares[0], foreign.shares[1]])) == "share-foreign"
    assert code(lambda: open_backup(one, foreign.shares)) == "share-foreign"


def changed(raw: bytes, change: Callable[[dict[str, Any]], object], *, sum_up: bool) -> bytes:
    told = json.loads(raw)
    change(told)
    if sum_up:  # whoever changes the file can compute its checksum anew
        told["checksum"] = _checksum(told)
    return json.dumps(told).encode()


def _checksum(told: dict[str, Any]) -> str:
    import hashlib

    from hub.envelope.canonical import canonical

    return hashlib.sha256(canonical({name: told[name] for name in told if name != "checksum"})).hexdigest()


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda told: told["header"].update(agency="kz-mvd"),
    lambda told: told["header"]["keys"].pop(),
    lambda told: told["header"].update(made_at="2020-01-01T00:00:00Z"),
    lambda told: told.update(nonce="AAAAAAAAAAAAAAAA"),
    lambda told: told.update(ciphertext="A" * len(told["ciphertext"])),
    lambda told: told.update(ciphertext=""),
]


@pytest.mark.parametrize("sum_up", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_backup_is_refused(
    backup: Made, change: Callable[[dict[str, Any]], object], sum_up: bool
) -> None:
    one, shares = backup
    raw = changed(one.as_bytes(), change, sum_up=sum_up)
    assert code(lambda: open_backup(read_backup(raw), shares.shares[:2])) == "backup-invalid"


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format": "hub-key-backup/2"}'])
def test_what_is_no_backup_is_refused(raw: bytes) -> None:
    assert code(lambda: read_backup(raw)) == "backup-invalid"


def test_a_file_that_is_too_large_is_refused() -> None:
    assert code(lambda: read_backup(b" " * (17 * 1024 * 1024))) == "backup-invalid"


def test_files_that_are_half_written_and_locks_stay_out(tmp_path: Path) -> None:
    from tests.keys.stores import copied

    store = copied(tmp_path)
    (store / "store.lock").touch(mode=0o600)
    (store / "directory").mkdir(mode=0o700)
    (store / "directory" / "root.sealed").write_bytes(b"sealed")
    (store / ".store.json.0a1b").write_bytes(b"half")
    (store / ".store.json.0a1b").chmod(0o600)
    one, shares = make_backup(store, agency="kz-knb", unlock=UNLOCK, config="", shares=2, threshold=2, at=NOW)
    names = set(open_backup(one, shares.shares).files)
    assert "directory/root.sealed" in names
    assert not names & {"store.lock", ".store.json.0a1b"}
    assert "store.json" in names
