"""Changes of keys in their store: each whole, each in order, each visible until it is logged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.errors import HubError, Refused
from keys.changes import KeyChanges
from keys.inventory import read_inventory, write_inventory
from keys.keyring import FileKeyring
from keys.purposes import Purpose
from tests.keys.stores import NOW, copied, opened

LATER = NOW + timedelta(days=1)
RECORDS = ("sign-es256", "sign-ml-dsa-65", "decrypt-p256", "decrypt-xwing", "token-es256")


@pytest.fixture
def keyring(tmp_path: Path) -> FileKeyring:
    return opened(copied(tmp_path))


@pytest.fixture
def changes(keyring: FileKeyring) -> KeyChanges:
    return KeyChanges(keyring)


def states(changes: KeyChanges, purpose: str) -> list[str]:
    return [key.state for key in changes.inventory() if key.purpose == purpose]


@pytest.mark.parametrize("purpose", RECORDS)
def test_a_next_key_is_made_once_and_takes_over(changes: KeyChanges, purpose: str) -> None:
    fresh = changes.make_next(purpose, at=LATER)
    assert changes.make_next(purpose, at=LATER).key_id == fresh.key_id
    assert states(changes, purpose) == ["current", "next"]
    assert changes.switch(purpose, at=LATER).key_id == fresh.key_id
    assert states(changes, purpose) == ["kept", "current"]


def test_a_switch_without_a_next_key_is_refused(changes: KeyChanges) -> None:
    with pytest.raises(Refused, match="not-found"):
        changes.switch("sign-es256", at=LATER)


def test_a_purpose_that_is_none_is_refused(changes: KeyChanges) -> None:
    with pytest.raises(Refused, match="request-invalid"):
        changes.make_next("sign-rsa", at=LATER)


def test_a_next_key_stands_on_the_card_behind_the_present_one(
    keyring: FileKeyring, changes: KeyChanges
) -> None:
    before = keyring.public()
    sign, seal = (changes.make_next(p, at=LATER) for p in ("sign-es256", "decrypt-xwing"))
    public = keyring.public()
    assert list(public.es256) == [*before.es256, sign.kid]
    assert public.encrypt_xwing == before.encrypt_xwing
    assert set(public.xwing) == {before.encrypt_xwing, seal.kid}


def test_pairs_of_before_can_still_sign_a_card(keyring: FileKeyring, changes: KeyChanges) -> None:
    first = keyring.signing()
    at = LATER
    for purpose in ("sign-es256", "sign-ml-dsa-65", "sign-es256"):
        changes.make_next(purpose, at=at)
        changes.switch(purpose, at=at)
        at += timedelta(days=1)
    now = keyring.signing()
    assert {now.es256_kid, now.mldsa65_kid}.isdisjoint({first.es256_kid, first.mldsa65_kid})
    known = keyring.signing_known([first.es256_kid, first.mldsa65_kid])
    assert known is not None
    assert (known.es256_kid, known.mldsa65_kid) == (first.es256_kid, first.mldsa65_kid)
    assert keyring.signing_known([*keyring.public().es256, *keyring.public().mldsa65]) is now
    assert keyring.signing_known([first.es256_kid, now.mldsa65_kid]) is None


def test_a_retired_key_is_gone_and_on_record(keyring: FileKeyring, changes: KeyChanges) -> None:
    old = next(key for key in changes.inventory() if key.purpose == "sign-es256")
    changes.make_next("sign-es256", at=LATER)
    changes.switch("sign-es256", at=LATER)
    ended = changes.retire(old.key_id, at=LATER)
    assert (ended.state, ended.destroyed_at) == ("retired", LATER)
    assert not (keyring.directory / f"sign-es256-{old.key_id}.sealed").exists()
    assert old.kid not in keyring.public().es256
    assert read_inventory(keyring.directory, agency="kz-knb").entry(old.key_id).public is not None


def test_a_current_key_is_not_retired(changes: KeyChanges) -> None:
    current = next(key for key in changes.inventory() if key.purpose == "sign-es256")
    with pytest.raises(Refused, match="transition-invalid"):
        changes.retire(current.key_id, at=LATER)


@pytest.mark.parametrize("purpose", RECORDS)
def test_a_compromised_key_is_replaced_at_once_and_its_next_one_with_it(
    keyring: FileKeyring, changes: KeyChanges, purpose: str
) -> None:
    old = next(key for key in changes.inventory() if key.purpose == purpose)
    following = changes.make_next(purpose, at=LATER)
    gone = changes.compromise(old.key_id, why="the disk was sold", at=LATER)
    assert (gone.state, gone.why) == ("compromised", "the disk was sold")
    assert states(changes, purpose) == ["compromised", "retired", "current"]
    public = keyring.public()
    on_card = {*public.es256, *public.mldsa65, *public.p256, *public.xwing}
    assert on_card.isdisjoint({old.kid, following.kid})
    assert keyring.signing_known([old.kid or "", *on_card]) is keyring.signing()


def test_what_was_sealed_to_a_compromised_key_still_opens(keyring: FileKeyring, changes: KeyChanges) -> None:
    old = keyring.public().encrypt_xwing
    key = next(key for key in changes.inventory() if key.kid == old)
    changes.compromise(key.key_id, why="seen by others", at=LATER)
    assert old in keyring.decryption().xwing
    assert keyring.public().encrypt_xwing != old


def test_a_compromised_signing_key_is_destroyed(keyring: FileKeyring, changes: KeyChanges) -> None:
    key = next(key for key in changes.inventory() if key.purpose == "sign-es256")
    changes.compromise(key.key_id, why="seen by others", at=LATER)
    assert not (keyring.directory / f"sign-es256-{key.key_id}.sealed").exists()


def test_a_step_shows_as_not_logged_until_it_is(changes: KeyChanges) -> None:
    assert all(key.logged for key in changes.inventory())
    fresh = changes.make_next("token-es256", at=LATER)
    assert [key.key_id for key in changes.inventory() if not key.logged] == [fresh.key_id]
    changes.note_logged([fresh])
    assert all(key.logged for key in changes.inventory())


def test_a_step_that_a_key_took_while_another_was_being_logged_is_not_logged_yet(changes: KeyChanges) -> None:
    made = changes.make_next("token-es256", at=LATER)
    changes.compromise(made.key_id, why="seen by others", at=LATER)  # by a custodian, meanwhile
    changes.note_logged([made])
    assert [key.state for key in changes.inventory() if not key.logged] == ["compromised"]


def test_what_a_crash_left_of_a_destroyed_key_goes_with_the_next_step(
    keyring: FileKeyring, changes: KeyChanges
) -> None:
    fresh = changes.make_next("token-es256", at=LATER)
    path = keyring.directory / f"token-es256-{fresh.key_id}.sealed"
    sealed = path.read_bytes()
    changes.retire(fresh.key_id, at=LATER)
    path.write_bytes(sealed)  # as if the process had ended before it removed the file
    path.chmod(0o600)
    changes.note_logged([])
    assert not path.exists()


def test_a_key_that_a_crash_left_without_an_entry_is_never_used(
    keyring: FileKeyring, changes: KeyChanges
) -> None:
    before = read_inventory(keyring.directory, agency="kz-knb")
    fresh = changes.make_next("sign-es256", at=LATER)
    write_inventory(keyring.directory, before)  # as if the process had ended before store.json
    keyring.look_again()
    assert fresh.kid not in keyring.public().es256
    assert changes.make_next("sign-es256", at=LATER).key_id != fresh.key_id


def test_a_store_of_format_1_gets_its_public_halves_with_the_first_change(
    keyring: FileKeyring, changes: KeyChanges
) -> None:
    from tests.keys.test_inventory import as_format_1

    as_format_1(keyring.directory)
    keyring.look_again()
    assert all(key.kid is None for key in changes.inventory())
    changes.make_next("sign-es256", at=LATER)
    without = {e.purpose for e in keyring.inventory().entries if e.public is None}
    assert without == {Purpose.MASTER}


@pytest.mark.parametrize("state", ["kept", "retired", "compromised"])
def test_old_token_keys_verify_until_they_are_retired(
    keyring: FileKeyring, changes: KeyChanges, state: str
) -> None:
    old = keyring.token_key().public_key()
    key_id = next(key.key_id for key in changes.inventory() if key.purpose == "token-es256")
    changes.make_next("token-es256", at=LATER)
    changes.switch("token-es256", at=LATER)
    if state == "retired":
        changes.retire(key_id, at=LATER)
    elif state == "compromised":
        changes.compromise(key_id, why="seen", at=LATER)
    assert (old in keyring.token_verifiers()) is (state == "kept")


def test_a_key_that_is_not_there_is_neither_retired_nor_given_up(changes: KeyChanges) -> None:
    for step in (
        lambda: changes.retire("01999999-0000-7000-8000-000000000000", at=LATER),
        lambda: changes.compromise("01999999-0000-7000-8000-000000000000", why="x", at=LATER),
    ):
        with pytest.raises(HubError, match="not-found"):
            step()
