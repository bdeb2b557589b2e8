"""The inventory: written whole, read strictly, and brought up from the format before it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import OurFault, Refused
from keys.algorithms import public_of
from keys.file_keys import FileKeys
from keys.inventory import Inventory, KeyEntry, read_inventory, write_inventory
from keys.keyring import FileKeyring
from keys.locks import changing
from keys.purposes import ALGORITHMS, Purpose
from keys.states import KeyState
from tests.keys.stores import NOW, UNLOCK, copied, opened

LATER = NOW + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return copied(tmp_path)


def inventory_of(store: Path) -> Inventory:
    return read_inventory(store, agency="kz-knb")


def as_format_1(store: Path) -> None:
    """Write store.json as hubs did before there was an inventory."""
    told = json.loads((store / "store.json").read_text())
    entries = inventory_of(store).entries
    told |= {"format": "hub-keys/1", "current": {e.purpose.value: e.file_name for e in entries}}
    del told["keys"]
    (store / "store.json").write_text(json.dumps(told))


def files_of(store: Path) -> FileKeys:
    return FileKeys(directory=store, sealer=opened(store).sealer)


def test_a_fresh_store_has_one_current_key_of_each_purpose(store: Path) -> None:
    entries = inventory_of(store).entries
    assert sorted(entry.purpose.value for entry in entries) == sorted(purpose.value for purpose in Purpose)
    assert {entry.state for entry in entries} == {KeyState.CURRENT}
    assert {entry.since for entry in entries} == {NOW}


def test_it_reads_back_as_it_was_written(store: Path) -> None:
    inventory = inventory_of(store)
    write_inventory(store, inventory)
    assert inventory_of(store) == inventory


def test_key_ids_are_those_that_envelopes_name(store: Path) -> None:
    inventory, keyring = inventory_of(store), opened(store)
    assert inventory.current(Purpose.SIGN_ES256).kid == keyring.signing().es256_kid
    assert inventory.current(Purpose.SIGN_ML_DSA_65).kid == keyring.signing().mldsa65_kid
    assert inventory.current(Purpose.DECRYPT_P256).kid == keyring.public().encrypt_p256
    assert inventory.current(Purpose.DECRYPT_XWING).kid == keyring.public().encrypt_xwing


def test_every_key_but_the_master_has_its_public_half_on_record(store: Path) -> None:
    without = {entry.purpose for entry in inventory_of(store).entries if entry.public is None}
    assert without == {Purpose.MASTER}


def test_a_store_of_format_1_opens_to_the_same_keys(store: Path) -> None:
    before = opened(store)
    as_format_1(store)
    after = opened(store)
    assert after.public().as_jwks() == before.public().as_jwks()
    assert after.master_key() == before.master_key()


def test_a_store_of_format_1_is_brought_up_at_the_first_change(store: Path) -> None:
    before = opened(store)
    as_format_1(store)
    write_inventory(store, inventory_of(store))
    assert json.loads((store / "store.json").read_text())["format"] == "hub-keys/2"
    assert opened(store).public().as_jwks() == before.public().as_jwks()


def test_a_key_that_format_1_no_longer_used_still_opens(store: Path) -> None:
    old = opened(store).public().encrypt_p256
    fresh = files_of(store).make(Purpose.DECRYPT_P256, at=NOW)
    as_format_1(store)
    told = json.loads((store / "store.json").read_text())
    told["current"][Purpose.DECRYPT_P256.value] = fresh.file_name
    (store / "store.json").write_text(json.dumps(told))
    after = opened(store)
    assert after.public().encrypt_p256 == fresh.kid
    assert set(after.decryption().p256) == {old, fresh.kid}
    assert [e.state for e in inventory_of(store).of(Purpose.DECRYPT_P256)] == [
        KeyState.KEPT,
        KeyState.CURRENT,
    ]


def test_a_file_of_format_1_with_an_impossible_name_is_refused(store: Path) -> None:
    as_format_1(store)
    (store / "master-0000.sealed").write_bytes(b"")
    (store / "master-0000.sealed").chmod(0o600)
    with pytest.raises(OurFault, match="key-store-invalid"):
        inventory_of(store)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "retired"},
        {"state": "gone"},
        {"purpose": "other"},
        {"where": "elsewhere"},
        {"id": "1"},
        {"made_at": "yesterday"},
        {"since": None},
        {"public": "=="},
        {"colour": "red"},
    ],
)
def test_a_key_that_is_told_wrongly_is_refused(store: Path, change: dict[str, Any]) -> None:
    told = json.loads((store / "store.json").read_text())
    told["keys"][0] |= change
    (store / "store.json").write_text(json.dumps(told))
    with pytest.raises(OurFault, match="key-store-invalid"):
        inventory_of(store)


def test_two_current_keys_or_two_of_one_id_are_refused(store: Path) -> None:
    inventory = inventory_of(store)
    twice = inventory.entries[0]
    for other in (replace(twice, key_id=files_of(store).make(twice.purpose, at=NOW).key_id), twice):
        with pytest.raises(ValueError, match="two"):
            replace(inventory, entries=(*inventory.entries, other))


def test_the_next_key_takes_over_and_the_one_before_is_kept(store: Path) -> None:
    inventory = inventory_of(store)
    old = inventory.current(Purpose.SIGN_ES256)
    fresh = files_of(store).make(Purpose.SIGN_ES256, at=NOW)
    switched = inventory.put(fresh).switched(Purpose.SIGN_ES256, LATER)
    assert switched.current(Purpose.SIGN_ES256).key_id == fresh.key_id
    kept = switched.entry(old.key_id)
    assert (kept.state, kept.since, kept.used_from, kept.used_until) == (KeyState.KEPT, LATER, NOW, LATER)
    assert switched.entry(fresh.key_id).used_from == LATER


def test_without_a_next_key_nothing_is_switched(store: Path) -> None:
    with pytest.raises(Refused, match="not-found"):
        inventory_of(store).switched(Purpose.SIGN_ES256, LATER)


def test_a_key_that_is_not_there_is_not_found(store: Path) -> None:
    with pytest.raises(Refused, match="not-found"):
        inventory_of(store).entry("01999999-0000-7000-8000-000000000000")


def test_a_retired_key_is_destroyed_and_its_public_half_stays(store: Path) -> None:
    files, inventory = files_of(store), inventory_of(store)
    fresh = files.make(Purpose.SIGN_ES256, at=NOW)
    retired = fresh.stepped(KeyState.RETIRED, LATER)
    write_inventory(store, inventory.put(retired))
    files.destroy(retired)
    files.destroy(retired)
    told = inventory_of(store).entry(fresh.key_id)
    assert (told.public, told.held, told.destroyed_at) == (fresh.public, False, LATER)
    with pytest.raises(OurFault, match="key-store-invalid"):
        files.load(told)
    assert fresh.kid not in opened(store).public().es256


@pytest.mark.parametrize("purpose", Purpose)
def test_a_file_store_makes_and_loads_keys_of_each_purpose(store: Path, purpose: Purpose) -> None:
    assert purpose in ALGORITHMS
    files = files_of(store)
    entry = files.make(purpose, at=NOW)
    assert entry.state is KeyState.NEXT
    assert public_of(ALGORITHMS[purpose], files.load(entry)) == entry.public


def test_a_key_in_a_store_that_is_not_configured_is_said(store: Path) -> None:
    inventory = inventory_of(store)
    told = inventory.current(Purpose.SIGN_ES256).as_document() | {"where": "token"}
    write_inventory(store, inventory.put(KeyEntry.load(told)))
    with pytest.raises(OurFault, match="token"):
        opened(store)


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def following(store: Path, clock: Hands) -> FileKeyring:
    keyring = opened(store)
    return FileKeyring(store, keyring.sealer, keyring.stores, monotonic_s=clock)


def test_an_open_keyring_follows_what_another_process_changes(store: Path) -> None:
    clock = Hands()
    keyring = following(store, clock)
    old = keyring.public().encrypt_p256
    fresh = files_of(store).make(Purpose.DECRYPT_P256, at=NOW)
    with changing(store):
        write_inventory(store, inventory_of(store).put(fresh).switched(Purpose.DECRYPT_P256, LATER))
    assert keyring.public().encrypt_p256 == old
    clock.at = 1.0
    assert keyring.public().encrypt_p256 == fresh.kid
    assert set(keyring.decryption().p256) == {old, fresh.kid}


def test_a_keyring_looks_at_once_when_it_is_told_to(store: Path) -> None:
    keyring = following(store, Hands())
    fresh = files_of(store).make(Purpose.TOKEN_ES256, at=NOW)
    write_inventory(store, inventory_of(store).put(fresh).switched(Purpose.TOKEN_ES256, LATER))
    keyring.look_again()
    assert keyring.inventory().current(Purpose.TOKEN_ES256).key_id == fresh.key_id


def test_a_store_that_can_no_longer_be_read_is_said_until_it_can(store: Path) -> None:
    clock = Hands()
    keyring = following(store, clock)
    good = (store / "store.json").read_bytes()
    (store / "store.json").write_bytes(b"{}")
    clock.at = 1.0
    for _ in range(2):
        with pytest.raises(OurFault, match="key-store-invalid"):
            keyring.signing()
    (store / "store.json").write_bytes(good)
    assert keyring.signing().es256_kid == inventory_of(store).current(Purpose.SIGN_ES256).kid


def test_changes_wait_for_one_another(store: Path) -> None:
    order: list[str] = []
    entered = threading.Event()

    def other() -> None:
        entered.set()
        with changing(store):
            order.append("other")

    with changing(store):
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


def test_an_inventory_shows_no_secret(store: Path) -> None:
    keyring = opened(store)
    assert UNLOCK not in (store / "store.json").read_bytes()
    assert "public" not in repr(keyring.inventory())
    assert "privates" not in repr(keyring)
