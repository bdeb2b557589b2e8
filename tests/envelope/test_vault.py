from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.entries import Body
from hub.envelope.vault import body_key, lock, unlock
from hub.errors import IntegrityFailure
from tests.amounts import examples

few = settings(max_examples=examples(60), deadline=None)

MASTER = bytes(range(32))


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
        unlock(BODY, master_key=bytes(32))
    assert refused.value.code == "decryption-failed"


def test_a_body_does_not_show_its_bytes() -> None:
    assert "wrapped_key" not in repr(BODY)
