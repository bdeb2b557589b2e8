from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.entries import Body
from hub.envelope.vault import MasterKeys, body_key, lock, rewrap, unlock
from hub.errors import IntegrityFailure
from tests.amounts import examples

few = settings(max_examples=examples(60), deadline=None)

MASTER = MasterKeys(current=bytes(range(32)))


@few
@given(st.binary(max_size=300), st.text(min_size=1, max_size=40))
def test_a_body_comes_back(plaintext: bytes, body_id: str) -> None:
    body = lock(plaintext, body_id=body_id, master_key=MASTER)
    assert unlock(body, master_key=MASTER) == plaintext
    assert len(body.ciphertext) == len(plaintext) + 16


def test_each_body_has_a_key_of_its_own() -> None:
    first, second = (lock(b"same", body_id="a", master_key=MASTER) for _ in range(2))
    assert first.wrapped_key != second.wrapped_key
    assert first.ciphertext != second.ciphertext


def test_a_body_can_lie_under_a_key_that_came_with_it() -> None:
    key = bytes(range(32, 64))
    body = lock(b"sealed", body_id="a", master_key=MASTER, key=key)
    assert body_key(body, master_key=MASTER) == key
    assert unlock(body, master_key=MASTER) == b"sealed"


def test_an_erased_body_has_no_key() -> None:
    with pytest.raises(IntegrityFailure) as refused:
        body_key(replace(BODY, wrapped_key=b""), master_key=MASTER)
    assert refused.value.code == "decryption-failed"


BODY = lock(b"content", body_id="0195e9a0", master_key=MASTER)
OTHER = lock(b"other content", body_id="0195e9a1", master_key=MASTER)


@pytest.mark.parametrize(
    "body",
    [
        replace(BODY, body_id="0195e9a1"),
        replace(BODY, ciphertext=OTHER.ciphertext),
        replace(BODY, wrapped_key=OTHER.wrapped_key),
        replace(BODY, nonce=OTHER.nonce),
        replace(BODY, wrapped_key=b""),
        replace(BODY, nonce=b""),
        replace(BODY, ciphertext=b""),
    ],
    ids=["id", "ciphertext", "key", "nonce", "erased key", "no nonce", "no ciphertext"],
)
def test_a_changed_or_erased_body_does_not_open(body: Body) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        unlock(body, master_key=MASTER)
    assert refused.value.code == "decryption-failed"


def test_another_master_key_does_not_open() -> None:
    with pytest.raises(IntegrityFailure) as refused:
        unlock(BODY, master_key=MasterKeys(current=bytes(32)))
    assert refused.value.code == "decryption-failed"


def test_a_body_does_not_show_its_bytes() -> None:
    assert "wrapped_key" not in repr(BODY)


OLD, NEW = bytes(range(32)), bytes(range(1, 33))
BOTH = MasterKeys(current=NEW, kept=(OLD,))


def test_a_body_of_before_opens_beside_a_new_master_key() -> None:
    assert unlock(BODY, master_key=BOTH) == b"content"
    fresh = lock(b"new", body_id="b", master_key=BOTH)
    assert unlock(fresh, master_key=MasterKeys(current=NEW)) == b"new"
    with pytest.raises(IntegrityFailure):
        unlock(fresh, master_key=MASTER)


def test_a_key_that_was_wrapped_before_master_keys_had_names_opens() -> None:
    unnamed = replace(BODY, wrapped_key=BODY.wrapped_key[4:])
    assert len(unnamed.wrapped_key) == 40
    assert unlock(unnamed, master_key=MASTER) == b"content"
    assert unlock(unnamed, master_key=BOTH) == b"content"


@pytest.mark.parametrize("cut", [0, 4], ids=["named", "unnamed"])
def test_a_key_is_wrapped_anew_once(cut: int) -> None:
    fresh = rewrap(BODY.wrapped_key[cut:], body_id=BODY.body_id, master_key=BOTH)
    assert fresh is not None
    assert unlock(replace(BODY, wrapped_key=fresh), master_key=MasterKeys(current=NEW)) == b"content"
    assert rewrap(fresh, body_id=BODY.body_id, master_key=BOTH) is None


def test_a_key_that_no_master_key_opens_is_not_wrapped_anew() -> None:
    with pytest.raises(IntegrityFailure) as refused:
        rewrap(BODY.wrapped_key, body_id=BODY.body_id, master_key=MasterKeys(current=NEW))
    assert refused.value.code == "decryption-failed"


def test_master_keys_show_no_bytes_and_are_different_ones() -> None:
    assert str(NEW) not in repr(BOTH)
    with pytest.raises(ValueError, match="share a name"):
        MasterKeys(current=NEW, kept=(NEW,))
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKeys(current=b"short")
